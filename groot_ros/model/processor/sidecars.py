"""JSON files beside the weights, read with errors that name the file and the key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groot_ros.model.processor.errors import ProcessorError
from groot_ros.model.weight_headers import COPY_AGAIN

PROCESSOR_CONFIG = 'processor_config.json'
STATISTICS = 'statistics.json'
EMBODIMENT_IDS = 'embodiment_id.json'
METADATA = Path('experiment_cfg', 'metadata.json')


def find_processor_folder(checkpoint: Path) -> Path | None:
    """Return where processor_config.json is: the checkpoint or its processor/, None if nowhere."""
    for folder in (checkpoint, checkpoint / 'processor'):
        if (folder / PROCESSOR_CONFIG).is_file():
            return folder
    return None


def find_embodiment_ids(checkpoint: Path) -> Path | None:
    """Return the embodiment_id.json of a checkpoint, None if it has none."""
    for folder in (checkpoint, checkpoint / 'processor'):
        if (folder / EMBODIMENT_IDS).is_file():
            return folder / EMBODIMENT_IDS
    return None


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping in a JSON file that knows its file, its key path and what to do if it is wrong.

    Attributes:
        remedy: Way out, the end of every error.
    """

    file: Path
    path: str
    values: Mapping[str, Any]
    remedy: str = COPY_AGAIN

    @classmethod
    def from_file(cls, file: Path, remedy: str = COPY_AGAIN) -> Section:
        """Read a JSON file that holds keys and values.

        Raises:
            ProcessorError: If there is no such file or it holds something else.
        """
        try:
            values = json.loads(file.read_text(encoding='utf-8'))
        except FileNotFoundError:
            raise ProcessorError(
                f'{file}: no such file; a checkpoint has {PROCESSOR_CONFIG}, {STATISTICS} and '
                f'{EMBODIMENT_IDS} (here or in processor/) or, N1 and N1.5, {METADATA}') from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ProcessorError(f'{file}: expected JSON, got {error}: {remedy}') from error
        if not isinstance(values, dict):
            raise ProcessorError(
                f'{file}: expected keys and values, got {_short(values)}: {remedy}')
        return cls(file, '', values, remedy)

    def at(self, key: str) -> str:
        """Return the path of a key in this section."""
        return f'{self.path}.{key}' if self.path else key

    def error(self, key: str, problem: str, remedy: str = '') -> ProcessorError:
        """Return the error that names the file and a key of this section."""
        return ProcessorError(
            f'{self.file}: {self.at(key)}: {problem}: {remedy or self.remedy}')

    def value(self, key: str) -> Any:
        """Return what stands under a key.

        Raises:
            ProcessorError: If the key is missing, naming those that are there.
        """
        if key not in self.values:
            there = ', '.join(map(str, self.values)) or 'none'
            raise self.error(key, f'expected this key, got {there}')
        return self.values[key]

    def section(self, key: str) -> Section:
        """Return the mapping under a key."""
        value = self.value(key)
        if not isinstance(value, Mapping):
            raise self.error(key, f'expected keys and values, got {_short(value)}')
        return self._inner(key, value)

    def optional_section(self, key: str) -> Section:
        """Return the mapping under a key; an empty one if the key is missing or null."""
        if self.values.get(key) is None:
            return self._inner(key, {})
        return self.section(key)

    def _inner(self, key: str, values: Mapping[str, Any]) -> Section:
        return Section(self.file, self.at(key), values, self.remedy)

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of different names, at least one."""
        value = self.value(key)
        if not _are(value, str) or not value:
            raise self.error(key, f'expected a list of names, got {_short(value)}')
        if twice := [name for name in value if value.count(name) > 1]:
            raise self.error(key, f'{twice[0]!r} appears twice: each may appear once')
        return tuple(value)

    def optional_names(self, key: str) -> tuple[str, ...]:
        """Return a list of names; empty if the key is missing, null or an empty list."""
        return self.names(key) if self.values.get(key) else ()

    def integers(self, key: str, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """Return a list of integers, at least one."""
        if default is not None and self.values.get(key) is None:
            return default
        value = self.value(key)
        if not _are(value, int) or not value:
            raise self.error(key, f'expected a list of integers, got {_short(value)}')
        return tuple(value)

    def number(self, key: str, default: float | None = None) -> float:
        """Return a positive number."""
        value = self.value(key) if default is None else self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise self.error(key, f'expected a number above 0, got {_short(value)}')
        return float(value)

    def integer(self, key: str, default: int | None = None) -> int:
        """Return a positive integer."""
        value = self.value(key) if default is None else self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self.error(key, f'expected an integer above 0, got {_short(value)}')
        return value

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false; `default` if the key is missing or null."""
        value = self.values.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.error(key, f'expected true or false, got {_short(value)}')
        return value

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        """Return one of the allowed names, written in any case; `default` if missing or null."""
        value = self.values.get(key)
        if value is None:
            return default
        name = str(value).upper()
        if name not in allowed:
            raise self.error(key, f'expected one of {", ".join(allowed)}, got {_short(value)}')
        return name


def _are(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, kind) and not isinstance(item, bool) for item in value)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'
