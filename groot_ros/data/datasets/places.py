"""Where the episodes of a LeRobot dataset are: v2.1 has files for each, v3.0 shares them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.writing import BEGUN_FILE

VERSIONS = ('v2.0', 'v2.1', 'v3.0')


@dataclass(frozen=True, slots=True)
class Place:
    """Where an episode is.

    Attributes:
        length: Number of frames.
        frames: Table that holds them, perhaps among others.
        videos: File, and when the episode begins in it [s], of each video feature.
    """

    length: int
    frames: Path
    videos: Mapping[str, tuple[Path, float]]


def read_info(folder: Path) -> dict[str, Any]:
    """Read info.json.

    Raises:
        DatasetError: If the folder is no dataset that can be read.
    """
    file = folder / 'meta/info.json'
    if not file.is_file():
        if (folder / BEGUN_FILE).is_file():
            raise DatasetError(f'{folder} is not finished: run the same bag_to_dataset again, or '
                               'read it with the library of its format if that is rlds')
        raise DatasetError(f'{folder} is no LeRobot dataset: it has no meta/info.json')
    try:
        info = json.loads(file.read_text(encoding='utf-8'))
        version = info['codebase_version']
        missing = [key for key in ('fps', 'features', 'data_path') if key not in info]
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(f'{file} is no info.json of LeRobot ({error!r})') from None
    if missing:
        raise DatasetError(f"{file} lacks '{missing[0]}'")
    if version not in VERSIONS:
        raise DatasetError(f'{folder} is of version {version}, this reads '
                           f'{", ".join(VERSIONS)}')
    return dict(info)


def find_episodes(folder: Path, info: Mapping[str, Any]
                  ) -> tuple[list[Place], dict[int, str]]:
    """Return where each episode is, and the texts of the tasks by their number.

    Raises:
        DatasetError: If a table is missing or damaged.
    """
    try:
        videos = [name for name, each in info['features'].items() if each['dtype'] == 'video']
        if info['codebase_version'] == 'v3.0':
            return _places_v3(folder, info, videos), _tasks_v3(folder)
        return _places_v2(folder, info, videos), _tasks_v2(folder)
    except (OSError, pa.ArrowException, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f'{folder}/meta is damaged ({type(error).__name__}: {error})') from None


def read_records(file: Path) -> list[dict[str, Any]]:
    """Read a file of JSON records, one a line; nothing is mended.

    Raises:
        DatasetError: If it is missing or damaged.
    """
    try:
        lines = file.read_bytes().split(b'\n')  # a text may hold other line ends
        return [json.loads(line) for line in lines if line.strip()]
    except FileNotFoundError:
        raise DatasetError(f'{file} is missing') from None
    except ValueError as error:
        raise DatasetError(f'{file} is damaged: {error}') from None


def _places_v2(folder: Path, info: Mapping[str, Any], videos: Sequence[str]) -> list[Place]:
    places = []
    for record in read_records(folder / 'meta/episodes.jsonl'):
        number = record['episode_index']
        where = {'episode_chunk': number // info['chunks_size'], 'episode_index': number}
        places.append(Place(
            record['length'], folder / info['data_path'].format(**where),
            {name: (folder / info['video_path'].format(video_key=name, **where), 0.0)
             for name in videos}))
    return places


def _tasks_v2(folder: Path) -> dict[int, str]:
    return {record['task_index']: record['task']
            for record in read_records(folder / 'meta/tasks.jsonl')}


def _places_v3(folder: Path, info: Mapping[str, Any], videos: Sequence[str]) -> list[Place]:
    places = []
    for file in sorted(folder.glob('meta/episodes/*/*.parquet')):
        names = [name for name in pq.read_schema(file).names if not name.startswith('stats/')]
        for row in pq.read_table(file, columns=names).to_pylist():
            places.append(Place(
                row['length'], folder / info['data_path'].format(**_file(row, 'data')),
                {name: (folder / info['video_path'].format(
                    video_key=name, **_file(row, f'videos/{name}')),
                    row[f'videos/{name}/from_timestamp']) for name in videos}))
    if not places:
        raise DatasetError(f'{folder} has no meta/episodes/*/*.parquet with an episode')
    return places


def _file(row: Mapping[str, Any], source: str) -> dict[str, int]:
    return {name: row[f'{source}/{name}'] for name in ('chunk_index', 'file_index')}


def _tasks_v3(folder: Path) -> dict[int, str]:
    table = pq.read_table(folder / 'meta/tasks.parquet')
    (texts,) = (name for name in table.column_names if name != 'task_index')
    return dict(zip(table['task_index'].to_pylist(), table[texts].to_pylist(), strict=True))
