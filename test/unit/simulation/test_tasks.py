"""A task is done when the world is as it asks, whoever brought it there."""

from dataclasses import replace

import numpy as np
import pytest

from groot_ros.simulation.expert import CLOSED_HAND
from groot_ros.simulation.kinematics import CHAIN_INDICES, HandKinematics, tilted
from groot_ros.simulation.scenario import HOME, Scenario, draw_scenario
from groot_ros.simulation.tasks import TaskMonitor
from groot_ros.simulation.world import TabletopWorld

BLOCKS = {'red': (0.34, -0.1), 'green': (0.29, -0.24), 'blue': (0.30, 0.02)}


def scene(task: str, destination: str = '') -> Scenario:
    """Return a scene of three blocks at BLOCKS whose target is the red one."""
    drawn = draw_scenario(5, task, num_blocks=3)
    blocks = tuple(
        replace(block, position=BLOCKS[block.colour], yaw=0.0) for block in drawn.blocks)
    return replace(drawn, blocks=blocks, target_block='red', destination=destination)


def begin(world: TabletopWorld, scenario: Scenario) -> TaskMonitor:
    world.reset(scenario)
    monitor = TaskMonitor(world)
    monitor.update()
    assert not monitor.success
    return monitor


def put(world: TabletopWorld, colour: str, position: tuple[float, float, float],
        quaternion: tuple[float, float, float, float] = (1, 0, 0, 0)) -> None:
    world.data.joint(f'{colour}_block').qpos = (*position, *quaternion)
    world.step(1)


def reach(world: TabletopWorld, position: tuple[float, float, float]) -> None:
    """Put the closed right hand at `position`, palm down."""
    kinematics = HandKinematics(world)
    joints = HOME.copy()
    joints[-7:] = CLOSED_HAND
    kinematics.set_joints(joints)
    for _ in range(100):
        joints[CHAIN_INDICES] = kinematics.move(
            np.array(position), tilted(np.deg2rad(15), np.deg2rad(-65)))
    world.teleport(joints)


@pytest.mark.parametrize(('side', 'way'), [('left', 0.065), ('right', -0.065)])
def test_a_push_is_six_centimetres_to_the_named_side(
    world: TabletopWorld, side: str, way: float,
) -> None:
    monitor = begin(world, scene('push', side))
    x, y = BLOCKS['red']
    for fraction, done in ((-1.0, False), (0.85, False), (1.0, True)):
        put(world, 'red', (x, y + fraction * way, 0.76))
        monitor.update()
        assert monitor.success == done
    assert monitor.succeeded


def test_a_block_pushed_over_does_not_count(world: TabletopWorld) -> None:
    monitor = begin(world, scene('push', 'left'))
    put(world, 'red', (0.34, -0.02, 0.748), (np.sqrt(0.5), np.sqrt(0.5), 0, 0))
    monitor.update()
    assert not monitor.success


def test_a_push_must_not_shift_other_blocks(world: TabletopWorld) -> None:
    monitor = begin(world, scene('push', 'left'))
    put(world, 'red', (0.34, -0.03, 0.76))
    put(world, 'green', (0.33, -0.24, 0.76))
    monitor.update()
    assert not monitor.success


def test_only_the_named_block_at_rest_in_the_named_bin_is_placed(world: TabletopWorld) -> None:
    scenario = scene('place', 'yellow')
    monitor = begin(world, scenario)
    x, y = scenario.bin('purple').position
    put(world, 'red', (x, y, 0.77))
    world.step(250)
    monitor.update()
    assert not monitor.success
    x, y = scenario.bin('yellow').position
    put(world, 'red', (x, y, 0.90))
    monitor.update()
    assert not monitor.success  # it falls
    world.step(500)
    monitor.update()
    assert monitor.success


def test_another_block_in_the_bin_is_no_success(world: TabletopWorld) -> None:
    scenario = scene('place', 'yellow')
    monitor = begin(world, scenario)
    put(world, 'green', (*scenario.bin('yellow').position, 0.77))
    world.step(250)
    monitor.update()
    assert not monitor.success


def test_touching_the_named_block_first_is_a_touch(world: TabletopWorld) -> None:
    monitor = begin(world, scene('touch'))
    reach(world, (*BLOCKS['red'], 0.785))
    monitor.update()
    assert monitor.touched_block == monitor.first_touched == 'red'
    assert monitor.success


def test_touching_another_block_first_spoils_a_touch(world: TabletopWorld) -> None:
    monitor = begin(world, scene('touch'))
    reach(world, (*BLOCKS['green'], 0.785))
    monitor.update()
    assert (monitor.first_touched, monitor.approached_block) == ('green', 'green')
    reach(world, (*BLOCKS['red'], 0.785))
    monitor.update()
    assert monitor.touched_block == 'red'
    assert not monitor.success


def test_passing_high_over_a_block_is_no_approach(world: TabletopWorld) -> None:
    monitor = begin(world, scene('touch'))
    reach(world, (*BLOCKS['green'], 0.90))
    monitor.update()
    assert monitor.approached_block == ''
    reach(world, (BLOCKS['red'][0], BLOCKS['red'][1], 0.845))
    monitor.update()
    assert monitor.approached_block == 'red'
