"""Cached set-up results: folders named by the hash of what they were made from.

A layer is built under a name that ends in `.part` and renamed when it is complete, so a
folder without that ending is always whole. A lock file makes a second run wait.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

UNUSED_DAYS = 30
STARTED = time.monotonic()


class SetupError(RuntimeError):
    """A set-up step that cannot go on; the message says what the user can do."""


def say(text: str) -> None:
    """Print one progress line with the time since the start to standard error."""
    print(f'[set-up {time.monotonic() - STARTED:5.1f} s] {text}', file=sys.stderr, flush=True)


def cache_folder() -> Path:
    """Return the folder that holds every layer."""
    chosen = os.environ.get('GROOT_ROS_CACHE')
    if chosen:
        return Path(chosen).expanduser().resolve()
    parent = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(parent) / 'groot_ros'


def content_key(files: Iterable[Path], *facts: str) -> str:
    """Return 16 hexadecimal digits that change with any file's name or content or any fact."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.name.encode() + b'\0' + hashlib.sha256(file.read_bytes()).digest())
    for fact in facts:
        digest.update(fact.encode() + b'\0')
    return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Layer:
    """One cached folder.

    Attributes:
        name: What it holds, for people.
        key: Hash of everything it is made from.
        build: Fills the folder it is given; its second argument is the folder's final path.
    """

    name: str
    key: str
    build: Callable[[Path, Path], None]

    @property
    def path(self) -> Path:
        """Where the finished layer lies."""
        return cache_folder() / f'{self.name}-{self.key}'

    def ready(self) -> Path:
        """Return the layer's path, building it first when it is not there."""
        if not self.path.is_dir():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with locked(self.path.with_name(f'{self.path.name}.lock'), self.name):
                self._build_unless_present()
                self._remove_unused()
        os.utime(self.path)
        return self.path

    def _build_unless_present(self) -> None:
        if self.path.is_dir():
            return
        part = self.path.with_name(f'{self.path.name}.part')
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        say(f'{self.name}: started')
        self.build(part, self.path)
        part.rename(self.path)
        say(f'{self.name}: done')

    def _remove_unused(self) -> None:
        """Remove layers of the same name that nobody asked for in `UNUSED_DAYS` days."""
        oldest = time.time() - UNUSED_DAYS * 86400
        for folder in self.path.parent.glob(f'{self.name}-{"[0-9a-f]" * 16}'):
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def locked(file: Path, name: str) -> Iterator[None]:
    """Hold `file` locked; the system frees it when the process ends, however it ends."""
    with file.open('w') as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f'{name}: being set up by another run, waiting for it')
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
