"""Image preparation from a processor_config.json."""

from __future__ import annotations

from groot_ros.model.processor.images import WHOLE, ImageSpec, ResizeCropResize
from groot_ros.model.processor.sidecars import Section


def image_spec(settings: Section) -> ImageSpec:
    """Return the preparation that `processor_kwargs` describe.

    Our own policies write `image_crop` (fractions) and `image_target_size` as width, height; the
    released ones write sizes as height, width.

    Raises:
        ProcessorError: If the keys are incomplete or out of range.
    """
    if 'image_crop' in settings.values:
        return ImageSpec(_crop(settings), _pair(settings, 'image_target_size'))
    keep_aspect = settings.flag('use_albumentations', False)
    # Defaults of the released class, for files older than these keys.
    edge = settings.values.get('shortest_image_edge', 256) if keep_aspect else None
    size = None if edge is not None else _pair(settings, 'image_target_size')[::-1]
    fraction = _fraction(settings, keep_aspect)
    recipe = ResizeCropResize(fraction, size, settings.integer('shortest_image_edge', 256)
                              if size is None else 0, settings.flag('letter_box_transform', False))
    margin = (1.0 - fraction) / 2.0
    square = size or (recipe.shortest_edge, recipe.shortest_edge)
    return ImageSpec((margin, margin, fraction, fraction), square, recipe)


def _fraction(settings: Section, may_be_given: bool) -> float:
    if may_be_given and settings.values.get('crop_fraction', 0.95) is not None:
        key, fraction = 'crop_fraction', settings.number('crop_fraction', 0.95)
    else:
        key = 'image_crop_size'
        fraction = _pair(settings, key)[0] / _pair(settings, 'image_target_size')[0]
    if fraction > 1.0:
        raise settings.error(key, f'expected a part of the image, got {fraction:.3g} times its '
                             'size')
    return fraction


def _pair(settings: Section, key: str) -> tuple[int, int]:
    values = settings.integers(key)
    if len(values) != 2 or min(values) < 1:
        raise settings.error(key, f'expected two sizes in pixels, got {values}')
    return values[0], values[1]


def _crop(settings: Section) -> tuple[float, float, float, float]:
    values = settings.value('image_crop')
    if not isinstance(values, list) or len(values) != 4 or not all(
            isinstance(value, int | float) for value in values):
        raise settings.error('image_crop', f'expected x, y, width, height as fractions, got '
                             f'{values}')
    x, y, width, height = (float(value) for value in values)
    right, bottom = WHOLE[2] + 1e-9, WHOLE[3] + 1e-9
    if min(x, y) < 0 or min(width, height) <= 0 or x + width > right or y + height > bottom:
        raise settings.error('image_crop', f'expected a part of the image, got {values}')
    return x, y, width, height
