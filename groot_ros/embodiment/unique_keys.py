"""YAML read strictly: a key given twice is refused, where YAML would keep the last one."""

from __future__ import annotations

from typing import Any

import yaml


class RepeatedKeyError(yaml.YAMLError):
    """A key that a mapping has twice.

    Attributes:
        key: As written.
        problem: Where it is given again, and what to do.
    """

    def __init__(self, key: str, line: int) -> None:
        """Keep the facts; `line` counts from 1."""
        self.key = key
        self.problem = f'given twice (line {line}): keep one'
        super().__init__(f'{key}: {self.problem}')


def load_yaml(text: str) -> Any:
    """Return the content of a YAML text.

    Raises:
        yaml.YAMLError: If it is no YAML.
        RepeatedKeyError: If a mapping has a key twice.
    """
    return yaml.load(text, Loader=_UniqueKeyLoader)


class _UniqueKeyLoader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # refused by the base class
            if key.value in seen:
                raise RepeatedKeyError(str(key.value), key.start_mark.line + 1)
            seen.add(key.value)
        return super().construct_mapping(node, deep)
