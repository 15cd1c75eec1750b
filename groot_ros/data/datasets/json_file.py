"""A file of JSON that is whole or the former one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write_json(file: Path, values: Any) -> None:
    """Write a file of JSON, for people too."""
    part = file.with_name(f'{file.name}.part')
    part.write_text(json.dumps(values, indent=4, ensure_ascii=False), encoding='utf-8')
    part.replace(file)
