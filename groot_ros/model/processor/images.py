"""How a camera image becomes a model image, as steps that any image library can execute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

Crop = tuple[float, float, float, float]
Size = tuple[int, int]
WHOLE: Crop = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class ImageStep:
    """Black borders, then a cut, then a resize that averages over the pixels that fall together.

    Attributes:
        border: Pixels to add at the left, top, right and bottom.
        crop: x, y, width, height of the part that is kept, as fractions of the bordered image.
        size: Width and height after resizing [px].
    """

    border: tuple[int, int, int, int]
    crop: Crop
    size: Size


@dataclass(frozen=True, slots=True)
class Part:
    """A rectangle of a camera image [px]; it reaches beyond the image where borders were added.

    Attributes:
        left: From the image's left edge.
        top: From its upper edge.
    """

    left: float
    top: float
    width: float
    height: float

    def cut(self, step: ImageStep, size: Size) -> Part:
        """Return what is left of this part by a step, for an image of it of a size [px]."""
        left, width = _cut_side(self.left, self.width, size[0], step.border[::2],
                                step.crop[::2])
        top, height = _cut_side(self.top, self.height, size[1], step.border[1::2],
                                step.crop[1::2])
        return Part(left, top, width, height)


class Recipe(Protocol):
    """Steps that depend on the size of the camera image."""

    def steps(self, width: int, height: int) -> tuple[ImageStep, ...]:
        """Return the steps for an image of this size [px], first to last."""


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """How a camera image becomes a model image.

    Attributes:
        crop: x, y, width, height of the part that is kept, as fractions of the image.
        size: Width and height after resizing [px]; of a square camera image where the recipe
            keeps the aspect ratio.
        recipe: The released processors' own steps; None where `crop` and `size` are all.
    """

    crop: Crop
    size: Size
    recipe: Recipe | None = None

    def steps(self, width: int, height: int) -> tuple[ImageStep, ...]:
        """Return the steps for a camera image of this size [px], first to last."""
        if self.recipe is None:
            return (ImageStep((0, 0, 0, 0), self.crop, self.size),)
        return self.recipe.steps(width, height)

    def output_size(self, width: int, height: int) -> Size:
        """Return width and height [px] that a camera image of this size ends up with."""
        return self.steps(width, height)[-1].size

    def seen_part(self, width: int, height: int) -> Part:
        """Return what a model image shows of a camera image of this size [px]."""
        part = Part(0.0, 0.0, width, height)
        size = width, height
        for step in self.steps(width, height):
            part = part.cut(step, size)
            size = step.size
        return part


@dataclass(frozen=True, slots=True)
class CentreCrop:
    """N1 and N1.5: cut out the middle, then resize.

    Attributes:
        fraction: Of width and height that is kept.
        size: Width and height after resizing [px].
    """

    fraction: float
    size: Size

    def steps(self, width: int, height: int) -> tuple[ImageStep, ...]:
        """Return one step. Source: torchvision's CenterCrop, which rounds the offset."""
        kept = int(width * self.fraction), int(height * self.fraction)
        left, top = round((width - kept[0]) / 2), round((height - kept[1]) / 2)
        return (ImageStep((0, 0, 0, 0), _fractions(left, top, kept, (width, height)), self.size),)


@dataclass(frozen=True, slots=True)
class ResizeCropResize:
    """N1.6 and N1.7: [pad to a square,] resize, cut out the middle, resize the same way again.

    Source: Isaac-GR00T 1852a8c, gr00t_n1d7/image_augmentations.py, evaluation transforms.

    Attributes:
        fraction: Of width and height that is kept between the two.
        size: Width and height of both results [px], or None:
        shortest_edge: the shorter side of both results [px]; the aspect ratio is kept.
        letter_box: Pad to a square first, with black at both sides.
    """

    fraction: float
    size: Size | None
    shortest_edge: int = 0
    letter_box: bool = False

    def steps(self, width: int, height: int) -> tuple[ImageStep, ...]:
        """Return the two resizes."""
        border = _square_border(width, height) if self.letter_box else (0, 0, 0, 0)
        first = self._resized(width + border[0] + border[2], height + border[1] + border[3])
        kept = max(1, int(first[0] * self.fraction)), max(1, int(first[1] * self.fraction))
        left, top = (first[0] - kept[0]) // 2, (first[1] - kept[1]) // 2
        return (ImageStep(border, WHOLE, first),
                ImageStep((0, 0, 0, 0), _fractions(left, top, kept, first), self._resized(*kept)))

    def _resized(self, width: int, height: int) -> Size:
        if self.size is not None:
            return self.size
        scale = self.shortest_edge / min(width, height)
        return round(width * scale), round(height * scale)


def _cut_side(start: float, length: float, pixels: int, borders: tuple[int, ...],
              crop: tuple[float, ...]) -> tuple[float, float]:
    """Return start and length of what a step keeps of one side that has so many pixels."""
    unit, whole = length / pixels, borders[0] + pixels + borders[1]
    first, last = round(crop[0] * whole), round((crop[0] + crop[1]) * whole)
    return start + (first - borders[0]) * unit, (last - first) * unit


def _square_border(width: int, height: int) -> tuple[int, int, int, int]:
    edge = max(width, height)
    across, down = edge - width, edge - height
    return across // 2, down // 2, across - across // 2, down - down // 2


def _fractions(left: int, top: int, kept: Size, of: Size) -> Crop:
    return left / of[0], top / of[1], kept[0] / of[0], kept[1] / of[1]
