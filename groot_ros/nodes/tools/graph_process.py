"""A whole graph as a child process: its own ROS domain, its own process group, a clean end."""

from __future__ import annotations

import ctypes
import itertools
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

FIRST_DOMAIN, LAST_DOMAIN = 101, 199
DISCOVERY_PORT, PORTS_PER_DOMAIN = 7400, 250
# What each signal is given to end every process [s].
ENDINGS = ((signal.SIGINT, 12.0), (signal.SIGTERM, 4.0), (signal.SIGKILL, 2.0))
POLL_S = 0.02
PR_SET_PDEATHSIG = 1  # Linux, sys/prctl.h
_turns = itertools.count(os.getpid())


class GraphError(RuntimeError):
    """The graph did not come up or did not stay up."""


class Domain:
    """A ROS domain that no other process of this package uses, until `close`."""

    def __init__(self) -> None:
        domains = range(FIRST_DOMAIN, LAST_DOMAIN + 1)
        # Not the one that was free a moment ago: what was killed there is still being forgotten.
        turn = next(_turns)
        for place in range(len(domains)):
            number = domains[(turn + place) % len(domains)]
            # The kernel frees an abstract socket when its owner dies, however it dies.
            claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                claim.bind(f'\0groot_ros_domain_{number}')
            except OSError:
                claim.close()
                continue
            if _discovery_port_is_free(number):
                self.number = number
                self._claim = claim
                return
            claim.close()
        raise GraphError(
            f'no ROS domain from {FIRST_DOMAIN} to {LAST_DOMAIN} is free: end other graphs first')

    def close(self) -> None:
        """Let others use the domain."""
        self._claim.close()


def _discovery_port_is_free(domain: int) -> bool:
    """Return whether no DDS participant listens on the first unicast port of `domain`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('', DISCOVERY_PORT + PORTS_PER_DOMAIN * domain + 10))
        except OSError:
            return False
    return True


def interrupt_on_termination() -> None:
    """Treat SIGTERM as Ctrl-C, so that everything started is ended then too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _interrupt_with_parent() -> None:
    """Let the kernel send this process SIGINT when its parent dies, even when it is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


class GraphProcess:
    """`ros2 launch groot_ros humanoid.launch.py` as a child, or another launch file.

    Args:
        domain: ROS_DOMAIN_ID of the child.
        arguments: Launch arguments by name.
        parameters: Parameters of every node, by name; written to `folder`.
        folder: Where parameters and the log go.
        launch_file: Which file of this package to launch.
        discovery: ROS_AUTOMATIC_DISCOVERY_RANGE of the child: which machines it talks to.
    """

    def __init__(
        self,
        domain: int,
        arguments: Mapping[str, str],
        parameters: Mapping[str, Any],
        folder: Path,
        launch_file: str = 'humanoid.launch.py',
        discovery: str = 'LOCALHOST',
    ) -> None:
        self.log = folder / 'launch.log'
        params_file = folder / 'parameters.yaml'
        params_file.write_text(yaml.safe_dump({'/**': {'ros__parameters': dict(parameters)}}))
        command = ['ros2', 'launch', 'groot_ros', launch_file]
        asked = {'params_file': str(params_file)} | dict(arguments)
        command += [f'{name}:={value}' for name, value in asked.items()]
        environment = os.environ | {
            'ROS_DOMAIN_ID': str(domain), 'ROS_AUTOMATIC_DISCOVERY_RANGE': discovery}
        with self.log.open('wb') as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=environment, start_new_session=True, preexec_fn=_interrupt_with_parent)

    def __enter__(self) -> Self:
        """Return the running graph."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every process of the graph."""
        self.stop()

    def check(self) -> None:
        """Raise GraphError, with the end of the log, if the graph has ended."""
        if self._process.poll() is not None:
            raise GraphError(
                f'the graph ended with exit code {self._process.returncode}; its log ends:\n'
                + '\n'.join(self.log.read_text(errors='replace').splitlines()[-25:]))

    def stop(self) -> None:
        """End every process of the graph and wait until none is left."""
        for number, patience in ENDINGS:
            if not self._signal(number):
                break
            deadline = time.monotonic() + patience
            while self._is_alive() and time.monotonic() < deadline:
                time.sleep(POLL_S)

    def _is_alive(self) -> bool:
        self._process.poll()  # collects the exit code, else a dead child counts as alive
        return self._signal(0)

    def _signal(self, number: int) -> bool:
        """Send a signal to the whole group; returns whether the group still has a process."""
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return False
        return True
