"""The expert's demonstrations: what the policy would have seen, and what it should have done."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.demonstrations import Demonstration, Recording, write_episode
from groot_ros.observation.images import crop_and_resize
from groot_ros.simulation.disturbance import Disturbance
from groot_ros.simulation.expert import ScriptedExpert
from groot_ros.simulation.keypoints import keypoints
from groot_ros.simulation.scenario import (
    FIRST_VALIDATION_SEED,
    TASKS,
    Scenario,
    Task,
    draw_scenario,
)
from groot_ros.simulation.scene import HEAD_CAMERA
from groot_ros.simulation.tasks import TaskMonitor
from groot_ros.simulation.timing import steps_until
from groot_ros.simulation.world import TabletopWorld
from groot_ros.terminal import watched

TICKS_PER_STATE = 6
TICKS_PER_IMAGE = 12
HOLD_TICKS = 72
"""The last pose is kept this long, so that the policy learns to end at rest."""
MAX_TICKS = 1800
RECORDING = Recording(crop=(0.20, 0.27, 0.76, 0.57), image_size=(128, 96))
"""Part of the head camera's image that holds the table in front of the robot."""


@dataclass
class _Tape:
    """What is recorded of an episode, at the rates of the policy."""

    images: list[NDArray[np.uint8]]
    keypoints: list[NDArray[np.float32]]
    state: list[NDArray[np.float64]]
    command: list[NDArray[np.float64]]
    valid: list[bool]


def demonstrate(world: TabletopWorld, scenario: Scenario) -> Demonstration | None:
    """Let the expert do `scenario`; return the recording, or None if the expert failed."""
    rng = np.random.default_rng((scenario.seed, 1))
    world.reset(scenario)
    disturbance = Disturbance(world, rng)
    disturbance.unsettle()
    monitor = TaskMonitor(world)
    expert = ScriptedExpert(world, scenario)
    tape = _Tape([], [], [], [], [])
    tick, hold = 0, 0
    is_free = False
    while hold < HOLD_TICKS and tick < MAX_TICKS:
        if expert.done:
            hold += 1
        disturbance.act(expert, tick)
        command = expert.act()
        _record(tape, world, tick, command, not disturbance.is_straying)
        world.set_targets(command + disturbance.noise())
        world.step(steps_until(tick + 1) - steps_until(tick))
        # A hand that was at another block leaves it before anything counts.
        is_free = is_free or not world.touched_blocks()
        if is_free:
            monitor.update()
        tick += 1
    if not (monitor.succeeded if scenario.task == 'touch' else monitor.success):
        return None
    return Demonstration(
        scenario.task, scenario.target_block, scenario.destination, scenario.seed,
        np.stack(tape.images), np.arange(len(tape.images)) * TICKS_PER_IMAGE,
        np.asarray(tape.state, np.float32), np.asarray(tape.command, np.float32),
        np.asarray(tape.valid), np.stack(tape.keypoints))


def _record(tape: _Tape, world: TabletopWorld, tick: int, command: NDArray[np.float64],
            valid: bool) -> None:
    if tick % TICKS_PER_IMAGE == 0:
        tape.images.append(crop_and_resize(
            world.render(HEAD_CAMERA), RECORDING.crop, RECORDING.image_size))
        tape.keypoints.append(keypoints(world, RECORDING.crop))
    if tick % TICKS_PER_STATE == 0:
        tape.state.append(world.joint_positions)
        tape.command.append(command)
        tape.valid.append(valid)


_world: TabletopWorld | None = None


def _generate(job: tuple[int, Path, Task | None]) -> bool:
    global _world
    seed, folder, task = job
    if _world is None:
        _world = TabletopWorld()
    demonstration = demonstrate(_world, draw_scenario(seed, task))
    if demonstration is None:
        (folder / f'{seed:07d}.failed').touch()
        return False
    write_episode(folder / f'{seed:07d}.npz', demonstration)
    return True


def _jobs(options: argparse.Namespace) -> Iterator[tuple[int, Path, Task | None]]:
    for seed in range(options.seed, options.seed + options.episodes):
        name = options.output / f'{seed:07d}'
        if not (name.with_suffix('.npz').exists() or name.with_suffix('.failed').exists()):
            yield seed, options.output, options.task


def main(arguments: list[str] | None = None) -> int:
    """Generate demonstrations; what is there already is kept."""
    parser = argparse.ArgumentParser(
        prog='generate_demonstrations',
        description='Let the scripted expert do tabletop tasks in simulation and record it.')
    parser.add_argument('--output', type=Path, required=True, help='folder of the episodes')
    parser.add_argument('--episodes', type=int, default=1500, help='scenarios to try')
    parser.add_argument('--seed', type=int, default=0, help='first scenario seed')
    parser.add_argument('--task', choices=TASKS, help='only this task')
    parser.add_argument('--workers', type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    if not 0 <= options.seed <= FIRST_VALIDATION_SEED - options.episodes:
        parser.error(f'seeds from {FIRST_VALIDATION_SEED} on are for validation and evaluation')
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / Recording.FILE).write_text(json.dumps(RECORDING.to_dict()))
    jobs = list(_jobs(options))
    with multiprocessing.get_context('spawn').Pool(options.workers) as pool:
        done = list(watched(pool.imap_unordered(_generate, jobs), 'scenarios', len(jobs)))
    print(f'{sum(done)} of {len(done)} new scenarios demonstrated, '
          f'{len(done) - sum(done)} failed and were left out')
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
