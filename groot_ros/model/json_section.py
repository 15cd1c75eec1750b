"""Reads the keys of a JSON object and says which file and key is missing or wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groot_ros.model.weight_headers import COPY_AGAIN


class ConfigError(ValueError):
    """A config.json that does not describe a model this package can build."""


_REQUIRED: Any = object()


@dataclass(frozen=True, slots=True)
class JsonSection:
    """One object of a JSON file.

    Attributes:
        where: The file and the path of keys down to this object, for messages.
        values: What the object holds.
    """

    where: str
    values: dict[str, Any]

    @classmethod
    def from_file(cls, path: Path) -> JsonSection:
        """Read a file whose top level is an object.

        Raises:
            ConfigError: If the file is missing, is not JSON, or holds something else.
        """
        try:
            values = json.loads(path.read_text())
        except FileNotFoundError:
            raise ConfigError(f'{path}: no such file; a checkpoint folder holds a {path.name}: '
                              f'{COPY_AGAIN}') from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f'{path}: expected JSON, got {error}: {COPY_AGAIN}') from error
        if not isinstance(values, dict):
            raise ConfigError(f'{path}: expected an object, got {type(values).__name__}: '
                              f'{COPY_AGAIN}')
        return cls(str(path), values)

    def integer(self, key: str, default: int = _REQUIRED, at_least: int = 1) -> int:
        """Return a whole number that is `at_least`."""
        value = self._value(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
            raise self._wrong(key, f'a whole number of at least {at_least}', value)
        return value

    def number(self, key: str, default: float = _REQUIRED) -> float:
        """Return a number that is not negative."""
        value = self._value(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            raise self._wrong(key, 'a number of at least 0', value)
        return float(value)

    def flag(self, key: str, default: bool = _REQUIRED) -> bool:
        """Return true or false."""
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, 'true or false', value)
        return value

    def text(self, key: str) -> str:
        """Return a string."""
        value = self._value(key)
        if not isinstance(value, str):
            raise self._wrong(key, 'a string', value)
        return value

    def section(self, key: str) -> JsonSection:
        """Return an object inside this one."""
        value = self._value(key)
        if not isinstance(value, dict):
            raise self._wrong(key, 'an object', value)
        return JsonSection(f'{self.where}: {key}', value)

    def optional_section(self, key: str) -> JsonSection | None:
        """Return an object inside this one, or None where it is absent or null."""
        return None if self.values.get(key) is None else self.section(key)

    def expect(self, key: str, wanted: Any, default: Any = _REQUIRED) -> None:
        """Refuse a model of which this package has no implementation."""
        value = self._value(key, default)
        if value != wanted:
            raise ConfigError(f'{self.where}: {key} is {json.dumps(value)}, but this package '
                              f'implements {json.dumps(wanted)} only')

    def _value(self, key: str, default: Any = _REQUIRED) -> Any:
        if key in self.values:
            return self.values[key]
        if default is _REQUIRED:
            raise ConfigError(f'{self.where}: {key} is missing: {COPY_AGAIN}')
        return default

    def _wrong(self, key: str, wanted: str, found: Any) -> ConfigError:
        return ConfigError(f'{self.where}: {key} must be {wanted}, got {json.dumps(found)}: '
                           f'{COPY_AGAIN}')
