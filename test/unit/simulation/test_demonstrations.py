"""What is recorded is what the policy would have seen, and generating can be interrupted."""

from pathlib import Path

import numpy as np
import pytest

from groot_ros.data.demonstrations import KEYPOINTS, Demonstration, read_episode, write_episode
from groot_ros.simulation.demonstrations import RECORDING, demonstrate, main
from groot_ros.simulation.keypoints import keypoints, project
from groot_ros.simulation.scenario import FIRST_VALIDATION_SEED, draw_scenario
from groot_ros.simulation.world import TabletopWorld

SCENARIO = draw_scenario(41, 'touch', num_blocks=3)


@pytest.fixture(scope='module')
def episode(world: TabletopWorld) -> Demonstration:
    recorded = demonstrate(world, SCENARIO)
    assert recorded is not None
    return recorded


def test_images_come_at_10_hz_and_states_at_20_hz(episode: Demonstration) -> None:
    images = len(episode.image_tick)
    states = len(episode.state)
    assert episode.images.shape == (images, 96, 128, 3)
    assert episode.keypoints.shape == (images, len(KEYPOINTS), 3)
    assert episode.state.shape == episode.command.shape == (states, 31)
    assert episode.valid.shape == (states,)
    assert states in (2 * images - 1, 2 * images)
    np.testing.assert_array_equal(np.diff(episode.image_tick), 12)


def test_it_ends_at_rest(episode: Demonstration) -> None:
    # The redundant joints still settle, at less than 0.1 rad/s.
    assert np.abs(episode.command[-5:] - episode.command[-1]).max() < 0.02


def test_the_same_seed_gives_the_same_episode(
    world: TabletopWorld, episode: Demonstration,
) -> None:
    again = demonstrate(world, SCENARIO)
    assert again is not None
    np.testing.assert_array_equal(again.command, episode.command)
    np.testing.assert_array_equal(again.images, episode.images)


def test_an_episode_survives_the_disk(episode: Demonstration, tmp_path: Path) -> None:
    write_episode(tmp_path / 'one.npz', episode)
    read = read_episode(tmp_path / 'one.npz')
    assert (read.task, read.target_block, read.seed) == ('touch', SCENARIO.target_block, 41)
    np.testing.assert_array_equal(read.images, episode.images)


def test_keypoints_are_where_the_camera_sees_the_things(world: TabletopWorld) -> None:
    # The renderer is the judge: at the block's place its image is of the block's colour.
    world.reset(SCENARIO)
    image = world.render('head')
    for block in SCENARIO.blocks:
        x, y = project(world, world.block_pose(block.colour)[0][None])[0]
        pixel = image[int(y * 240), int(x * 320)].astype(int)
        assert pixel.argmax() == {'red': 0, 'green': 1, 'blue': 2}[block.colour]
        assert pixel.max() > 1.7 * np.sort(pixel)[1]


def test_block_and_bins_are_in_the_policy_image(world: TabletopWorld) -> None:
    world.reset(SCENARIO)
    points = dict(zip(KEYPOINTS, keypoints(world, RECORDING.crop), strict=True))
    for name in ('target_block', 'yellow_bin', 'purple_bin'):
        x, y, visible = points[name]
        assert visible == 1.0
        assert max(abs(x), abs(y)) <= 1.0


def test_generating_goes_on_where_it_was_interrupted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    kept = tmp_path / '0000050.npz'
    kept.write_bytes(b'made before')
    assert main(['--output', str(tmp_path), '--task', 'touch', '--seed', '50',
                 '--episodes', '2', '--workers', '1']) == 0
    assert '1 of 1 new scenarios' in capsys.readouterr().out
    assert kept.read_bytes() == b'made before'
    assert read_episode(tmp_path / '0000051.npz').seed == 51


def test_evaluation_seeds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(['--output', str(tmp_path), '--seed', str(FIRST_VALIDATION_SEED), '--episodes', '1'])
    assert not any(tmp_path.iterdir())
