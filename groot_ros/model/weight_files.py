"""The weight files of a checkpoint folder: one safetensors file, or shards with an index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from groot_ros.model.weight_headers import (
    COPY_AGAIN,
    INDEX,
    SINGLE,
    CheckpointError,
    read_index,
)

# safetensors' own names of what weights are stored in, and counters of batches.
FLOATS, INTEGERS = ('F32', 'BF16', 'F16'), ('I64',)


@dataclass(frozen=True, slots=True)
class WeightFiles:
    """Which file holds which weight; nothing is read before it is asked for.

    Attributes:
        origin: The file that lists the names, for messages.
        shards: File of each weight, by name.
    """

    origin: Path
    shards: dict[str, Path]

    @classmethod
    def find(cls, folder: Path) -> WeightFiles:
        """List the weights of a checkpoint folder.

        Raises:
            CheckpointError: If there are none, or their list is not readable.
        """
        if (folder / SINGLE).is_file():
            path = folder / SINGLE
            with _opened(path) as file:
                return cls(path, dict.fromkeys(file.keys(), path))
        if (folder / INDEX).is_file():
            return cls(folder / INDEX, read_index(folder / INDEX))
        raise CheckpointError(f'{folder}: no weights; a checkpoint folder holds {SINGLE}, or '
                              f'{INDEX} with its shards: {COPY_AGAIN}')

    def read(self, wanted: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
        """Yield weights by name, file by file; other weights' bytes are not read.

        Args:
            wanted: Tensors of the expected shape, of floats or integers; they may be on the meta
                device.

        Raises:
            CheckpointError: If a file is missing or truncated, or a weight has another shape or
                dtype.
        """
        for path in sorted({self.shards[name] for name in wanted}):
            names = [name for name in wanted if self.shards[name] == path]
            with _opened(path) as file:
                self._check_names(path, names, file.keys())
                for name in names:
                    _check(path, name, file.get_slice(name), wanted[name])
                    yield name, file.get_tensor(name)

    def _check_names(self, path: Path, names: list[str], held: Iterable[str]) -> None:
        for name in sorted(set(names) - set(held)):
            raise CheckpointError(f'{path}: {name} is missing, but {self.origin.name} says it is '
                                  f'in this file: {COPY_AGAIN}')
        for name in sorted(set(held) - self.shards.keys()):
            raise CheckpointError(f'{path}: {name} is not listed in {self.origin.name}: '
                                  f'{COPY_AGAIN}')


def _opened(path: Path) -> safe_open:
    if not path.is_file():
        raise CheckpointError(f'{path}: no such file: {COPY_AGAIN}')
    try:
        return safe_open(path, framework='pt', device='cpu')
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f'{path}: truncated or not a safetensors file ({error}): '
                              f'{COPY_AGAIN}') from error


def _check(path: Path, name: str, found: Any, wanted: Tensor) -> None:
    shape = tuple(found.get_shape())
    if shape != tuple(wanted.shape):
        raise CheckpointError(f'{path}: {name}: expected shape {tuple(wanted.shape)}, as '
                              f'config.json says, got {shape}: {COPY_AGAIN}')
    allowed = FLOATS if wanted.is_floating_point() else INTEGERS
    if found.get_dtype() not in allowed:
        raise CheckpointError(f'{path}: {name}: expected dtype {" or ".join(allowed)}, got '
                              f'{found.get_dtype()}: save the weights unquantised')
