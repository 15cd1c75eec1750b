"""The weight files of a checkpoint folder: one safetensors file, or shards with an index."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

WEIGHTS = 'model.safetensors'
INDEX = 'model.safetensors.index.json'
# safetensors' own names of what weights are stored in, and counters of batches.
FLOATS, INTEGERS = ('F32', 'BF16', 'F16'), ('I64',)


class CheckpointError(ValueError):
    """A checkpoint whose weights do not belong to its configuration."""


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
        if (folder / WEIGHTS).is_file():
            path = folder / WEIGHTS
            with _opened(path) as file:
                return cls(path, dict.fromkeys(file.keys(), path))
        if (folder / INDEX).is_file():
            return cls(folder / INDEX, _read_index(folder / INDEX))
        raise CheckpointError(f'{folder}: no weights; a checkpoint folder holds {WEIGHTS}, or '
                              f'{INDEX} with its shards')

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
                                  'in this file')
        for name in sorted(set(held) - self.shards.keys()):
            raise CheckpointError(f'{path}: {name} is not listed in {self.origin.name}')


def _read_index(path: Path) -> dict[str, Path]:
    try:
        files = json.loads(path.read_text())['weight_map']
        return {name: path.parent / file for name, file in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f'{path}: expected an object whose weight_map gives the file of '
                              f'each weight ({type(error).__name__}: {error})') from error


def _opened(path: Path) -> safe_open:
    if not path.is_file():
        raise CheckpointError(f'{path}: no such file; copy the whole checkpoint folder again')
    try:
        return safe_open(path, framework='pt', device='cpu')
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f'{path}: truncated or not a safetensors file ({error}); copy it '
                              'again') from error


def _check(path: Path, name: str, found: Any, wanted: Tensor) -> None:
    shape = tuple(found.get_shape())
    if shape != tuple(wanted.shape):
        raise CheckpointError(f'{path}: {name} has shape {shape}, config.json says '
                              f'{tuple(wanted.shape)}')
    allowed = FLOATS if wanted.is_floating_point() else INTEGERS
    if found.get_dtype() not in allowed:
        raise CheckpointError(f'{path}: {name} has dtype {found.get_dtype()}; expected '
                              + ', '.join(allowed))
