"""What happens when, from a camera image to the first command that follows from it.

    scripts/env --with data python docs/pictures/timing.py [--seconds 30] [--redraw]

Measures the whole graph in real time on two cores, writes timing.json and draws images/timing.png
from it; --redraw draws only. Times are those at which a message was handed to the middleware (its
source time stamp), counted from the capture of the image.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
FIGURES, PICTURE = HERE / 'timing.json', HERE.parent / 'images' / 'timing.png'
CORES = 2
WARM_UP_S = 3.0
SCENE = 2_000_000
CONTROL_HZ = 120.0
TICK_NS = 1e9 / CONTROL_HZ
COLOURS = {'robot': '#8a8f98', 'perception': '#4c9f70', 'planner': '#d08c2c',
           'System 1': '#3b78b5', 'controller': '#b5483b'}


class Chains:
    """Times of everything that followed from each image.

    Args:
        node: Listens, in the graph's domain.
    """

    def __init__(self, node: Any) -> None:
        from sensor_msgs.msg import Image
        from trajectory_msgs.msg import JointTrajectory

        from groot_ros.embodiment import load_embodiment
        from groot_ros.msg import ActionChunk, GoalTokens, Observation
        from groot_ros.nodes.shared.qos import EVERY
        robot = load_embodiment('unitree_g1')
        self.images: dict[int, int] = {}
        self.observations: dict[int, int] = {}
        self.tokens: dict[int, tuple[int, int, float]] = {}
        self.chunks: dict[int, tuple[int, int, float]] = {}
        self.commands: list[int] = []

        def listen(kind: type, topic: str, note: Callable[[Any, int], None]) -> None:
            node.create_subscription(
                kind, topic, lambda message, about: note(message, about['source_timestamp']),
                EVERY)

        listen(Image, robot.cameras[0].topic,
               lambda m, sent: self.images.setdefault(_stamp(m), sent))
        listen(Observation, 'observation',
               lambda m, sent: self.observations.setdefault(_stamp(m.images[0]), sent))
        listen(GoalTokens, 'goal_tokens', lambda m, sent: self.tokens.setdefault(
            m.sequence, (_stamp(m), sent, m.encode_time)))
        listen(ActionChunk, 'action_chunk', lambda m, sent: self.chunks.setdefault(
            m.token_sequence, (_stamp(m), sent, m.solve_time)))
        listen(JointTrajectory, robot.outputs[0].topic,
               lambda _, sent: self.commands.append(sent))

    def rows(self) -> list[dict[str, float]]:
        """Return the times of each complete chain [ms]."""
        rows = []
        commands = np.array(sorted(self.commands))
        for sequence, (capture, sent, encode) in self.tokens.items():
            if sequence not in self.chunks or not {capture} <= (
                    self.images.keys() & self.observations.keys()):
                continue
            state, joined, solve = self.chunks[sequence]
            # In a tick the command goes out first, then the chunk that it follows.
            of_tick = commands[(commands <= joined) & (commands > joined - TICK_NS / 2)]
            if len(of_tick):
                rows.append({name: (at - capture) * 1e-6 for name, at in {
                    'image': self.images[capture], 'observation': self.observations[capture],
                    'tokens': sent, 'state': state, 'command': int(of_tick[-1])}.items()}
                    | {'encode': 1e3 * encode, 'solve': 1e3 * solve})
        return rows


def measure(seconds: float) -> dict[str, Any]:
    """Run one long episode and return median, 5 % and 95 % of each time [ms]."""
    from groot_ros.model.finding import find_checkpoint
    from groot_ros.nodes.tools.demo import choose_scenes
    from groot_ros.nodes.tools.evaluation_graphs import START_PATIENCE_S
    from groot_ros.nodes.tools.graph_client import GraphClient
    from groot_ros.nodes.tools.graph_process import (
        Domain,
        GraphProcess,
        interrupt_on_termination,
    )
    interrupt_on_termination()
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    domain = Domain()
    arguments = {'checkpoint': str(find_checkpoint('g1_tabletop')), 'log_level': 'warn'}
    with (
        tempfile.TemporaryDirectory(prefix='groot_ros_') as folder,
        GraphProcess(domain.number, arguments, {}, Path(folder)) as graph,
        GraphClient(domain.number, graph.check) as client,
    ):
        client.wait_until_active(START_PATIENCE_S)
        client.start_episode(next(choose_scenes(None, SCENE)))
        _spin(client, WARM_UP_S)
        chains = Chains(client.node)
        _spin(client, seconds)
        load = os.getloadavg()[0]
    rows = chains.rows()
    if not rows:
        raise SystemExit('timing: no command followed from any image: does the policy run?')
    times = {name: np.quantile([row[name] for row in rows], (0.5, 0.05, 0.95)).round(2).tolist()
             for name in rows[0]}
    return {'images': len(rows), 'seconds': seconds, 'cores': CORES, 'load': round(load, 1),
            'control_hz': CONTROL_HZ, 'times_ms': times}


def _spin(client: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        client.spin_once()


def _stamp(message: Any) -> int:
    stamp = message.header.stamp
    return stamp.sec * 10**9 + stamp.nanosec


def draw(figures: Mapping[str, Any], path: Path) -> None:
    """Draw who works when; whiskers reach from 5 % to 95 %."""
    from matplotlib.figure import Figure
    middle = {name: values[0] for name, values in figures['times_ms'].items()}
    rows = [
        ('camera', 'robot', 0.0, 'image', 'drawn or read out, and sent'),
        ('perception', 'perception', middle['image'], 'observation',
         'cuts the image, adds the joints'),
        ('planner\n(System 2)', 'planner', middle['observation'], 'tokens',
         f'encodes ({middle["encode"]:.1f} ms) to goal tokens'),
        ('solver\n(System 1)', 'System 1', middle['tokens'], 'command',
         f'a tick asks, {middle["solve"]:.1f} ms to a chunk, a tick takes it'),
    ]
    figure = Figure(figsize=(9.5, 4.2), layout='constrained')
    axis = figure.subplots()
    for number, (_, who, start, end, does) in enumerate(rows):
        axis.barh(number, middle[end] - start, left=start, height=0.5, color=COLOURS[who])
        low, high = figures['times_ms'][end][1:]
        axis.plot([low, high], [number, number], color='0.15', linewidth=1.2)
        axis.text(max(middle[end], high) + 0.8, number,
                  f'{middle[end]:.1f} ms  {does}', va='center', fontsize=9)
    ticks = np.arange(middle['command'] % (1e3 / figures['control_hz']), 2.1 * middle['command'],
                      1e3 / figures['control_hz'])
    last = len(rows)
    axis.plot(ticks, np.full_like(ticks, last), '|', color=COLOURS['controller'], markersize=16)
    axis.plot(middle['command'], last, 'o', color=COLOURS['controller'])
    axis.annotate(f'{middle["command"]:.1f} ms: first command that follows from this image',
                  (middle['command'], last), (middle['command'], last + 0.62), fontsize=9,
                  ha='center', arrowprops={'arrowstyle': '-', 'color': '0.5'})
    axis.set_yticks(range(last + 1), [row[0] for row in rows] + ['controller\n120 Hz ticks'])
    axis.set_ylim(last + 1.0, -0.6)
    axis.set_xlim(0.0, 2.1 * middle['command'])
    axis.set_xlabel('since the capture of the image [ms]; median, line from 5 % to 95 %')
    axis.set_title(f'{figures["images"]} images in {figures["seconds"]:.0f} s, '
                   f'{figures["cores"]} cores, load {figures["load"]:.1f}', fontsize=10)
    for side in ('top', 'right'):
        axis.spines[side].set_visible(False)
    figure.savefig(path, dpi=110, bbox_inches='tight')


def main() -> None:
    """Measure and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seconds', type=float, default=30.0)
    parser.add_argument('--redraw', action='store_true', help='draw what was measured before')
    asked = parser.parse_args()
    if not asked.redraw:
        FIGURES.write_text(json.dumps(measure(asked.seconds), indent=1) + '\n')
    draw(json.loads(FIGURES.read_text()), PICTURE)


if __name__ == '__main__':
    main()
