"""What topics, services and actions mean: meanings.yaml, held against what the nodes have."""

from __future__ import annotations

from pathlib import Path

import yaml

FILE = Path(__file__).with_name('meanings.yaml')


class MeaningError(ValueError):
    """meanings.yaml and the nodes do not name the same things."""


class Meanings:
    """The sentences of meanings.yaml, by family (topics, services, actions) and name."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, str]] = yaml.safe_load(FILE.read_text())
        self._asked: set[tuple[str, str]] = set()

    def of(self, family: str, name: str) -> str:
        """Return what something is; `check` tells afterwards if it was not known."""
        self._asked.add((family, name))
        return self._known[family].get(name, '')

    def check(self) -> None:
        """Hold what was asked for against what is known.

        Raises:
            MeaningError: If they differ.
        """
        known = {(family, name) for family, names in self._known.items() for name in names}
        if missing := self._asked - known:
            raise MeaningError(f'{FILE}: say what these are: {_listed(missing)}')
        if unused := known - self._asked:
            raise MeaningError(f'{FILE}: no node has these, remove them: {_listed(unused)}')


def _listed(names: set[tuple[str, str]]) -> str:
    return ', '.join(f'{family}/{name}' for family, name in sorted(names))
