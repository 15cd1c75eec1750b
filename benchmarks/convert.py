"""How fast bags become datasets, and in how much memory.

    scripts/env --with data python benchmarks/convert.py --minutes 2 10 [--size 640 480]

Writes a synthetic bag for each length (one camera as JPEG at 30 Hz, joint states at 200 Hz and
commands at 120 Hz of a Unitree G1), converts it in a process of its own and reports wall time,
processor time, the highest resident memory and how busy the machine was. With small pictures
it shows what the length alone takes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

sys.path.append(str(Path(__file__).resolve().parent))
from measuring import describe_load

from groot_ros.data.bags import BagWriter, MessageTypes
from groot_ros.data.datasets.topics import COMPRESSED, JOINT_STATE
from groot_ros.embodiment import load_embodiment

CAMERA_HZ, JOINT_HZ, COMMAND_HZ = 30, 200, 120
PICTURES = 90
"""Different pictures; after them they come again."""
ROBOT = load_embodiment('unitree_g1')
CONVERT = ('import sys; from groot_ros.data.datasets.convert_command import main; '
           'sys.exit(main(sys.argv[1:]))')


class Measured(NamedTuple):
    """One conversion."""

    wall_s: float
    processor_s: float
    peak_mb: float


class SyntheticBag:
    """Writes a bag of a robot that sways before a moving, grainy picture.

    Args:
        folder: The new bag.
        size: Width and height of the pictures [px].
    """

    def __init__(self, folder: Path, size: tuple[int, int]) -> None:
        types = MessageTypes()
        self._store = types.store
        self._bag = BagWriter(folder, types, {'embodiment': ROBOT.tag})
        self._camera = f'/{ROBOT.cameras[0].topic}/compressed'
        self._pictures = [_jpeg(number, size) for number in range(PICTURES)]
        self._bag.add_topic(self._camera, COMPRESSED)
        self._bag.add_topic('/joint_states', JOINT_STATE)
        for output in ROBOT.outputs:
            self._bag.add_topic(f'/{output.topic}', _kind(output.interface))

    def write(self, seconds: float) -> None:
        """Write so many seconds and finish the bag."""
        with self._bag:
            for stamp, source, number in _schedule(seconds):
                getattr(self, f'_write_{source}')(stamp, number)

    def _write_picture(self, stamp: int, number: int) -> None:
        self._send(self._camera, COMPRESSED, stamp, self._header(stamp), 'jpeg',
                   self._pictures[number % PICTURES])

    def _write_joints(self, stamp: int, number: int) -> None:
        self._send('/joint_states', JOINT_STATE, stamp, self._header(stamp),
                   list(ROBOT.joint_names), _sway(stamp), np.zeros(0), np.zeros(0))

    def _write_command(self, stamp: int, number: int) -> None:
        for output in ROBOT.outputs:
            positions = _sway(stamp)[ROBOT.indices(output.joints)]
            kind, topic = _kind(output.interface), f'/{output.topic}'
            if output.interface == 'joint_trajectory':
                point = self._make('trajectory_msgs/msg/JointTrajectoryPoint', positions,
                                   np.zeros(0), np.zeros(0), np.zeros(0),
                                   self._make('builtin_interfaces/msg/Duration', 0, 20_000_000))
                self._send(topic, kind, stamp, self._header(0), list(output.joints), [point])
            else:
                layout = self._make('std_msgs/msg/MultiArrayLayout', [], 0)
                self._send(topic, kind, stamp, layout, positions)

    def _send(self, topic: str, kind: str, stamp: int, *fields: Any) -> None:
        message = self._store.serialize_cdr(self._make(kind, *fields), kind)
        self._bag.write(topic, stamp, message.tobytes())

    def _make(self, kind: str, *fields: Any) -> Any:
        return self._store.types[kind](*fields)

    def _header(self, stamp: int) -> Any:
        return self._make('std_msgs/msg/Header',
                          self._make('builtin_interfaces/msg/Time', *divmod(stamp, 10**9)), '')


def _schedule(seconds: float) -> Iterator[tuple[int, str, int]]:
    """Yield stamp [ns], source and number of each message, in order of time."""
    rates = {'command': COMMAND_HZ, 'joints': JOINT_HZ, 'picture': CAMERA_HZ}
    numbers = dict.fromkeys(rates, 0)
    start, end = 10**9, (1.0 + seconds) * 10**9
    while True:
        stamp, source = min((start + numbers[name] * 10**9 // rate, name)
                            for name, rate in rates.items())
        if stamp > end:
            return
        yield stamp, source, numbers[source]
        numbers[source] += 1


def _kind(interface: str) -> str:
    return {'joint_trajectory': 'trajectory_msgs/msg/JointTrajectory',
            'float64_multi_array': 'std_msgs/msg/Float64MultiArray'}[interface]


def _sway(stamp: int) -> np.ndarray:
    return ROBOT.home + 0.02 * np.sin(stamp * 1e-9 + np.arange(len(ROBOT.joints)))


def _jpeg(number: int, size: tuple[int, int]) -> np.ndarray:
    """Return a picture of drifting blobs with the grain of a camera."""
    rng = np.random.default_rng(0)
    blobs = cv2.resize(rng.integers(0, 255, (12, 16, 3), np.uint8), size,
                       interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(number).normal(0.0, 4.0, blobs.shape)
    moved = np.roll(blobs, 4 * number, axis=1) + grain
    _, encoded = cv2.imencode('.jpg', np.clip(moved, 0, 255).astype(np.uint8),
                              (cv2.IMWRITE_JPEG_QUALITY, 90))
    return encoded


def convert(bag: Path, output: Path, *options: str) -> Measured:
    """Convert a bag in a process of its own."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, '-c', CONVERT, str(bag), '--output', str(output), '--instruction',
         'sway', *options], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f'the conversion to {output} failed')
    return Measured(time.perf_counter() - began, usage.ru_utime + usage.ru_stime,
                    usage.ru_maxrss / 1024)


def main() -> None:
    """Measure every length, format and codec that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--minutes', type=float, nargs='+', default=[2.0, 10.0])
    parser.add_argument('--formats', nargs='+', default=['gr00t'])
    parser.add_argument('--codecs', nargs='+', default=['h264'])
    parser.add_argument('--fps', default='30')
    parser.add_argument('--size', type=int, nargs=2, default=(640, 480),
                        help='width and height of the pictures [px]')
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for minutes in given.minutes:
            bag = Path(temporary) / f'bag_{minutes:g}'
            SyntheticBag(bag, tuple(given.size)).write(60.0 * minutes)
            size = sum(file.stat().st_size for file in bag.iterdir()) / 2**20
            print(f'{minutes:g} minutes of recording, {size:.0f} MB', flush=True)
            for format in given.formats:
                for codec in given.codecs:
                    output = Path(temporary) / f'{format}_{codec}_{minutes:g}'
                    found = convert(bag, output, '--format', format, '--codec', codec,
                                    '--fps', given.fps)
                    video = sum(file.stat().st_size for file in output.rglob('*.mp4')) / 2**20
                    print(f'  {format} {codec}: {found.wall_s:.1f} s '
                          f'({60 * minutes / found.wall_s:.1f} times real time), processor '
                          f'{found.processor_s:.1f} s, peak memory {found.peak_mb:.0f} MB, '
                          f'video {video:.1f} MB, {describe_load()}', flush=True)
                    shutil.rmtree(output)
            shutil.rmtree(bag)


if __name__ == '__main__':
    main()
