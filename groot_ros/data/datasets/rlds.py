"""RLDS as TensorFlow Datasets reads it: one TFRecord file per episode."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from itertools import repeat
from pathlib import Path

import numpy as np
import PIL.Image

from groot_ros.data.datasets.episode import Annotation, Episode, Layout
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.json_file import write_json
from groot_ros.data.datasets.json_lines import JsonLines
from groot_ros.data.datasets.provenance import PROVENANCE_FILE
from groot_ros.data.datasets.rlds_features import SHARD, dataset_info, features
from groot_ros.data.datasets.tfrecord import Values, write_example
from groot_ros.data.datasets.writing import WriterOptions

QUALITY = 95
"""Of JPEG pictures."""
MOST_BYTES = 2**31 - 2**20
"""No protocol buffer may be larger than 2 GiB, and an episode is one: readers hold all of it."""


class RldsWriter:
    """Writes episodes that `tfds.builder_from_directory(folder)` reads.

    Pictures are JPEG, or PNG with the codec 'lossless'. An episode is whole when
    meta/provenance.jsonl names it.

    Attributes:
        complete: Provenance of each episode that is whole.

    Args:
        folder: Of the dataset.
        layout: Of its episodes.
        options: Codec of the pictures; the others are for statistics of other formats.
    """

    def __init__(self, folder: Path, layout: Layout, options: WriterOptions) -> None:
        self._folder, self._layout = folder, layout
        self._format = 'png' if options.codec == 'lossless' else 'jpeg'
        self._provenance = JsonLines(folder / PROVENANCE_FILE)
        self.complete: Sequence[Mapping[str, str]] = self._provenance.records

    def add(self, episode: Episode) -> None:
        """Write the file of an episode.

        Raises:
            DatasetError: If a camera has not one picture per frame, or the episode is too large.
        """
        sizes: Counter[str] = Counter()
        record = {**_steps(episode), **_metadata(episode)} | {
            f'steps/observation/{key}': self._encoded(episode, key, sizes)
            for key in self._layout.cameras}
        write_example(self._file(len(self.complete)), record)
        self._provenance.append(dict(episode.provenance))

    def finish(self) -> None:
        """Write features.json and dataset_info.json, and remove what is left of half episodes."""
        files = [self._file(number) for number in range(len(self.complete))]
        for file in self._folder.glob('*.tfrecord-*'):
            if file not in files:
                file.unlink()
        sizes = [file.stat().st_size for file in files]
        write_json(self._folder / 'features.json', features(self._layout, self._format))
        write_json(self._folder / 'dataset_info.json', dataset_info(self._layout, sizes))

    def _file(self, number: int) -> Path:
        return self._folder / SHARD.format(number=number)

    def _encoded(self, episode: Episode, key: str, sizes: Counter[str]) -> Iterator[bytes]:
        """Yield the pictures of a camera; `sizes` adds up the bytes of all cameras."""
        width, height = self._layout.cameras[key]
        count = 0
        for image in episode.images[key]():
            if image.shape != (height, width, 3):
                raise DatasetError(f"a picture of '{key}' must have shape ({height}, {width}, 3), "
                                   f'got {image.shape}')
            content = BytesIO()
            PIL.Image.fromarray(image).save(content, self._format, quality=QUALITY)
            sizes[key] += content.tell()
            if sizes.total() > MOST_BYTES:
                raise DatasetError(
                    f'the pictures of an episode of {len(episode)} frames take more than the 2 '
                    f"GiB of an RLDS episode ('{key}' from frame {count} on): cut it into "
                    'several with --annotations')
            count += 1
            yield content.getvalue()
        if count != len(episode):
            raise DatasetError(f'{key} has {count} pictures for {len(episode)} frames')


def _steps(episode: Episode) -> dict[str, Values]:
    """Return what the steps hold, but for pictures."""
    frames = np.arange(len(episode))
    last = frames == len(episode) - 1
    succeeded = last & (episode.provenance.get('success') == 'true')
    times = frames / episode.layout.fps
    annotation = episode.annotation
    return {
        'steps/observation/state': episode.state, 'steps/action': episode.action,
        'steps/timestamp': times, 'steps/reward': succeeded.astype(np.float32),
        'steps/discount': np.ones(len(episode), np.float32), 'steps/is_first': frames == 0,
        'steps/is_last': last, 'steps/is_terminal': succeeded,
        'steps/language_instruction': repeat(annotation.instruction.encode(), len(episode)),
        'steps/sub_goal': (_sub_goal(annotation, time).encode() for time in times)}


def _metadata(episode: Episode) -> dict[str, Values]:
    provenance = episode.provenance
    return {
        'episode_metadata/file_path': [provenance.get('bag', '').encode()],
        'episode_metadata/start_s': [
            provenance.get('start_s', f'{episode.stamps[0]:.9f}').encode()],
        'episode_metadata/provenance': [json.dumps(dict(provenance)).encode()],
        'episode_metadata/tags': [tag.encode() for tag in episode.annotation.tags]}


def _sub_goal(annotation: Annotation, time: float) -> str:
    """Return the sub-goal at a time from the first frame on [s], '' between two of them."""
    return next((goal.text for goal in annotation.sub_goals
                 if goal.start_s <= time < goal.end_s), '')
