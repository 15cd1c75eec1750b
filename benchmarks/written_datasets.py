"""What stands in a dataset of any format, read without the code that wrote it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from made_bags import CAMERAS
from numpy.typing import NDArray
from PIL import Image
from tfrecord_reader import read_features

SECOND = 10**9


class Written(NamedTuple):
    """An episode of a dataset.

    Attributes:
        start: Time of the first frame, as the provenance has it [ns].
        state: [rad], shape (frames, joints).
        action: [rad], likewise.
        levels: Mean grey level of the picture of each frame, by video key.
        texts: Instructions of the frames.
    """

    start: int
    state: NDArray[np.float32]
    action: NDArray[np.float32]
    levels: Mapping[str, Sequence[float]]
    texts: set[str]


def read_dataset(folder: Path, format: str) -> Iterator[Written]:
    """Yield the episodes of a dataset, each with what provenance says of its start."""
    read = {'gr00t': _read_gr00t, 'lerobot-v3': _read_lerobot_v3, 'rlds': _read_rlds}[format]
    lines = (folder / 'meta/provenance.jsonl').read_text().split('\n')
    for number, line in enumerate(lines):
        yield read(folder, number, round(float(json.loads(line)['start_s']) * SECOND))


def _read_gr00t(folder: Path, number: int, start: int) -> Written:
    table = pq.read_table(folder / f'data/chunk-000/episode_{number:06d}.parquet')
    lines = (folder / 'meta/tasks.jsonl').read_text().split('\n')
    return _of_table(start, table, [json.loads(line)['task'] for line in lines], {
        key: _levels(folder / f'videos/chunk-000/observation.images.{key}'
                     / f'episode_{number:06d}.mp4') for key in CAMERAS})


def _read_lerobot_v3(folder: Path, number: int, start: int) -> Written:
    fps = json.loads((folder / 'meta/info.json').read_text())['fps']
    row = pq.read_table(folder / 'meta/episodes/chunk-000/file-000.parquet').to_pylist()[number]
    frames = pq.read_table(_packed(folder / 'data', row, 'data', 'parquet'))
    tasks = pq.read_table(folder / 'meta/tasks.parquet').to_pylist()
    levels = {}
    for key in CAMERAS:
        name = f'videos/observation.images.{key}'
        first, end = (round(row[f'{name}/{side}_timestamp'] * fps) for side in ('from', 'to'))
        levels[key] = _levels(_packed(folder / name, row, name, 'mp4'))[first:end]
    table = frames.filter(pa.compute.equal(frames['episode_index'], number))
    return _of_table(start, table, [each['task'] for each in tasks], levels)


def _read_rlds(folder: Path, number: int, start: int) -> Written:
    found = read_features(folder / f'groot_ros-train.tfrecord-{number:05d}')
    frames = len(found['steps/is_first'].int64_list.value)
    state, action = (
        np.array(found[name].float_list.value, np.float32).reshape(frames, -1)
        for name in ('steps/observation/state', 'steps/action'))
    texts = found['steps/language_instruction'].bytes_list.value
    return Written(start, state, action, {
        key: [float(np.mean(Image.open(io.BytesIO(jpeg)).convert('RGB')))
              for jpeg in found[f'steps/observation/{key}'].bytes_list.value]
        for key in CAMERAS}, {text.decode() for text in texts})


def _of_table(start: int, table: pa.Table, texts: Sequence[str],
              levels: Mapping[str, Sequence[float]]) -> Written:
    state, action = (np.array(table[name].to_pylist(), np.float32)
                     for name in ('observation.state', 'action'))
    return Written(start, state, action, levels,
                   {texts[each] for each in table['task_index'].to_pylist()})


def _packed(folder: Path, row: Mapping[str, Any], name: str, ending: str) -> Path:
    """Return the file that an episode shares with others."""
    chunk, file = row[f'{name}/chunk_index'], row[f'{name}/file_index']
    return folder / f'chunk-{chunk:03d}/file-{file:03d}.{ending}'


def _levels(file: Path) -> list[float]:
    with av.open(str(file)) as video:
        return [float(each.to_ndarray(format='rgb24').mean()) for each in video.decode(video=0)]
