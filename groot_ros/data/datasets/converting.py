"""From bags to a dataset, begun or gone on with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.bags import Bag, BagError
from groot_ros.data.datasets.episode import Episode, Layout, Pictures
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.from_bag import Cutting, ReadBag, read_bag
from groot_ros.data.datasets.writing import (
    DatasetWriter,
    WriterOptions,
    differences,
    make_writer,
)
from groot_ros.embodiment import Embodiment, EmbodimentError, load_embodiment


@dataclass(frozen=True, slots=True)
class Conversion:
    """What is asked for.

    Attributes:
        format: 'lerobot-v3', 'gr00t' or 'rlds'.
        folder: Of the dataset.
        embodiment: Tag of the robot or path of its YAML file; empty takes what each bag's
            facts name.
        cutting: How episodes are cut out.
        options: Of the writer.
    """

    format: str
    folder: Path
    embodiment: str
    cutting: Cutting
    options: WriterOptions


@dataclass
class Summary:
    """What was done.

    Attributes:
        folder: Of the dataset.
        episodes: In the dataset.
        frames: In the dataset.
        kept: Episodes that an earlier run had written.
        bags: What came out of each bag.
        refused: Why nothing came out of a bag.
    """

    folder: str
    episodes: int = 0
    frames: int = 0
    kept: int = 0
    bags: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold of it."""
        return asdict(self)


class Progress(Protocol):
    """Is told how far a conversion has come."""

    def start(self, bag: Path, pictures: int) -> None:
        """Begin a bag with so many pictures to write."""

    def advance(self) -> None:
        """Count a picture that was written."""


def convert(bags: Sequence[Path], conversion: Conversion, progress: Progress) -> Summary:
    """Write the episodes of bags to a dataset; those that are there already are kept.

    A bag that cannot be read, or is of another robot or image size than the first, is left out
    and named in the summary.

    Raises:
        DatasetError: If the folder holds something else, or the bags give nothing.
    """
    converter = _Converter(conversion, progress)
    for bag in bags:
        converter.take(bag)
    return converter.finish()


class _Converter:
    def __init__(self, conversion: Conversion, progress: Progress) -> None:
        self._asked, self._progress = conversion, progress
        self._writer: DatasetWriter | None = None
        self._layout: Layout | None = None
        self._summary = Summary(str(conversion.folder))

    def take(self, bag: Path) -> None:
        try:
            found = read_bag(bag, self._embodiment(bag), self._asked.cutting)
            self._check_layout(found.layout)
        except (BagError, DatasetError, EmbodimentError) as error:
            self._summary.refused[str(bag)] = str(error)
            return
        self._summary.bags[str(bag)] = _describe(found)
        if self._writer is None:
            self._layout = found.layout
            self._writer = make_writer(
                self._asked.format, self._asked.folder, found.layout, self._asked.options)
        self._write(bag, found, self._writer)

    def finish(self) -> Summary:
        if self._writer is None:
            raise DatasetError('no bag could be used: ' + '; '.join(
                f'{bag}: {why}' for bag, why in self._summary.refused.items()))
        spare = len(self._writer.complete) - self._summary.episodes
        if spare > 0:
            raise DatasetError(
                f'{self._asked.folder} holds {spare} more episodes than these bags give: name '
                'the bags that it was begun with, in the same order, new ones after them')
        self._writer.finish()
        return self._summary

    def _embodiment(self, bag: Path) -> Embodiment:
        tag = self._asked.embodiment
        if not tag:
            with Bag(bag) as opened:
                tag = opened.facts.get('embodiment', '')
        if not tag:
            raise DatasetError(f'{bag} does not say which robot it is of: give --embodiment')
        return load_embodiment(tag)

    def _check_layout(self, layout: Layout) -> None:
        if self._layout is None:
            return
        for name, first, this in differences(self._layout.to_dict(), layout.to_dict()):
            raise DatasetError(f'its {name} is {this}, that of the first bag {first}: all '
                               'episodes of a dataset must be alike, make another one of it')

    def _write(self, bag: Path, found: ReadBag, writer: DatasetWriter) -> None:
        new = [episode for episode in found.episodes if not self._is_there(episode, writer)]
        self._progress.start(bag, sum(len(each) * len(each.images) for each in new))
        for episode in new:
            writer.add(self._counted(episode))
            self._count(episode)

    def _is_there(self, episode: Episode, writer: DatasetWriter) -> bool:
        """Return whether an earlier run wrote this episode; count it if so.

        Raises:
            DatasetError: If another one is in its place.
        """
        place = self._summary.kept
        if place >= len(writer.complete) or place < self._summary.episodes:
            return False
        there = writer.complete[place]
        for name, old, new in differences(there, episode.provenance):
            raise DatasetError(
                f"episode {place} of {self._asked.folder} has {name} '{old}', these bags give "
                f"'{new}': name the bags and options that it was begun with, new bags after them")
        self._summary.kept += 1
        self._count(episode)
        return True

    def _count(self, episode: Episode) -> None:
        self._summary.episodes += 1
        self._summary.frames += len(episode)

    def _counted(self, episode: Episode) -> Episode:
        """Return an episode that tells the progress of every picture."""
        def counted(pictures: Pictures) -> Pictures:
            def make() -> Iterator[NDArray[np.uint8]]:
                for picture in pictures():
                    yield picture
                    self._progress.advance()
            return make

        return replace(episode, images={
            key: counted(pictures) for key, pictures in episode.images.items()})


def _describe(found: ReadBag) -> dict[str, Any]:
    return {
        'episodes': len(found.episodes), 'frames': sum(len(each) for each in found.episodes),
        'skipped': [span._asdict() for span in found.skipped],
        'passed_over': [{'topic': each.topic, 'reason': each.reason, 'messages': count}
                        for each, count in found.passed_over.items()]}
