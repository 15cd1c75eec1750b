"""`ros2 run groot_ros bag_to_dataset`: make a dataset of bags, or add more bags to it."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from groot_ros.data.datasets.annotations import Language, read_table
from groot_ros.data.datasets.command_errors import run_command
from groot_ros.data.datasets.converting import Conversion, Summary, convert
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.from_bag import Cutting
from groot_ros.data.datasets.synchronising import MATCHES
from groot_ros.data.datasets.writing import CODECS, FORMATS, WriterOptions

SOME_REFUSED, INTERRUPTED = 1, 130


class TerminalProgress:
    """A progress bar on the standard error, if that is a terminal.

    Args:
        bags: How many there are.
    """

    def __init__(self, bags: int) -> None:
        console = Console(stderr=True)
        self._bags, self._done = bags, 0
        self._bar = Bar(
            TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(),
            TimeRemainingColumn(), console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task('looking at the bags', total=None)

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Leave the bar as it is."""
        self._bar.stop()

    def start(self, bag: Path, pictures: int) -> None:
        """Begin a bag with so many pictures to write."""
        self._done += 1
        self._bar.reset(self._task, total=pictures,
                        description=f'{bag.name} ({self._done} of {self._bags}), images')

    def advance(self) -> None:
        """Count a picture that was written."""
        self._bar.advance(self._task)


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert; returns 0, 1 if some bags were refused, 2 if nothing could be done."""
    given = _parser().parse_args(arguments)
    try:
        return run_command('bag_to_dataset', lambda: _convert(given))
    except KeyboardInterrupt:
        print('bag_to_dataset: interrupted; the same command goes on from here',
              file=sys.stderr)
        return INTERRUPTED


def _convert(given: argparse.Namespace) -> int:
    with TerminalProgress(len(given.bags)) as progress:
        summary = convert(given.bags, _conversion(given), progress)
    print(json.dumps(summary.to_dict(), indent=2) if given.json else describe(summary))
    return SOME_REFUSED if summary.refused else 0


def describe(summary: Summary) -> str:
    """Return a summary as text: a line per bag, then what is missing in it."""
    lines = []
    for bag, found in summary.bags.items():
        lines.append(f'{bag}: {found["episodes"]} episodes, {found["frames"]} frames')
        lines += [f'  {span["start_s"]:9.2f} s to {span["end_s"]:9.2f} s skipped: '
                  f'{span["source"]}: {span["reason"]}' for span in found['skipped']]
        lines += [f'  {each["messages"]} messages of {each["topic"]} passed over: '
                  f'{each["reason"]}' for each in found['passed_over']]
    lines += [f'{bag}: REFUSED: {why}' for bag, why in summary.refused.items()]
    lines.append(f'{summary.folder}: {summary.episodes} episodes, {summary.frames} frames, '
                 f'{summary.kept} of the episodes from before')
    return '\n'.join(lines)


def _conversion(given: argparse.Namespace) -> Conversion:
    if given.relative and given.format != 'gr00t':
        raise DatasetError(f'{given.format} holds no statistics of relative actions: leave '
                           '--relative away, or take --format gr00t')
    language = Language(
        given.instruction, read_table(given.annotations) if given.annotations else {},
        tuple(given.tag))
    overrides = {'operator': given.operator, 'licence': given.licence}
    return Conversion(
        given.format, given.output, given.embodiment,
        Cutting(given.fps, given.match, given.max_gap_s, given.min_episode_s, given.namespace,
                language, overrides),
        WriterOptions(given.codec, tuple(given.relative), given.action_horizon))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='bag_to_dataset', description=__doc__)
    add = parser.add_argument
    add('bags', nargs='+', type=Path, metavar='BAG', help='folders of recordings')
    add('--output', type=Path, required=True,
        help='folder of the dataset; one that this command began is gone on with')
    add('--format', choices=FORMATS, default='lerobot-v3')
    add('--embodiment', default='',
        help='tag of the robot or path of its YAML file; what the bag names if absent')
    add('--namespace', help='of the robot in the bags, where they hold several robots')
    add('--fps', type=_positive, default=20.0, help='frames per second (20)')
    add('--match', choices=MATCHES, default='nearest',
        help='each frame takes the message nearest in time, or the newest before it')
    add('--max-gap-s', type=_positive, default=0.1,
        help='how far from its frame a message may lie; beyond that the episode is cut (0.1)')
    add('--min-episode-s', type=_positive, default=1.0, help='shorter pieces are dropped (1)')
    language = parser.add_mutually_exclusive_group()
    language.add_argument('--instruction', default='', help='what the robot was told, if the '
                          'bags do not say')
    language.add_argument('--annotations', type=Path, help='CSV: bag, start_s, end_s, '
                          'instruction and, if wanted, sub_goals, tags')
    add('--tag', action='append', default=[], help='for every episode; may be repeated')
    add('--codec', choices=CODECS, default='h264', help='of the videos')
    add('--relative', nargs='*', default=[], metavar='GROUP',
        help='gr00t: action groups that models take as offsets from the state')
    add('--action-horizon', type=_whole, default=16,
        help='rows of the chunks that statistics of those offsets are for (16)')
    add('--operator', default='', help='who recorded; before what the bags say')
    add('--licence', default='', help='of the data; before what the bags say')
    add('--json', action='store_true', help='print the summary as JSON')
    return parser


def _whole(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'must be 1 or more, got {text}')
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value > 0.0):
        raise argparse.ArgumentTypeError(f'must be greater than 0, got {text}')
    return value
