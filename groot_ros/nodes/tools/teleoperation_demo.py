"""Record demonstrations in simulation: a script leads the hand by poses, as a tracker would."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from std_srvs.srv import SetBool, Trigger

from groot_ros.embodiment import load_embodiment
from groot_ros.evaluation.report import format_table
from groot_ros.nodes.tools.episode_tape import FILM_HZ, EpisodeTape
from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_process import (
    Domain,
    GraphError,
    GraphProcess,
    interrupt_on_termination,
)
from groot_ros.nodes.tools.scripted_person import ScriptedPerson
from groot_ros.simulation.expert import touch_plan
from groot_ros.simulation.film import Moment, film_episode, write_video
from groot_ros.simulation.scenario import draw_scenario
from groot_ros.simulation.trajectory import Trajectory
from groot_ros.simulation.world import TabletopWorld
from groot_ros.srv import ResetEpisode
from groot_ros.terminal import watched

FIRST_SEED = 3_000_000
"""Neither trained on, evaluated on nor shown by the demo."""
START_PATIENCE_S = 120.0
EPISODE_PATIENCE_S = 60.0
SETTLE_S = 0.7
"""How long the hand is given to arrive, and to come to rest."""
TRIES = 3
BUSY = {'max_state_age_s': 0.5, 'max_target_age_s': 0.5}
"""A simulated robot on a busy machine is late, not lost [s]."""
DEVICE = 'scripted poses'


class Episode(NamedTuple):
    """One recorded demonstration.

    Attributes:
        seed: Of the scene.
        instruction: What was shown.
        success: Whether the right block was touched, and no other before.
        bag: What the recorder said of where it is.
    """

    seed: int
    instruction: str
    success: bool
    bag: str


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the command line as values."""
    parser = argparse.ArgumentParser(prog='teleoperation_demo', description=__doc__)
    parser.add_argument('--episodes', type=int, default=10)
    parser.add_argument('--seed', type=int, default=FIRST_SEED, help='first scene')
    parser.add_argument('--folder', type=Path, default=Path('recordings'),
                        help='where the episodes go, each a bag of its own')
    parser.add_argument('--operator', default='script', help='goes into the facts of each bag')
    parser.add_argument('--licence', default='', help='goes into the facts of each bag')
    parser.add_argument('--json', type=Path, help='where to write the results')
    parser.add_argument('--video', type=Path, help='where to write a film of the episodes')
    return parser.parse_args(arguments)


def record(asked: argparse.Namespace) -> tuple[list[Episode], dict[int, list[Moment]]]:
    """Start robot, teleoperator and recorder and show every scene once.

    Raises:
        GraphError: If the graph does not come up or ends early.
    """
    arguments = {
        'input': 'pose', 'simulation': 'true', 'record': 'true', 'log_level': 'warn',
        'folder': str(asked.folder.resolve()), 'operator': asked.operator,
        'licence': asked.licence, 'teleoperation_device': DEVICE}
    domain = Domain()
    episodes: list[Episode] = []
    films: dict[int, list[Moment]] = {}
    with (
        tempfile.TemporaryDirectory(prefix='groot_ros_') as folder,
        GraphProcess(domain.number, arguments, BUSY | {'clutch_button': -1}, Path(folder),
                     'teleoperate.launch.py') as graph,
        GraphClient(domain.number, graph.check) as client,
    ):
        person = ScriptedPerson(client.node)
        (camera,) = load_embodiment('unitree_g1').cameras
        tape = EpisodeTape(client.node, camera.topic)
        client.watch(tape.add)
        for seed in range(asked.seed, asked.seed + asked.episodes):
            episode = show(client, person, seed)
            episodes.append(episode)
            films[seed] = tape.take(seed)
            print(f'scene {seed}: {episode.instruction!r} '
                  f'{"succeeded" if episode.success else "FAILED"}', flush=True)
    return episodes, films


def show(client: GraphClient, person: ScriptedPerson, seed: int) -> Episode:
    """Record one scene: touch the block that it asks for."""
    block, instruction = set_scene(client, person, seed)
    client.set_instruction(instruction)
    _demand(client, 'recorder/start')
    success = False
    for _ in range(TRIES):
        success = success or touch(client, person, block)
    noted = client.call_service(SetBool, 'recorder/success', SetBool.Request(data=success))
    if not noted.success:
        raise GraphError(f'recorder/success: {noted.message}')
    bag = _demand(client, 'recorder/stop')
    client.set_instruction('')
    return Episode(seed, instruction, success, bag)


def touch(client: GraphClient, person: ScriptedPerson, block: NDArray[np.float64]) -> bool:
    """Lead the hand from where it is to a block; returns whether the task is done.

    Motion counts from where the clutch engages, so a hand that was held up on its way ends short
    of the block. A person who sees that lets go, takes the device back and leads on.
    """
    start, begun = person.hand, time.monotonic()
    path = Trajectory(start, touch_plan(start, block))
    person.lead(path)

    def is_over() -> bool:
        done = client.task_state is not None and client.task_state.succeeded
        return done or time.monotonic() > begun + path.duration + SETTLE_S

    client.spin_until(is_over, EPISODE_PATIENCE_S, 'the end of the way')
    success = client.task_state is not None and client.task_state.succeeded
    person.let_go()
    let_go = time.monotonic()
    client.spin_until(
        lambda: time.monotonic() > let_go + SETTLE_S, EPISODE_PATIENCE_S, 'the hand to rest')
    return success


def set_scene(
    client: GraphClient, person: ScriptedPerson, seed: int
) -> tuple[NDArray[np.float64], str]:
    """Put the robot into a scene; returns where the block is [m] and what to do."""
    client.call_service(SetBool, 'run_simulation', SetBool.Request(data=False))
    scene = client.call_service(
        ResetEpisode, 'reset_episode', ResetEpisode.Request(seed=seed, task='touch'))
    if not scene.success:
        raise GraphError(f'reset_episode refused seed {seed}: {scene.message}')
    _demand(client, 'teleoperator/reset')
    client.call_service(SetBool, 'run_simulation', SetBool.Request(data=True))
    person.forget()
    client.task_state = None

    def is_seen() -> bool:
        return person.is_ready and client.task_state is not None and (
            client.task_state.seed == seed)

    client.spin_until(
        is_seen, START_PATIENCE_S,
        'the teleoperator to know the hand')
    pose = scene.block_poses[scene.block_names.index(scene.target_block)]
    return np.array([pose.position.x, pose.position.y, pose.position.z]), scene.instruction


def _demand(client: GraphClient, service: str) -> str:
    answer = client.call_service(Trigger, service, Trigger.Request())
    if not answer.success:
        raise GraphError(f'{service}: {answer.message}')
    return str(answer.message)


def film(films: dict[int, list[Moment]], episodes: Sequence[Episode], path: Path) -> None:
    """Film every episode into one video."""
    def pictures() -> Iterator[NDArray[np.uint8]]:
        with TabletopWorld() as world:
            for episode in episodes:
                yield from film_episode(
                    world, draw_scenario(episode.seed, 'touch'), episode.instruction,
                    films[episode.seed])

    total = sum(map(len, films.values()))
    write_video(path, watched(pictures(), 'pictures', total), FILM_HZ)


def main(arguments: Sequence[str] | None = None) -> int:
    """Record the demonstrations; returns the exit code."""
    asked = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    interrupt_on_termination()
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    try:
        episodes, films = record(asked)
    except GraphError as error:
        print(f'teleoperation_demo: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('\ninterrupted: every process of the graph has ended')
        return 130
    rows = [(str(each.seed), each.instruction, 'success' if each.success else 'failure', each.bag)
            for each in episodes]
    print(format_table(('scene', 'instruction', 'outcome', 'recorder'), rows))
    print(f'\n{sum(each.success for each in episodes)} of {len(episodes)} succeeded')
    if asked.json:
        asked.json.write_text(json.dumps([each._asdict() for each in episodes], indent=1) + '\n')
    if asked.video:
        film(films, episodes, asked.video)
    return 0
