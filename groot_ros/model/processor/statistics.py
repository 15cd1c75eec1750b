"""Statistics of one joint group, refused where no group can have them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from groot_ros.model.processor.sidecars import Section

FloatArray = NDArray[np.float64]
REMEDY = 'take the statistics that were saved with this checkpoint or compute them again'


def read_statistics(group: Section, *keys: str, rows: int | None = None) -> list[FloatArray]:
    """Return the statistics of a group under the given keys, all of one shape.

    Args:
        group: The statistics of one group: `min`, `max`, `mean`, `std`, `q01`, `q99`.
        keys: Those that are needed.
        rows: Action horizon, for statistics of each row of the chunk; None for one row of all.

    Returns:
        For each key shape (dim,), or (rows, dim).

    Raises:
        ProcessorError: If one is missing, is not finite, or has another shape.
    """
    arrays = [_read(group, key) for key in keys]
    for key, array in zip(keys, arrays, strict=True):
        wanted_axes = 1 if rows is None else 2
        if array.ndim != wanted_axes or array.size == 0:
            raise group.error(key, f'expected {wanted_axes} axes and at least one number, got '
                              f'shape {array.shape}')
        if rows is not None and len(array) != rows:
            raise group.error(
                key, f'expected {rows} rows, one for each of action.delta_indices, got '
                f'{len(array)}')
        if array.shape != arrays[0].shape:
            raise group.error(key, f'expected shape {arrays[0].shape} like {keys[0]}, got '
                              f'{array.shape}')
    return arrays


def _read(group: Section, key: str) -> FloatArray:
    value = group.value(key)
    try:
        array = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise group.error(
            key, 'expected numbers, or rows of them of one length, got something else') from None
    if not np.isfinite(array).all():
        place = ', '.join(map(str, np.argwhere(~np.isfinite(array))[0]))
        raise group.error(key, f'expected finite numbers, got {array[~np.isfinite(array)][0]} at '
                          f'index {place}')
    return array
