"""Files that hold several episodes, packed from one part per episode.

Parts come first: a Parquet file or video that is still being added to is lost with its process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow.parquet as pq

Join = Callable[[Path, Sequence[int], Sequence[Path]], None]
"""Makes a file of parts; is given the file, the numbers of the episodes and their parts."""
CHUNK = 1000
"""Files in one folder."""


class PackedFiles:
    """The files of one kind: of the frames, or of one camera.

    Attributes:
        files: Number of the file of each episode.

    Args:
        folder: Of the files.
        parts: Folder of the parts.
        ending: Of the names of files and parts, such as '.mp4'.
        limit: A file is closed before it grows larger [bytes].
    """

    def __init__(self, folder: Path, parts: Path, ending: str, limit: int) -> None:
        self._folder, self._parts, self._ending, self._limit = folder, parts, ending, limit
        self.files: list[int] = []
        self._size = 0

    def part(self, number: int) -> Path:
        """Return where the part of an episode is written to."""
        return self._parts / f'episode_{number:06d}{self._ending}'

    def file(self, number: int) -> Path:
        """Return a packed file."""
        chunk, index = divmod(number, CHUNK)
        return self._folder / f'chunk-{chunk:03d}/file-{index:03d}{self._ending}'

    def next_file(self, size: int) -> int:
        """Return the file that a part of so many bytes goes to; a packed file is closed."""
        if not self.files:
            return 0
        closed = self._size + size > self._limit or self.file(self.files[-1]).exists()
        return self.files[-1] + closed

    def place(self, file: int, size: int) -> None:
        """Note that the next episode, a part of so many bytes, is in a file."""
        self._size = size + (self._size if self.files and self.files[-1] == file else 0)
        self.files.append(file)

    def pack(self, join: Join) -> None:
        """Make each file that is not there; remove the parts of those that are."""
        for file in sorted(set(self.files)):
            numbers = [number for number, each in enumerate(self.files) if each == file]
            parts = [self.part(number) for number in numbers]
            target = self.file(file)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                join(target, numbers, parts)
            for part in parts:
                part.unlink(missing_ok=True)


def join_tables(target: Path, numbers: Sequence[int], parts: Sequence[Path]) -> None:
    """Write the row groups of tables one after another, one in memory at a time."""
    partial = target.with_name(f'{target.name}.part')
    with pq.ParquetWriter(partial, pq.read_schema(parts[0])) as writer:
        for part in parts:
            with pq.ParquetFile(part) as table:
                for group in range(table.num_row_groups):
                    writer.write_table(table.read_row_group(group))
    partial.replace(target)
