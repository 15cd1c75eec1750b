"""The world starts as its scenario says and moves as it is told."""

from pathlib import Path

import numpy as np
import pytest

from groot_ros.evaluation.stopping import AT_REST
from groot_ros.simulation.errors import SimulationError
from groot_ros.simulation.meshes import decimated_meshes
from groot_ros.simulation.robot import JOINTS, RIGHT_ARM, WAIST, find_menagerie
from groot_ros.simulation.scenario import HOME, draw_scenario
from groot_ros.simulation.world import TabletopWorld

THREE_BLOCKS = draw_scenario(21, 'touch', num_blocks=3)
ONE_BLOCK = draw_scenario(21, 'touch', num_blocks=1)


def test_it_starts_where_the_scenario_says(world: TabletopWorld) -> None:
    world.reset(THREE_BLOCKS)
    for block in THREE_BLOCKS.blocks:
        position, quaternion = world.block_pose(block.colour)
        np.testing.assert_allclose(position, (*block.position, 0.76), atol=1e-9)
        assert 2 * np.arctan2(quaternion[3], quaternion[0]) == pytest.approx(block.yaw)
    limits = world.joint_limits.T
    np.testing.assert_allclose(
        world.joint_positions, np.clip(THREE_BLOCKS.initial_joints, *limits))
    assert world.time == 0.0


def test_nothing_moves_by_itself(world: TabletopWorld) -> None:
    world.reset(THREE_BLOCKS)
    joints = world.joint_positions
    world.step(500)
    assert np.abs(world.joint_positions - joints).max() < 2e-3
    for block in THREE_BLOCKS.blocks:
        moved = world.block_pose(block.colour)[0] - (*block.position, 0.76)
        assert np.abs(moved).max() < 1e-3
    assert world.touched_blocks() == frozenset()
    assert world.time == pytest.approx(1.0)


def test_a_reset_leaves_nothing_of_the_episode_before(world: TabletopWorld) -> None:
    world.reset(THREE_BLOCKS)
    fresh = world.render('head')
    world.reset(draw_scenario(22))
    world.set_targets(np.zeros(len(JOINTS)))
    world.step(100)
    world.reset(THREE_BLOCKS)
    np.testing.assert_array_equal(world.render('head'), fresh)


def test_joints_reach_their_targets(world: TabletopWorld) -> None:
    world.reset(THREE_BLOCKS)
    targets = HOME.copy()
    targets[[JOINTS.index(name) for name in RIGHT_ARM[:4]]] += 0.1
    world.set_targets(targets)
    world.step(1000)
    np.testing.assert_allclose(world.joint_positions, targets, atol=5e-3)


@pytest.mark.parametrize('name', WAIST)
def test_the_body_does_not_swing_on_after_a_stop(world: TabletopWorld, name: str) -> None:
    world.reset(THREE_BLOCKS)
    targets, joint, step = world.targets.copy(), JOINTS.index(name), 4e-3
    for _ in range(100):  # 2 rad/s
        targets[joint] -= step
        world.set_targets(targets)
        world.step()
    assert abs(world.joint_velocities[joint]) > 1.5
    world.step(60)
    for _ in range(100):
        world.step()
        assert np.abs(world.joint_velocities).max() < AT_REST


def test_targets_beyond_the_limits_are_clipped(world: TabletopWorld) -> None:
    world.reset(THREE_BLOCKS)
    world.set_targets(np.full(len(JOINTS), 10.0))
    np.testing.assert_array_equal(world.targets, world.joint_limits[:, 1])


@pytest.mark.parametrize('targets', [np.zeros(30), np.full(31, np.nan)])
def test_targets_that_are_no_joint_positions_are_refused(
    world: TabletopWorld, targets: np.ndarray,
) -> None:
    world.reset(THREE_BLOCKS)
    with pytest.raises(SimulationError, match='31 finite numbers'):
        world.set_targets(targets)


def test_blocks_that_are_not_in_the_scene_are_not_seen(world: TabletopWorld) -> None:
    world.reset(THREE_BLOCKS)
    many = world.render('head').astype(int)
    world.reset(ONE_BLOCK)
    few = world.render('head').astype(int)
    colours = {'red': 0, 'green': 1, 'blue': 2}
    for colour, channel in colours.items():
        present = colour in [block.colour for block in ONE_BLOCK.blocks]
        assert _saturated(many, channel) > 30
        assert (_saturated(few, channel) > 30) == present


def test_images_have_the_size_said(world: TabletopWorld) -> None:
    world.reset(THREE_BLOCKS)
    assert world.render('head').shape == (240, 320, 3)
    assert world.render('front').shape == (480, 640, 3)
    with pytest.raises(SimulationError, match='no camera'):
        world.render('back')


def test_a_missing_model_is_said_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:
    monkeypatch.setenv('GROOT_ROS_MENAGERIE', str(tmp_path))
    with pytest.raises(SimulationError, match='set GROOT_ROS_MENAGERIE'):
        find_menagerie()


def test_small_meshes_are_made_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:
    source = tmp_path / 'meshes'
    source.mkdir()
    name = 'right_hand_thumb_0_link.STL'
    mesh = find_menagerie() / 'unitree_g1' / 'assets' / name
    (source / name).write_bytes(mesh.read_bytes())
    monkeypatch.setenv('GROOT_ROS_CACHE', str(tmp_path / 'cache'))
    folder = decimated_meshes(source, faces=100)
    # A binary STL has 50 bytes for each face; the reduction may stop a few faces early.
    assert (folder / name).stat().st_size < 84 + 50 * 150 < mesh.stat().st_size
    made = (folder / name).stat().st_mtime_ns
    assert decimated_meshes(source, faces=100) == folder
    assert (folder / name).stat().st_mtime_ns == made
    assert list(folder.parent.iterdir()) == [folder]


def _saturated(image: np.ndarray, channel: int) -> int:
    """Count the pixels in which one channel is far above the other two."""
    others = np.delete(image, channel, axis=-1).max(axis=-1)
    return int((image[..., channel] > 2 * others + 20).sum())
