"""Frames of episodes as Parquet: the columns that LeRobot datasets of every version have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from groot_ros.data.datasets.episode import Annotation, Episode
from groot_ros.data.datasets.rows_on_disk import walk

INSTRUCTION = 'annotation.human.task_description'
SUB_GOAL = 'annotation.human.sub_goal'
TAGS = 'annotation.human.tags'
ANNOTATIONS = (INSTRUCTION, SUB_GOAL, TAGS)
SCALARS = {
    'timestamp': 'float32', 'frame_index': 'int64', 'episode_index': 'int64', 'index': 'int64',
    'task_index': 'int64', 'next.reward': 'float32', 'next.done': 'bool',
    **dict.fromkeys(ANNOTATIONS, 'int64')}
"""Type of each column that holds one number per frame."""


class Numbering(NamedTuple):
    """What an episode and its texts are called in their dataset.

    Attributes:
        episode: Its number.
        first_frame: Frames of all episodes before it.
        texts: Where each text of `texts_of` stands in the list of tasks.
    """

    episode: int
    first_frame: int
    texts: Mapping[str, int]


def texts_of(annotation: Annotation) -> list[str]:
    """Return the texts that frames of an episode point to, its instruction first."""
    texts = [annotation.instruction, *(goal.text for goal in annotation.sub_goals), '',
             ', '.join(annotation.tags)]
    return list(dict.fromkeys(texts))


def write_frames(file: Path, episode: Episode, numbering: Numbering) -> None:
    """Write the table of an episode; an interrupted run leaves no file.

    A row group has `rows_on_disk.BLOCK` frames: no more are in memory at once.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f'{file.name}.part')
    tables = (pa.table({name: _array(values) for name, values in
                        frame_columns(episode, numbering, rows).items()})
              for rows in walk(episode.state, episode.action))
    first = next(tables)
    with pq.ParquetWriter(part, first.schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table)
    part.replace(file)


def frame_columns(episode: Episode, numbering: Numbering, rows: slice) -> dict[str, NDArray[Any]]:
    """Return what the columns of an episode hold in some of its frames.

    The reward is 1 in the last frame of an episode that is known to be a success, else 0.
    """
    frames = np.arange(rows.start, rows.stop)
    annotation, places = episode.annotation, numbering.texts
    told = np.full(len(frames), places[annotation.instruction])
    last = frames == len(episode) - 1
    columns = {
        'observation.state': episode.state[rows], 'action': episode.action[rows],
        'timestamp': frames / episode.layout.fps, 'frame_index': frames,
        'episode_index': np.full(len(frames), numbering.episode),
        'index': numbering.first_frame + frames,
        'task_index': told, 'next.reward': last & (episode.provenance.get('success') == 'true'),
        'next.done': last, INSTRUCTION: told,
        SUB_GOAL: _sub_goals(annotation, frames / episode.layout.fps, places),
        TAGS: np.full(len(frames), places[', '.join(annotation.tags)])}
    return {name: values.astype(SCALARS.get(name, 'float32'))
            for name, values in columns.items()}


def features(episode_columns: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:
    """Return the description of every column for info.json.

    Args:
        episode_columns: Joint names of 'observation.state' and 'action'.
    """
    vectors = {name: {'dtype': 'float32', 'shape': [len(joints)], 'names': list(joints)}
               for name, joints in episode_columns.items()}
    return vectors | {name: {'dtype': kind, 'shape': [1], 'names': None}
                      for name, kind in SCALARS.items()}


def _sub_goals(annotation: Annotation, times: NDArray[np.float64],
               places: Mapping[str, int]) -> NDArray[np.int64]:
    """Return the text of the sub-goal of each frame, that of '' between two of them."""
    found = np.full(len(times), places[''])
    for goal in annotation.sub_goals:
        found[(times >= goal.start_s) & (times < goal.end_s)] = places[goal.text]
    return found


def _array(values: NDArray[Any]) -> pa.Array:
    if values.ndim == 1:
        return pa.array(values)
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
