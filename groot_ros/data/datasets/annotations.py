"""What the robot was told, and when: from the bag, from a table, or by hand."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from groot_ros.data.datasets.episode import Annotation, SubGoal
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.scanning import Said
from groot_ros.data.datasets.stamps import SECOND

COLUMNS = ('bag', 'start_s', 'end_s', 'instruction')
OPTIONAL_COLUMNS = ('sub_goals', 'tags')
FOREVER = 2**62
SUB_GOAL = re.compile(r'\s*([\d.]+)\s*-\s*([\d.]+)\s+(\S.*?)\s*')


class Told(NamedTuple):
    """An instruction and how long it was in force.

    Attributes:
        start: First moment [ns].
        end: First moment after it [ns].
        annotation: Times of its sub-goals count from the start of the recording [s].
    """

    start: int
    end: int
    annotation: Annotation


class Row(NamedTuple):
    """One line of a table of annotations; seconds count from the start of the recording."""

    start_s: float
    end_s: float
    annotation: Annotation


@dataclass(frozen=True, slots=True)
class Language:
    """Where the language of episodes is from.

    Attributes:
        instruction: Said by hand, for all of every bag; empty takes the table or the bag.
        table: Rows by name of the bag; a bag without rows has its own instructions.
        tags: Added to every episode.
    """

    instruction: str = ''
    table: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    def of(self, bag: str, said: Sequence[Said], task: str, zero: int) -> list[Told]:
        """Return what the robot was told in one segment of a bag, in order of time.

        Args:
            bag: Its name.
            said: Instructions that came into force.
            task: What the facts of the bag call its task; used where nothing was said.
            zero: Start of the recording, in the clock of the stamps [ns].
        """
        if self.instruction:
            return [self._always(self.instruction)]
        if bag in self.table:
            return [Told(zero + round(row.start_s * SECOND), _end(zero, row.end_s),
                         self._tagged(row.annotation)) for row in self.table[bag]]
        if said:
            ends = [each.stamp for each in said[1:]] + [FOREVER]
            return [Told(each.stamp, end, self._tagged(Annotation(each.text)))
                    for each, end in zip(said, ends, strict=True) if each.text]
        return [self._always(task)] if task else []

    def _always(self, text: str) -> Told:
        return Told(0, FOREVER, self._tagged(Annotation(text)))

    def _tagged(self, annotation: Annotation) -> Annotation:
        return Annotation(annotation.instruction, annotation.sub_goals,
                          (*annotation.tags, *self.tags))


def within(annotation: Annotation, start_s: float, end_s: float) -> Annotation:
    """Return the annotation of an episode: sub-goals cut to it, counted from its first frame.

    Args:
        annotation: Counted from the start of the recording.
        start_s: Of the episode, from the start of the recording [s].
        end_s: Likewise.
    """
    cut = tuple(
        SubGoal(max(each.start_s, start_s) - start_s, min(each.end_s, end_s) - start_s, each.text)
        for each in annotation.sub_goals if each.start_s < end_s and each.end_s > start_s)
    return Annotation(annotation.instruction, cut, annotation.tags)


def read_table(file: Path) -> dict[str, list[Row]]:
    """Read annotations: columns bag, start_s, end_s, instruction, and sub_goals, tags if wanted.

    A sub-goal is `1.5-3.0 grasp the cup`, several are separated by `;`, tags likewise. An empty
    end_s stands for the end of the bag.

    Raises:
        DatasetError: Naming the line.
    """
    table: dict[str, list[Row]] = {}
    for line, cells in _lines(file):
        try:
            bag, row = _row(cells)
        except ValueError as error:
            raise DatasetError(f'{file}:{line}: {error}') from None
        rows = table.setdefault(bag, [])
        if rows and row.start_s < rows[-1].end_s:
            raise DatasetError(f'{file}:{line}: starts at {row.start_s} s, before the row above '
                               f'ends ({rows[-1].end_s} s): rows of a bag must follow each other')
        rows.append(row)
    return table


def _lines(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with file.open(newline='', encoding='utf-8-sig') as opened:
            reader = csv.DictReader(opened)
            names = reader.fieldnames or []
            missing = [name for name in COLUMNS if name not in names]
            if unknown := [name for name in names if name not in COLUMNS + OPTIONAL_COLUMNS]:
                raise DatasetError(f"{file}: column '{unknown[0]}' is unknown: the columns are "
                                   f'{", ".join(COLUMNS + OPTIONAL_COLUMNS)}')
            if missing:
                raise DatasetError(f"{file} has no column '{missing[0]}': its first line must "
                                   f'name {", ".join(COLUMNS)}')
            for cells in reader:
                yield reader.line_num, {name: (cells.get(name) or '').strip() for name in names}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f'{file} cannot be read as CSV: {error}') from None


def _row(cells: Mapping[str, str]) -> tuple[str, Row]:
    for name in ('bag', 'instruction'):
        if not cells[name]:
            raise ValueError(f'{name} is empty')
    start_s = _seconds('start_s', cells['start_s'])
    end_s = _seconds('end_s', cells['end_s']) if cells['end_s'] else float('inf')
    if end_s <= start_s:
        raise ValueError(f'end_s {end_s} must be after start_s {start_s}')
    tags = tuple(_parts(cells.get('tags', '')))
    steps = tuple(_sub_goal(text) for text in _parts(cells.get('sub_goals', '')))
    return cells['bag'], Row(start_s, end_s, Annotation(cells['instruction'], steps, tags))


def _sub_goal(text: str) -> SubGoal:
    match = SUB_GOAL.fullmatch(text)
    if match is None:
        raise ValueError(f"sub-goal '{text}' must read '1.5-3.0 grasp the cup'")
    return SubGoal(_seconds('sub_goals', match[1]), _seconds('sub_goals', match[2]), match[3])


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(';') if part.strip()]


def _seconds(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name} must be seconds, got '{text}'") from None
    if not 0.0 <= value < FOREVER / SECOND:
        raise ValueError(f'{name} must be seconds from the start of the recording, got {value}')
    return value


def _end(zero: int, end_s: float) -> int:
    return FOREVER if end_s == float('inf') else zero + round(end_s * SECOND)
