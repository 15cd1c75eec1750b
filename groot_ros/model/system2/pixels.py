"""Camera images to what the vision towers of the released backbones read."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groot_ros.model.released_backbone import ReleasedBackboneConfig
from groot_ros.model.system2.released import UNSUPPORTED, BackboneError

# Patches on each side of the block that becomes one token (N1.6).
NAFLEX_BLOCK = 2
# Least and most pixels of an image: Eagle-3's processor and Qwen3-VL's.
NAFLEX_PIXELS = (4 * 28 * 28, 4096 * 28 * 28)
QWEN_PIXELS = (256 * 256, 4096 * 4096)


class PreparedImages(NamedTuple):
    """Images of one prompt.

    Attributes:
        pixel_values: See `BackboneInputs`.
        patch_grid: See `BackboneInputs`.
        tokens: Tokens that each image becomes.
    """

    pixel_values: Tensor
    patch_grid: Tensor | None
    tokens: tuple[int, ...]


def prepare_images(config: ReleasedBackboneConfig,
                   images: Sequence[NDArray[np.uint8]]) -> PreparedImages:
    """Resize to whole patches, scale to [-1, 1] (mean = std = 0.5) and cut into patches.

    Args:
        config: Says which tower, and its patch and image sizes [px].
        images: RGB, each of shape (height, width, 3), as the checkpoint's processor returns
            them; for every time step, every view.

    Raises:
        BackboneError: If there is no image, or one is not 8-bit RGB.
    """
    if config.kind not in _PREPARATIONS:
        raise BackboneError(UNSUPPORTED.get(config.kind, f'unknown backbone {config.kind!r}'))
    if not images:
        raise BackboneError('no image: the model attends to images, so it needs at least one '
                            'camera (modality_configs.*.video.modality_keys)')
    for index, image in enumerate(images):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise BackboneError(f'image {index}: expected uint8 (height, width, 3), got '
                                f'{image.dtype} {image.shape}')
    return _PREPARATIONS[config.kind](config, images)


def fit_size(height: int, width: int, factor: int, pixels: tuple[int, int]) -> tuple[int, int]:
    """Return the nearest height and width [px] that are multiples of `factor`.

    An image with fewer or more pixels than `pixels` allows is scaled into that range, with its
    aspect ratio kept. Source: the resize rule of the Qwen-VL processors.
    """
    least, most = pixels
    sides = [max(factor, round(side / factor) * factor) for side in (height, width)]
    if math.prod(sides) > most:
        scale = math.sqrt(height * width / most)
        sides = [max(factor, math.floor(side / scale / factor) * factor)
                 for side in (height, width)]
    elif math.prod(sides) < least:
        scale = math.sqrt(least / (height * width))
        sides = [math.ceil(side * scale / factor) * factor for side in (height, width)]
    return sides[0], sides[1]


def cut_patches(image: Tensor, patch_size: int) -> Tensor:
    """Cut an image (channels, height, width) into patches, row by row.

    Returns:
        Shape (rows, columns, channels, patch_size, patch_size).
    """
    rows = image.unflatten(2, (-1, patch_size)).unflatten(1, (-1, patch_size))
    return rows.permute(1, 3, 0, 2, 4)


def _prepare_siglip(config: ReleasedBackboneConfig,
                    images: Sequence[NDArray[np.uint8]]) -> PreparedImages:
    edge = config.vision['image_size']
    pixels = torch.stack([_resize(image, (edge, edge)) for image in images])
    tokens = (edge // config.vision['patch_size']) ** 2
    return PreparedImages(pixels, None, (tokens,) * len(images))


def _prepare_naflex(config: ReleasedBackboneConfig,
                    images: Sequence[NDArray[np.uint8]]) -> PreparedImages:
    size = config.vision['patch_size']
    # The tower's linear embedding reads each patch with its channels last.
    patches = [cut_patches(image, size).permute(0, 1, 3, 4, 2)
               for image in _resize_all(images, size * NAFLEX_BLOCK, NAFLEX_PIXELS)]
    return _collect(patches, [item.flatten(2).flatten(0, 1) for item in patches], NAFLEX_BLOCK)


def _prepare_qwen(config: ReleasedBackboneConfig,
                  images: Sequence[NDArray[np.uint8]]) -> PreparedImages:
    size, merge = config.vision['patch_size'], config.vision['spatial_merge_size']
    patches = [cut_patches(image, size)
               for image in _resize_all(images, size * merge, QWEN_PIXELS)]
    frames = config.vision['temporal_patch_size']
    return _collect(patches, [_qwen_order(item, merge, frames) for item in patches], merge)


def _qwen_order(patches: Tensor, merge: int, frames: int) -> Tensor:
    """Order patches (rows, columns, channels, size, size) so that merged blocks are contiguous.

    Returns:
        Shape (patches, channels * frames * size * size): a still is a film of equal `frames`.
    """
    blocks = patches.unflatten(1, (-1, merge)).unflatten(0, (-1, merge)).transpose(1, 2)
    film = blocks.flatten(0, 3)[:, :, None].expand(-1, -1, frames, -1, -1)
    return film.flatten(1)


def _collect(patches: Sequence[Tensor], values: Sequence[Tensor], block: int) -> PreparedImages:
    grid = torch.tensor([item.shape[:2] for item in patches])
    tokens = (grid.prod(1) // block ** 2).tolist()
    return PreparedImages(torch.cat(list(values)), grid, tuple(tokens))


def _resize_all(images: Sequence[NDArray[np.uint8]], factor: int,
                pixels: tuple[int, int]) -> list[Tensor]:
    return [_resize(image, fit_size(image.shape[0], image.shape[1], factor, pixels))
            for image in images]


def _resize(image: NDArray[np.uint8], size: tuple[int, int]) -> Tensor:
    """Return the image in [-1, 1], shape (3, *size), resized bicubically where needed."""
    pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)
    if pixels.shape[1:] != size:
        # On 8 bits, as the processors do it: a resize of floats overshoots at edges.
        pixels = torch.nn.functional.interpolate(pixels[None], size, mode='bicubic',
                                                 antialias=True)[0]
    return pixels.float() / 127.5 - 1


_PREPARATIONS: dict[str, Callable[
    [ReleasedBackboneConfig, Sequence[NDArray[np.uint8]]], PreparedImages]] = {
        'eagle2_5': _prepare_siglip, 'eagle3': _prepare_naflex, 'qwen3_vl': _prepare_qwen}
