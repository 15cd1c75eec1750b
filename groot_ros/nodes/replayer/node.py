"""Replay a bag into the live policy and compare what it commands with what was recorded."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from groot_ros.data.bags import BagError, MessageTypes
from groot_ros.embodiment import EmbodimentError
from groot_ros.nodes.replayer.errors import ReplayError
from groot_ros.nodes.replayer.real_time import RealTimeReplay
from groot_ros.nodes.replayer.stepped import SteppedReplay
from groot_ros.nodes.shared.parameters import ParameterError, declare_parameters, param
from groot_ros.replay import (
    MODES,
    ComparisonError,
    ReplayReport,
    Run,
    ThresholdError,
    compare,
    load_thresholds,
)
from groot_ros.replay.recording import Recording
from groot_ros.replay.renewing import renew
from groot_ros.replay.runs import read_recorded, read_run

FAILED, BAD_INPUT = 1, 2
"""Exit codes: the replay differs or broke off; bag, embodiment or thresholds cannot be used."""
INPUT_ERRORS = (
    BagError, EmbodimentError, ThresholdError, ComparisonError, ParameterError, OSError)


@dataclass(frozen=True)
class ReplayerParams:
    """Parameters of the replayer."""

    bag: str = param('', 'Folder of the bag.')
    mode: str = param(
        'exact', 'exact and fast go step by step with nodes that are step_locked, exact with the '
        'same commands every time; realtime plays at the pace of the bag.', choices=MODES)
    embodiment: str = param(
        '', 'Tag of the robot, or path of its YAML file; empty takes the one the bag names.')
    report: str = param('', 'Folder for replay.json and replay.png; empty writes none.')
    thresholds: str = param('', 'YAML file with what is allowed; empty takes the shipped one.')
    renew: str = param(
        '', 'Write the bag again as this folder, with the commands of this replay, and compare '
        'nothing; empty does not.')
    patience_s: float = param(
        60.0, 'Longest wait for an answer of the policy [s].', bounds=(1.0, 3600.0))


class Replayer(Node):
    """One replay, from the bag to the verdict."""

    def __init__(self) -> None:
        super().__init__('replayer')
        self._params = declare_parameters(self, ReplayerParams)

    def run(self, executor: SingleThreadedExecutor) -> int:
        """Replay and return the exit code.

        Raises:
            BagError, EmbodimentError, ThresholdError, ComparisonError: If what was given cannot
                be used.
            ReplayError: If the policy does not answer.
        """
        params = self._params
        recording = Recording(
            Path(params.bag), params.embodiment, self.get_namespace())
        if params.renew:
            return self._renew(recording, executor)
        thresholds = load_thresholds(
            params.mode, Path(params.thresholds) if params.thresholds else None)
        recorded = read_recorded(recording)
        replay = self._replay(recording, executor, recorded)
        replayed = read_run(replay.capture.messages(), recording)
        report = ReplayReport(
            {'bag': str(recording.folder), 'mode': params.mode,
             'robot': recording.describe_robot(),
             'policy': recording.describe_policy(replay.capture.fingerprint)},
            compare(recorded, replayed, match_within_s=thresholds.match_within_s), thresholds)
        print(report.text(), flush=True)
        if params.report:
            print(report.write(Path(params.report)), flush=True)
        return 0 if report.passed else FAILED

    def _replay(self, recording: Recording, executor: SingleThreadedExecutor,
                recorded: Run) -> SteppedReplay | RealTimeReplay:
        replay: SteppedReplay | RealTimeReplay
        if self._params.mode == 'realtime':
            first = min(each.stamps[0] for each in recorded.commands.values())
            replay = RealTimeReplay(
                self, executor, recording, first_command=first,
                patience=self._params.patience_s)
        else:
            replay = SteppedReplay(
                self, executor, recording, wait_for_vision=self._params.mode == 'exact',
                patience=self._params.patience_s)
        replay.run()
        return replay

    def _renew(self, recording: Recording, executor: SingleThreadedExecutor) -> int:
        target = Path(self._params.renew)
        if target.exists():
            raise BagError(f'{target} exists already: nothing is overwritten, give another folder')
        replay = SteppedReplay(
            self, executor, recording, wait_for_vision=True, patience=self._params.patience_s)
        replay.run()
        commands = [(each.topic, each.stamp_ns, each.cdr) for each in replay.capture.commands]
        renew(recording, target, commands, MessageTypes(), replay.capture.fingerprint)
        print(f'{target}: {len(commands)} commands written', flush=True)
        return 0


def main(args: Sequence[str] | None = None) -> int:
    """Replay one bag; returns the exit code."""
    rclpy.init(args=sys.argv if args is None else list(args))
    try:
        return _run()
    except INPUT_ERRORS as error:
        rclpy.logging.get_logger('replayer').fatal(str(error))
        return BAD_INPUT
    except ReplayError as error:
        rclpy.logging.get_logger('replayer').fatal(str(error))
        return FAILED
    except (KeyboardInterrupt, ExternalShutdownException):
        return FAILED
    finally:
        rclpy.try_shutdown()


def _run() -> int:
    node = Replayer()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        return node.run(executor)
    finally:
        executor.shutdown(timeout_sec=1.0)
        node.destroy_node()
