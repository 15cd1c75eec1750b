"""A film shows the recorded state, the robot's own view and the words; nothing is simulated."""

from pathlib import Path

import cv2
import numpy as np

from groot_ros.simulation.film import Moment, film_episode, write_video
from groot_ros.simulation.scenario import HOME, draw_scenario
from groot_ros.simulation.world import TabletopWorld

RED = np.array([230, 20, 20], np.uint8)


def test_blocks_are_where_they_were_recorded() -> None:
    scenario = draw_scenario(1, 'touch')
    place = np.array([0.3, -0.1, 0.9])
    moment = Moment(HOME, {scenario.target_block: (place, np.array([1.0, 0, 0, 0]))}, None, '')
    with TabletopWorld() as world:
        (picture,) = film_episode(world, scenario, 'touch it', [moment])
        np.testing.assert_allclose(world.block_pose(scenario.target_block)[0], place)
        np.testing.assert_allclose(world.joint_positions, HOME)
    assert picture.shape == (480, 640, 3)


def test_the_own_view_is_in_the_corner_and_words_on_a_dark_band() -> None:
    scenario = draw_scenario(1, 'touch')
    seen = np.full((240, 320, 3), RED)
    with TabletopWorld() as world:
        bare, with_view = (
            next(film_episode(world, scenario, words, [Moment(HOME, {}, image, '')]))
            for words, image in (('', None), ('touch the red block', seen)))
    np.testing.assert_array_equal(with_view[450, 600], RED)
    assert with_view[:30].max() > 200  # white letters
    assert not np.array_equal(bare[450, 600], RED)


def test_a_video_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / 'new' / 'film.mp4'
    write_video(path, [np.full((480, 640, 3), level, np.uint8) for level in (0, 120, 240)], 20.0)
    video = cv2.VideoCapture(str(path))
    levels = [picture.mean() for ok, picture in iter(video.read, (False, None)) if ok]
    np.testing.assert_allclose(levels, [0, 120, 240], atol=4)
