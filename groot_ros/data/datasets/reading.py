"""Datasets of LeRobot v2.1 (Isaac-GR00T) and v3.0 as episodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from groot_ros.data.datasets.episode import Annotation, Episode, Layout, SubGoal
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.frame_times import frame_times, noted_start
from groot_ros.data.datasets.frames import SUB_GOAL, TAGS
from groot_ros.data.datasets.naming import Naming, read_naming
from groot_ros.data.datasets.places import Place, find_episodes, read_info, read_records
from groot_ros.data.datasets.provenance import PROVENANCE_FILE
from groot_ros.data.datasets.stamps import SECOND
from groot_ros.data.datasets.stored_columns import matrix
from groot_ros.data.datasets.video_reading import read_pictures

Columns = Mapping[str, NDArray[Any]]


class Dataset:
    """A dataset on disk; episodes are read when they are asked for.

    Attributes:
        folder: Of the dataset.
        layout: Of its episodes.

    Args:
        folder: Of the dataset.
        naming: What is called what in it.
        places: Where each episode is.
        texts: Instructions, sub-goals and tags, by their number.
    """

    def __init__(self, folder: Path, naming: Naming, places: Sequence[Place],
                 texts: Mapping[int, str]) -> None:
        self.folder = folder
        self.layout: Layout = naming.layout
        self._naming, self._places, self._texts = naming, places, texts
        noted = folder / PROVENANCE_FILE
        self._provenance = read_records(noted) if noted.is_file() else []

    def __len__(self) -> int:
        """Return the number of episodes."""
        return len(self._places)

    def lengths(self) -> list[int]:
        """Return the number of frames of each episode; nothing is read."""
        return [place.length for place in self._places]

    def episode(self, index: int) -> Episode:
        """Read an episode; its pictures are decoded when they are asked for.

        Raises:
            DatasetError: If there is no such episode, or a file of it is missing or damaged.
        """
        if not 0 <= index < len(self):
            raise DatasetError(f'{self.folder} has no episode {index}: it has {len(self)}, '
                               'counted from 0')
        place, naming = self._places[index], self._naming
        columns = self._columns(place, index)
        provenance = self._provenance_of(index)
        return Episode(
            self.layout, self._stamps(place.length, provenance),
            naming.state.pick(columns), naming.action.pick(columns),
            {key: partial(read_pictures, *place.videos[feature], place.length, self.layout.fps)
             for key, feature in naming.videos.items()},
            self._annotation(columns, index), provenance)

    def _columns(self, place: Place, index: int) -> Columns:
        needed = [*self._naming.state.features, *self._naming.action.features,
                  self._naming.instruction]
        try:
            names = pq.read_schema(place.frames).names
            if missing := [name for name in needed if name not in names]:
                raise DatasetError(f"{place.frames} has no column '{missing[0]}', which meta/ "
                                   f'names; it has {", ".join(names)}')
            table = pq.read_table(place.frames, columns=[
                name for name in dict.fromkeys([*needed, SUB_GOAL, TAGS]) if name in names],
                filters=[('episode_index', '=', index)])
        except (OSError, pa.ArrowException) as error:
            raise DatasetError(f'{place.frames} cannot be read: {error}') from None
        if len(table) != place.length:
            raise DatasetError(f'{place.frames} holds {len(table)} frames of episode {index}, its '
                               f'metadata names {place.length}: the dataset is damaged')
        return {name: matrix(table[name].combine_chunks()) for name in table.column_names}

    def _stamps(self, frames: int, provenance: Mapping[str, str]) -> NDArray[np.float64]:
        """Return the times of frames [s]: from 0 on where nobody noted when the first was."""
        return frame_times(noted_start(provenance), frames, self.layout.fps) / SECOND

    def _provenance_of(self, index: int) -> dict[str, str]:
        if index < len(self._provenance):
            return dict(self._provenance[index])
        return {'dataset': self.folder.name, 'robot': self.layout.robot}

    def _annotation(self, columns: Columns, index: int) -> Annotation:
        told = self._runs(columns, self._naming.instruction)
        if len(told) != 1:
            raise DatasetError(f'{self.folder}: episode {index} has {len(told)} instructions '
                               f'({", ".join(repr(each.text) for each in told)}): it must have '
                               'one')
        tags = self._runs(columns, TAGS)
        return Annotation(
            told[0].text,
            tuple(goal for goal in self._runs(columns, SUB_GOAL) if goal.text),
            tuple(tags[0].text.split(', ')) if tags and tags[0].text else ())

    def _runs(self, columns: Columns, name: str) -> list[SubGoal]:
        """Return from when to when a column of texts says what."""
        if name not in columns:
            return []
        numbers = columns[name].ravel()
        starts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
        return [SubGoal(start / self.layout.fps, stop / self.layout.fps,
                        self._text(int(numbers[start])))
                for start, stop in pairwise(starts)]

    def _text(self, number: int) -> str:
        if number not in self._texts:
            raise DatasetError(f'{self.folder}: a frame names task {number}, the list of tasks '
                               f'has {len(self._texts)}: the dataset is damaged')
        return self._texts[number]


def open_dataset(folder: Path) -> Dataset:
    """Open a dataset of LeRobot v2.1 or v3.0 that has GR00T's meta/modality.json.

    Raises:
        DatasetError: If it is none, was cut off, or does not say which joints are which.
    """
    info = read_info(folder)
    naming = read_naming(folder, info)
    places, texts = find_episodes(folder, info)
    return Dataset(folder, naming, places, texts)
