"""A file of JSON records, one a line, that only grows and may be cut off at any byte."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groot_ros.data.datasets.errors import DatasetError


class JsonLines:
    """Records on disk; half a record, left by a process that was killed, is removed.

    There is no line end after the last record: some readers take it for an empty record.

    Attributes:
        records: Every record of the file.

    Args:
        file: Made with the first record.

    Raises:
        DatasetError: If a line before the last one is no record.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        lines = file.read_bytes().split(b'\n') if file.is_file() else []
        self.records: list[dict[str, Any]] = []
        for number, line in enumerate(lines):
            try:
                record = json.loads(line)
            except ValueError:  # cut within a character, too
                if number < len(lines) - 1:
                    raise DatasetError(f'{file}:{number + 1} is no JSON: it was changed by '
                                       'hand or damaged, mend it') from None
                break
            self.records.append(record)
        if len(lines) > len(self.records):
            self._rewrite()

    def append(self, record: Mapping[str, Any]) -> None:
        """Add a record; it is on the disk when this returns."""
        start = '\n' if self.records else ''
        with self._file.open('a', encoding='utf-8') as file:
            file.write(start + _line(record))
            file.flush()
            os.fsync(file.fileno())
        self.records.append(dict(record))

    def keep(self, count: int) -> None:
        """Remove all records but the first `count`."""
        if len(self.records) > count:
            del self.records[count:]
            self._rewrite()

    def _rewrite(self) -> None:
        part = self._file.with_name(f'{self._file.name}.part')
        part.write_text('\n'.join(map(_line, self.records)), encoding='utf-8')
        part.replace(self._file)


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False)
