"""The expert does each task, also from where it was led astray; its hand goes where planned."""

import numpy as np
import pytest

from groot_ros.simulation.expert import ScriptedExpert
from groot_ros.simulation.kinematics import HandKinematics, pitch_and_roll, tilted
from groot_ros.simulation.scenario import HOME, all_goals, draw_scenario
from groot_ros.simulation.tasks import TaskMonitor
from groot_ros.simulation.timing import steps_until
from groot_ros.simulation.trajectory import HandPose, Trajectory, Waypoint
from groot_ros.simulation.world import TabletopWorld

START = HandPose(np.array((0.2, -0.3, 0.9)), 0.7)
END = HandPose(np.array((0.3, -0.1, 0.8)), 0.3, -1.0, 0.0)


@pytest.mark.parametrize(('task', 'seed'), [
    ('touch', 31), ('touch', 32), ('push', 31), ('push', 32), ('place', 31), ('place', 32)])
def test_it_does_the_task(world: TabletopWorld, task: str, seed: int) -> None:
    scenario = draw_scenario(seed, task)
    world.reset(scenario)
    assert run(world, ScriptedExpert(world, scenario)).success


@pytest.mark.parametrize('seed', range(40, 48))
def test_it_goes_to_no_other_block(world: TabletopWorld, seed: int) -> None:
    scenario = draw_scenario(seed, 'push' if seed % 2 else 'touch', num_blocks=3)
    world.reset(scenario)
    assert run(world, ScriptedExpert(world, scenario)).first_touched == scenario.target_block


def test_a_hand_low_among_the_blocks_rises_before_it_moves_on(world: TabletopWorld) -> None:
    scenario = draw_scenario(31, 'touch', num_blocks=3)
    others = [goal for goal in all_goals(scenario)
              if goal.task == 'touch' and goal.target_block != scenario.target_block]
    world.reset(scenario)
    elsewhere = run(world, ScriptedExpert(world, others[0]))
    assert elsewhere.first_touched == others[0].target_block
    height = world.grasp_point[2]
    expert = ScriptedExpert(world, scenario)
    start = expert.pose.position
    while np.linalg.norm(expert.pose.position[:2] - start[:2]) < 0.01:
        expert.act()
    assert expert.pose.position[2] > height + 0.02


def test_it_comes_back_after_straying_with_a_block_in_the_hand(world: TabletopWorld) -> None:
    scenario = draw_scenario(31, 'place')
    world.reset(scenario)
    expert = ScriptedExpert(world, scenario)
    for tick in range(600):
        advance(world, expert, tick)
        if world.block_pose(scenario.target_block)[0][2] > 0.81:
            break
    expert.stray(np.array((0.03, 0.03, 0.02)), 0.3)
    while not expert.done:
        tick += 1
        advance(world, expert, tick)
    expert.replan()
    assert run(world, expert).success


def test_a_trajectory_starts_and_ends_at_rest_where_it_should() -> None:
    trajectory = Trajectory(START, [Waypoint(END)])
    step = 1e-3
    for time, pose in ((0.0, START), (trajectory.duration, END)):
        at = trajectory.at(time).vector()
        np.testing.assert_allclose(at, pose.vector(), atol=1e-12)
        for near in (time - step, time + step):
            speed = np.abs(trajectory.at(near).vector() - at).max() / step
            assert speed < 1e-4


def test_overlapping_segments_do_not_stop_between() -> None:
    middle = HandPose(np.array((0.3, -0.1, 0.9)), 0.3)
    apart = Trajectory(START, [Waypoint(middle), Waypoint(END)])
    joined = Trajectory(START, [Waypoint(middle), Waypoint(END, overlap=0.15)])
    assert joined.duration == pytest.approx(apart.duration - 0.15)
    np.testing.assert_allclose(joined.at(joined.duration).vector(), END.vector(), atol=1e-12)
    times = np.linspace(0.3, joined.duration - 0.3, 200)
    path = np.array([joined.at(time).position for time in times])
    assert np.linalg.norm(np.diff(path, axis=0), axis=1).min() > 0


@pytest.mark.parametrize('position', [
    (0.27, -0.27, 0.77), (0.27, 0.03, 0.77), (0.41, -0.27, 0.77), (0.41, 0.03, 0.77)])
def test_the_hand_reaches_every_block(
    world: TabletopWorld, position: tuple[float, float, float],
) -> None:
    kinematics = HandKinematics(world)
    kinematics.set_joints(HOME)
    rotation = tilted(np.deg2rad(15), np.deg2rad(-65))
    for _ in range(200):
        kinematics.move(np.array(position), rotation)
    assert np.linalg.norm(kinematics.grasp_point - position) < 4e-3
    assert np.arccos((np.trace(kinematics.rotation.T @ rotation) - 1) / 2) < np.deg2rad(2)


def test_pitch_and_roll_invert_tilted() -> None:
    assert pitch_and_roll(tilted(0.4, -1.1)) == pytest.approx((0.4, -1.1))


def run(world: TabletopWorld, expert: ScriptedExpert) -> TaskMonitor:
    """Let the expert finish, and hold its last pose for 0.6 s."""
    monitor = TaskMonitor(world)
    tick = hold = 0
    while hold < 72:
        advance(world, expert, tick)
        monitor.update()
        tick += 1
        hold += expert.done
    return monitor


def advance(world: TabletopWorld, expert: ScriptedExpert, tick: int) -> None:
    world.set_targets(expert.act())
    world.step(steps_until(tick + 1) - steps_until(tick))
