"""The format of Isaac-GR00T: LeRobot v2.1 with meta/modality.json, statistics and annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from groot_ros.data.datasets.episode import Episode, Layout
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.frames import (
    ANNOTATIONS,
    SCALARS,
    Numbering,
    features,
    texts_of,
    write_frames,
)
from groot_ros.data.datasets.json_file import write_json
from groot_ros.data.datasets.json_lines import JsonLines
from groot_ros.data.datasets.provenance import PROVENANCE_FILE
from groot_ros.data.datasets.statistics import (
    Statistics,
    joined,
    relative_statistics,
    summarize,
)
from groot_ros.data.datasets.stored_columns import blocks, parts, read_numbers, read_parts
from groot_ros.data.datasets.video import encode_video, video_feature
from groot_ros.data.datasets.writing import WriterOptions

VERSION = 'v2.1'
CHUNK = 1000
"""Episodes in one folder."""
DATA_PATH = 'data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet'
VIDEO_PATH = 'videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4'
VECTORS = ('observation.state', 'action')


class Gr00tWriter:
    """One Parquet file and one video per camera for each episode.

    An episode is whole when meta/episodes.jsonl names it: that line is written last.

    Attributes:
        complete: Provenance of each episode that is whole.

    Args:
        folder: Of the dataset.
        layout: Of its episodes.
        options: Codec of the videos and which statistics are wanted.
    """

    def __init__(self, folder: Path, layout: Layout, options: WriterOptions) -> None:
        self._folder, self._layout, self._options = folder, layout, options
        meta = folder / 'meta'
        self._episodes = JsonLines(meta / 'episodes.jsonl')
        self._tasks = JsonLines(meta / 'tasks.jsonl')
        self._provenance = JsonLines(folder / PROVENANCE_FILE)
        self.complete: Sequence[Mapping[str, str]] = self._provenance.records
        self._remove_half()

    def add(self, episode: Episode) -> None:
        """Write videos, numbers, texts and provenance of an episode.

        Raises:
            DatasetError: If a camera has not one picture per frame.
        """
        index = len(self._episodes.records)
        for key, pictures in episode.images.items():
            count = encode_video(self._file(VIDEO_PATH, index, _feature(key)), pictures(),
                                 self._layout.cameras[key], self._layout.fps,
                                 self._options.codec)
            if count != len(episode):
                raise DatasetError(f'{key} has {count} pictures for {len(episode)} frames')
        for text in texts_of(episode.annotation):
            self._place(text)
        write_frames(self._file(DATA_PATH, index), episode,
                     Numbering(index, self._frames(index), self._places()))
        self._provenance.append(dict(episode.provenance))
        self._episodes.append({'episode_index': index, 'length': len(episode),
                               'tasks': [episode.annotation.instruction]})

    def finish(self) -> None:
        """Write info.json, modality.json and the statistics of all episodes.

        Raises:
            DatasetError: If no episode is long enough for statistics of relative actions.
        """
        self._remove_half()
        meta = self._folder / 'meta'
        write_json(meta / 'modality.json', modality(self._layout))
        write_json(meta / 'info.json', self._info())
        if self._episodes.records:
            write_json(meta / 'stats.json', self._statistics())
            write_json(meta / 'relative_stats.json', self._relative_statistics())

    def _remove_half(self) -> None:
        """Remove what is left of episodes that are not whole."""
        whole = len(self._episodes.records)
        self._provenance.keep(whole)
        for file in [*self._folder.glob('data/*/episode_*'),
                     *self._folder.glob('videos/*/*/episode_*')]:
            if file.suffix == '.part' or int(file.stem.removeprefix('episode_')) >= whole:
                file.unlink()
        used = [int(values.max()) for file in self._tables() for name in ANNOTATIONS
                for values in blocks(file, name)]
        self._tasks.keep(max(used, default=-1) + 1)

    def _places(self) -> dict[str, int]:
        return {record['task']: record['task_index'] for record in self._tasks.records}

    def _place(self, text: str) -> None:
        """Give a text a place in the list of tasks, unless it has one."""
        if text not in self._places():
            self._tasks.append({'task_index': len(self._tasks.records), 'task': text})

    def _frames(self, index: int) -> int:
        """Return the number of frames before an episode."""
        return sum(record['length'] for record in self._episodes.records[:index])

    def _file(self, pattern: str, index: int, video_key: str = '') -> Path:
        return self._folder / pattern.format(
            episode_chunk=index // CHUNK, episode_index=index, video_key=video_key)

    def _tables(self) -> list[Path]:
        """Return the files of whole episodes."""
        return [self._file(DATA_PATH, index) for index in range(len(self._episodes.records))]

    def _info(self) -> dict[str, Any]:
        count, cameras = len(self._episodes.records), self._layout.cameras
        joints = dict(zip(VECTORS, (self._layout.state_names, self._layout.action_names),
                          strict=True))
        return {
            'codebase_version': VERSION, 'robot_type': self._layout.robot,
            'total_episodes': count, 'total_frames': self._frames(count),
            'total_tasks': len(self._tasks.records), 'total_videos': count * len(cameras),
            'total_chunks': -(-count // CHUNK), 'chunks_size': CHUNK,
            'fps': self._layout.plain_fps,
            'splits': {'train': f'0:{count}'}, 'data_path': DATA_PATH, 'video_path': VIDEO_PATH,
            'features': features(joints) | {
                _feature(key): video_feature(size, self._layout.plain_fps, self._options.codec)
                for key, size in cameras.items()}}

    def _statistics(self) -> dict[str, Any]:
        """Return the statistics of every column of floats, over all frames."""
        names = [*VECTORS, *(name for name, kind in SCALARS.items() if kind == 'float32')]
        return {name: joined(map(summarize, read_parts(self._tables(), name))) for name in names}

    def _relative_statistics(self) -> dict[str, Any]:
        return {group: joined(self._relative_part(group, part)
                              for part in parts(len(self._layout.action[group])))
                for group in self._options.relative_groups}

    def _relative_part(self, group: str, part: slice) -> Statistics:
        """Return the statistics of some joints of a group."""
        first = self._layout.state_columns[group].start, self._layout.action_columns[group].start
        state, action = (slice(start + part.start, start + part.stop) for start in first)
        return relative_statistics(
            [(read_numbers([file], 'observation.state', state),
              read_numbers([file], 'action', action)) for file in self._tables()],
            self._options.action_horizon)


def modality(layout: Layout) -> dict[str, Any]:
    """Return what modality.json says: which columns are which group, in GR00T's words."""
    return {
        'state': {group: {'start': columns.start, 'end': columns.stop,
                          'original_key': 'observation.state', 'dtype': 'float32'}
                  for group, columns in layout.state_columns.items()},
        'action': {group: {'start': columns.start, 'end': columns.stop,
                           'original_key': 'action', 'dtype': 'float32', 'absolute': True}
                   for group, columns in layout.action_columns.items()},
        'video': {key: {'original_key': _feature(key)} for key in layout.cameras},
        'annotation': {name.removeprefix('annotation.'): {} for name in ANNOTATIONS}}


def _feature(video_key: str) -> str:
    return f'observation.images.{video_key}'
