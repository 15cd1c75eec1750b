"""Two machines on one: network namespaces joined by a slow link that loses frames.

Run as `python3 lossy_link.py --megabits 50 --loss 0.01` inside `unshare --user --map-root-user
--net`; it prints the process ids that hold the two namespaces, forwards frames until its standard
input closes, and prints the bytes it carried and the frames it lost. Needs `ip` (iproute2) and
`unshare` (util-linux), no root.
"""

from __future__ import annotations

import argparse
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence

EVERY_PROTOCOL = 3  # ETH_P_ALL
SOL_PACKET, PACKET_VNET_HDR = 263, 15  # linux/if_packet.h
FRAME_BYTES = 66_000  # of a frame that the kernel did not split yet, and its header
QUEUE_S = 0.2
"""How much traffic waits for its turn before more is dropped."""


class Direction:
    """Frames from one end of the link to the other, at its rate and with its losses."""

    def __init__(self, bytes_per_s: float, loss: float, seed: int) -> None:
        self._seconds_per_byte = 1.0 / bytes_per_s
        self._loss = loss
        self._random = random.Random(seed)
        self._frames: deque[tuple[float, bytes]] = deque()
        self._free_at = 0.0
        self.due: float | None = None
        self.carried_bytes = self.lost_frames = 0

    def take(self, frame: bytes, now: float) -> None:
        """Queue a frame, unless it gets lost."""
        begin = max(now, self._free_at)
        if self._random.random() < self._loss or begin - now > QUEUE_S:
            self.lost_frames += 1
            return
        self.carried_bytes += len(frame)
        self._free_at = begin + len(frame) * self._seconds_per_byte
        self._frames.append((self._free_at, frame))
        self.due = self._frames[0][0]

    def give(self, now: float) -> list[bytes]:
        """Return the frames that arrive now."""
        arrived = []
        while self._frames and self._frames[0][0] <= now:
            arrived.append(self._frames.popleft()[1])
        self.due = self._frames[0][0] if self._frames else None
        return arrived


def forward(ends: Sequence[socket.socket], ways: Sequence[Direction]) -> None:
    """Carry frames between two ends until standard input closes."""
    while True:
        dues = [way.due for way in ways if way.due is not None]
        patience = max(0.0, min(dues) - time.monotonic()) if dues else None
        ready, _, _ = select.select([*ends, sys.stdin], [], [], patience)
        if sys.stdin in ready:
            return
        now = time.monotonic()
        for source, way, target in zip(ends, ways, reversed(ends), strict=True):
            if source in ready:
                way.take(source.recv(FRAME_BYTES), now)
            for frame in way.give(now):
                target.send(frame)


def make_machine(place: int) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Return a process that holds a network namespace, and this side of its cable."""
    here, there = f'here{place}', f'there{place}'
    machine = subprocess.Popen(['unshare', '--net', 'sleep', 'infinity'])
    own = os.readlink('/proc/self/ns/net')
    while os.readlink(f'/proc/{machine.pid}/ns/net') == own:
        time.sleep(0.01)
    inside = ['nsenter', '--net', '--target', str(machine.pid), 'ip']
    for command in (
        ['ip', 'link', 'add', here, 'type', 'veth', 'peer', 'name', there],
        ['ip', 'link', 'set', there, 'netns', str(machine.pid)],
        ['ip', 'link', 'set', here, 'up'],
        [*inside, 'address', 'add', f'10.77.0.{place}/24', 'dev', there],
        [*inside, 'link', 'set', there, 'up'],
        [*inside, 'link', 'set', 'lo', 'up'],
    ):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    cable = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERY_PROTOCOL))
    # Each frame comes with what the kernel left to the hardware: checksums and segmentation.
    cable.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    cable.bind((here, 0))
    return machine, cable


def main() -> int:
    """Set up both machines and the link between them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--megabits', type=float, required=True, help='rate each way [Mbit/s]')
    parser.add_argument('--loss', type=float, required=True, help='share of frames that is lost')
    arguments = parser.parse_args()
    made = [make_machine(place) for place in (1, 2)]
    print(*(machine.pid for machine, _ in made), flush=True)
    try:
        ways = [Direction(arguments.megabits * 125_000, arguments.loss, seed) for seed in (0, 1)]
        forward([cable for _, cable in made], ways)
        print(sum(way.carried_bytes for way in ways), sum(way.lost_frames for way in ways))
    finally:
        for machine, _ in made:
            machine.send_signal(signal.SIGKILL)
            machine.wait()
    return 0


if __name__ == '__main__':
    sys.exit(main())
