"""Command messages, of a bag or of a replay, as a run that can be compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from groot_ros.data.bags import Bag, BagError, Recorded
from groot_ros.data.datasets.stamps import stamp_of
from groot_ros.embodiment import CommandOutput
from groot_ros.replay.commands import CommandSeries, FloatArray, Run, Solve
from groot_ros.replay.recording import Recording

AT_REST = ' at rest'
"""Added to the name of an output of trajectories: where each of them ends."""
POLICY_TOPICS = ('step_done', 'goal_tokens', 'action_chunk')


def read_recorded(recording: Recording) -> Run:
    """Return what the policy did while the bag was recorded.

    Raises:
        BagError: If it commanded nothing, or a message cannot be read.
    """
    recording.check_commands()
    topics = [*recording.outputs, *map(recording.topic, POLICY_TOPICS)]
    with Bag(recording.folder) as bag:
        return read_run(bag.messages(topics), recording)


def read_run(messages: Iterable[Recorded], recording: Recording) -> Run:
    """Return commands and solves from the messages of a policy.

    The commands of a step-locked run have the stamps of the ticks that the controller reported
    done; others are placed by their reception.

    Args:
        messages: In the order of reception.
        recording: Names robot and topics.

    Raises:
        BagError: If a command is none for the robot.
    """
    by_topic: dict[str, list[Recorded]] = defaultdict(list)
    for each in messages:
        by_topic[each.topic].append(each)
    ticks = [stamp_of(each.message) for each in by_topic[recording.topic('step_done')]
             if each.message.commands]
    outputs = {each.name: each for each in recording.robot.outputs}
    commands: dict[str, CommandSeries] = {}
    for topic, name in recording.outputs.items():
        if not (given := by_topic[topic]):
            continue
        output = outputs[name]
        commands[name] = _series(given, output, ticks, 0)
        if output.interface == 'joint_trajectory':
            commands[name + AT_REST] = _series(given, output, ticks, -1)
    return Run(commands, _solves(by_topic[recording.topic('goal_tokens')],
                                 by_topic[recording.topic('action_chunk')]))


def _series(
        messages: list[Recorded], output: CommandOutput, ticks: list[int], point: int
) -> CommandSeries:
    """Return one point of every trajectory, or of every position stream its only one."""
    stamps = ticks if len(ticks) == len(messages) else [each.stamp_ns for each in messages]
    positions = np.array([_positions(each.message, output, point) for each in messages])
    return CommandSeries(output.joints, np.array(stamps) * 1e-9, positions)


def _positions(message: Any, output: CommandOutput, point: int) -> FloatArray:
    """Return the targets of a command in the order of its output [rad], shape (num_joints,)."""
    if output.interface == 'float64_multi_array':
        names, values = output.joints, np.asarray(message.data, np.float64)
    else:
        names = tuple(message.joint_names)
        values = np.asarray(
            message.points[point].positions if message.points else (), np.float64)
    if set(names) != set(output.joints) or len(names) != len(values):
        raise BagError(
            f'a command to {output.name} has {len(values)} values for {", ".join(names)}: the '
            f'embodiment commands {", ".join(output.joints)}')
    return values[[names.index(joint) for joint in output.joints]]


def _solves(tokens: list[Recorded], chunks: list[Recorded]) -> list[Solve]:
    images: Mapping[int, int] = {
        each.message.sequence: stamp_of(each.message) for each in tokens}
    return [Solve(images[each.message.token_sequence] * 1e-9, each.stamp_ns * 1e-9)
            for each in chunks if each.message.token_sequence in images]
