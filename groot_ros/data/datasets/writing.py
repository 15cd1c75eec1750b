"""Where episodes go: one writer per format, all resumable."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from groot_ros.data.datasets.episode import Episode, Layout
from groot_ros.data.datasets.errors import DatasetError

FORMATS = ('lerobot-v3', 'gr00t', 'rlds')
CODECS = ('h264', 'av1', 'lossless')
BEGUN_FILE = 'meta/conversion.json'
"""Says what a folder was begun with; of every format, and written before anything else."""


@dataclass(frozen=True, slots=True)
class WriterOptions:
    """What may differ between two datasets of one format and layout.

    Attributes:
        codec: Of the videos: 'h264', 'av1', or 'lossless' (H.264 in RGB, several times larger).
        relative_groups: Action groups that a model takes as offsets from the state.
        action_horizon: Rows of the action chunk that statistics of those offsets are for.
    """

    codec: str = 'h264'
    relative_groups: tuple[str, ...] = ()
    action_horizon: int = 16


class DatasetWriter(Protocol):
    """Writes episodes to a folder.

    A writer that is made for a folder of an interrupted run keeps what is whole and removes
    what is half; episodes go on after the last whole one.

    Attributes:
        complete: Provenance of each episode that is whole, in order; one more after `add`.
    """

    complete: Sequence[Mapping[str, str]]

    def add(self, episode: Episode) -> None:
        """Write the next episode; it is whole when this returns, and not before."""

    def finish(self) -> None:
        """Write what needs all episodes: totals and statistics. May be called once more."""


def make_writer(
        format: str, folder: Path, layout: Layout, options: WriterOptions = WriterOptions()
) -> DatasetWriter:
    """Return a writer of a format ('lerobot-v3', 'gr00t' or 'rlds').

    Raises:
        DatasetError: If the folder holds something else than such a dataset begun alike, or it
            cannot be written with these options; then nothing is begun.
        ModuleNotFoundError: If a package that the format needs is missing.
    """
    _check_relative(layout, options)
    _begin(folder, {'format': format, 'layout': layout.to_dict(),
                    'options': json.loads(json.dumps(asdict(options)))})
    if format == 'gr00t':
        from groot_ros.data.datasets.gr00t import Gr00tWriter
        return Gr00tWriter(folder, layout, options)
    if format == 'lerobot-v3':
        from groot_ros.data.datasets.lerobot_v3 import LerobotV3Writer
        return LerobotV3Writer(folder, layout, options)
    if format == 'rlds':
        from groot_ros.data.datasets.rlds import RldsWriter
        return RldsWriter(folder, layout, options)
    raise DatasetError(f"format '{format}' is unknown: give one of {', '.join(FORMATS)}")


def _check_relative(layout: Layout, options: WriterOptions) -> None:
    for group in options.relative_groups:
        both = [name for name, joints in layout.action.items()
                if joints == layout.state.get(name)]
        if group not in both:
            raise DatasetError(f"relative group '{group}' must be a group of the action and of "
                               f'the state alike: {", ".join(both)} are')


def _begin(folder: Path, begun: Mapping[str, Any]) -> None:
    """Note what a folder is begun with, or check that it was begun alike.

    Raises:
        DatasetError: Naming the first value that differs.
    """
    file = folder / BEGUN_FILE
    part = file.with_suffix('.part')
    if file.is_file():
        _compare(folder, json.loads(file.read_text()), begun)
        return
    if folder.exists() and (not folder.is_dir() or any(
            each.is_file() and each != part for each in folder.rglob('*'))):
        raise DatasetError(f'{folder} exists and was not begun by bag_to_dataset (no '
                           f'{BEGUN_FILE}): nothing is overwritten, give another folder')
    file.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(json.dumps(begun, indent=2))
    part.replace(file)


def _compare(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    for name, old, new in differences(before, now):
        raise DatasetError(f'{folder} was begun with {name} {old}, now it is {new}: nothing is '
                           'overwritten, give another folder or the former options')


def differences(
        before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = ''
) -> Iterator[tuple[str, Any, Any]]:
    """Yield path, former and present value of all that differs between nested mappings."""
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name), now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            if list(old) != list(new):
                yield f'{prefix}{name}', list(old), list(new)
            yield from differences(old, new, f'{prefix}{name}.')
        elif old != new:
            yield f'{prefix}{name}', old, new
