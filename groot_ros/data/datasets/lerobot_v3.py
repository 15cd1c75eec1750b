"""LeRobot v3.0: several episodes per Parquet file and per video."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from groot_ros.data.datasets.episode import Episode, Layout
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.frames import Numbering, features, texts_of, write_frames
from groot_ros.data.datasets.gr00t import modality
from groot_ros.data.datasets.json_file import write_json
from groot_ros.data.datasets.json_lines import JsonLines
from groot_ros.data.datasets.lerobot_v3_tables import (
    episodes_table,
    picture_statistics,
    table_statistics,
    tasks_table,
)
from groot_ros.data.datasets.packed_files import CHUNK, PackedFiles, join_tables
from groot_ros.data.datasets.picture_statistics import Histogram
from groot_ros.data.datasets.provenance import PROVENANCE_FILE
from groot_ros.data.datasets.video import encode_video, video_feature
from groot_ros.data.datasets.video_joining import join_videos
from groot_ros.data.datasets.writing import WriterOptions

VERSION = 'v3.0'
FILE = 'chunk-{chunk_index:03d}/file-{file_index:03d}'
DATA_PATH = f'data/{FILE}.parquet'
VIDEO_PATH = 'videos/{video_key}/' + f'{FILE}.mp4'
DATA_MB, VIDEO_MB = 100, 200
WRITTEN_FILE = 'meta/written.jsonl'
"""One record per episode, from which `finish` makes the tables; no other reader needs it."""
PARTS = 'parts'
DATA = 'data'


class LerobotV3Writer:
    """Writes a dataset that the `lerobot` library reads.

    An episode is whole when meta/written.jsonl names it: that line is written last.

    Attributes:
        complete: Provenance of each episode that is whole.

    Args:
        folder: Of the dataset.
        layout: Of its episodes.
        options: Codec of the videos; the others are for statistics of GR00T's own format.
    """

    def __init__(self, folder: Path, layout: Layout, options: WriterOptions) -> None:
        self._folder, self._layout, self._codec = folder, layout, options.codec
        self._provenance = JsonLines(folder / PROVENANCE_FILE)
        self.complete: Sequence[Mapping[str, str]] = self._provenance.records
        self._written = JsonLines(folder / WRITTEN_FILE)
        self._provenance.keep(len(self._written.records))
        self._packed = {DATA: self._files(DATA, '.parquet', DATA_MB)} | {
            _video(key): self._files(_video(key), '.mp4', VIDEO_MB) for key in layout.cameras}
        for record in self._written.records:
            self._place(record)

    def add(self, episode: Episode) -> None:
        """Write numbers and videos of an episode, each to a file of its own until `finish`.

        Raises:
            DatasetError: If a camera has not one picture per frame.
        """
        number = len(self._written.records)
        histograms = {key: self._encode(episode, key, number) for key in self._layout.cameras}
        table = self._packed[DATA].part(number)
        write_frames(table, episode, self._numbering(episode, number))
        sizes = {name: files.part(number).stat().st_size for name, files in self._packed.items()}
        statistics = table_statistics([table]) | {
            _feature(key): picture_statistics(histogram, len(episode))
            for key, histogram in histograms.items()}
        self._provenance.append(dict(episode.provenance))
        self._written.append({
            'length': len(episode), 'task': episode.annotation.instruction,
            'texts': texts_of(episode.annotation), 'bytes': sizes,
            'files': {name: self._packed[name].next_file(size) for name, size in sizes.items()},
            'statistics': statistics,
            'histograms': {key: each.counts.tolist() for key, each in histograms.items()}})
        self._place(self._written.records[-1])

    def finish(self) -> None:
        """Pack the episodes and write the tables and statistics of all."""
        records = self._written.records
        if not records:
            return
        for name, files in self._packed.items():
            files.pack(join_tables if name == DATA else self._join_videos)
        shutil.rmtree(self._folder / PARTS, ignore_errors=True)
        meta = self._folder / 'meta'
        tasks = _tasks(records)
        _write_table(meta / f'episodes/{FILE.format(chunk_index=0, file_index=0)}.parquet',
                     episodes_table(records, self._layout.fps))
        _write_table(meta / 'tasks.parquet', tasks_table(tasks))
        write_json(meta / 'modality.json', modality(self._layout))
        write_json(meta / 'stats.json', self._statistics())
        write_json(meta / 'info.json', self._info(len(tasks)))

    def _files(self, name: str, ending: str, megabytes: int) -> PackedFiles:
        return PackedFiles(
            self._folder / name, self._folder / PARTS / name, ending, megabytes * 2**20)

    def _place(self, record: Mapping[str, Any]) -> None:
        for name, files in self._packed.items():
            files.place(record['files'][name], record['bytes'][name])

    def _encode(self, episode: Episode, key: str, number: int) -> Histogram:
        """Write the video of a camera; returns how often its colours occur."""
        histogram = Histogram()
        count = encode_video(
            self._packed[_video(key)].part(number), histogram.watch(episode.images[key]()),
            self._layout.cameras[key], self._layout.fps, self._codec)
        if count != len(episode):
            raise DatasetError(f'{key} has {count} pictures for {len(episode)} frames')
        return histogram

    def _numbering(self, episode: Episode, number: int) -> Numbering:
        records = self._written.records
        tasks = _tasks([*records, {'texts': texts_of(episode.annotation)}])
        return Numbering(number, sum(record['length'] for record in records),
                         {text: place for place, text in enumerate(tasks)})

    def _join_videos(self, target: Path, numbers: Sequence[int], parts: Sequence[Path]) -> None:
        lengths = [self._written.records[number]['length'] for number in numbers]
        join_videos(target, list(zip(parts, lengths, strict=True)), self._layout.fps)

    def _statistics(self) -> dict[str, Any]:
        """Return the statistics over all frames."""
        records = self._written.records
        found = table_statistics([self._packed[DATA].file(number) for number in
                                  sorted(set(self._packed[DATA].files))])
        frames = sum(record['length'] for record in records)
        for key in self._layout.cameras:
            counts = np.sum([record['histograms'][key] for record in records], axis=0)
            found[_feature(key)] = picture_statistics(Histogram(counts), frames)
        return found

    def _info(self, tasks: int) -> dict[str, Any]:
        layout, records = self._layout, self._written.records
        joints = {'observation.state': layout.state_names, 'action': layout.action_names}
        return {
            'codebase_version': VERSION, 'robot_type': layout.robot,
            'total_episodes': len(records), 'total_tasks': tasks,
            'total_frames': sum(record['length'] for record in records), 'chunks_size': CHUNK,
            'data_files_size_in_mb': DATA_MB, 'video_files_size_in_mb': VIDEO_MB,
            'fps': layout.plain_fps,
            'splits': {'train': f'0:{len(records)}'}, 'data_path': DATA_PATH,
            'video_path': VIDEO_PATH if layout.cameras else None,
            'features': features(joints) | {
                _feature(key): video_feature(size, layout.plain_fps, self._codec)
                for key, size in layout.cameras.items()}}


def _tasks(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return all texts in the order of their first use."""
    return list(dict.fromkeys(text for record in records for text in record['texts']))


def _feature(video_key: str) -> str:
    return f'observation.images.{video_key}'


def _video(video_key: str) -> str:
    """Return the folder of the videos of a camera, which is also what tables call them."""
    return f'videos/{_feature(video_key)}'


def _write_table(file: Path, content: pa.Table) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f'{file.name}.part')
    pq.write_table(content, part)
    part.replace(file)
