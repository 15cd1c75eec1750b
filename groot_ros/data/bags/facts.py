"""What a recording is of: kept beside the messages from the first moment on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from groot_ros.data.bags.errors import BagError, one_line

FACTS_FILE = 'facts.yaml'
"""In the bag's folder; a recording that is cut off has it, but no metadata.yaml yet."""


def write_facts(bag: Path, facts: Mapping[str, str]) -> None:
    """Write the facts of a bag beside it; the file is whole or it is the former one."""
    part = bag / f'{FACTS_FILE}.part'
    part.write_text(yaml.safe_dump(dict(facts), sort_keys=False, allow_unicode=True))
    part.replace(bag / FACTS_FILE)


def read_facts(bag: Path) -> dict[str, str]:
    """Return the facts of a bag by name; a bag of another recorder has none.

    Raises:
        BagError: If the file is damaged.
    """
    file = bag / FACTS_FILE
    if not file.is_file():
        return {}
    try:
        facts = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BagError(f'{file} is no YAML ({one_line(error)}): remove it or mend it') from None
    if not isinstance(facts, dict):
        raise BagError(f'{file} must hold names with text, got {type(facts).__name__}')
    for name, value in facts.items():
        if isinstance(value, dict | list):
            raise BagError(f'{file}: {name} must be text, got {type(value).__name__}: mend it')
    return {str(name): str(value) for name, value in facts.items()}
