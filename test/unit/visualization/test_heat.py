"""Attention lies over the place that it belongs to, and leaves the rest as it is."""

import numpy as np
import pytest

from groot_ros.model.processor import Part
from groot_ros.visualization.heat import heated, stretched

GREY = np.full((60, 80, 3), 100, np.uint8)


def cells(row: int, column: int) -> np.ndarray:
    heat = np.zeros((3, 4), np.float32)
    heat[row, column] = 0.5
    return heat


@pytest.mark.parametrize(('row', 'column'), [(0, 0), (1, 2), (2, 3)])
def test_the_hottest_pixel_is_the_centre_of_the_hottest_cell(row: int, column: int) -> None:
    part = Part(20.0, 10.0, 40.0, 30.0)  # cells of 10 x 10 pixels
    hot = np.abs(heated(GREY, cells(row, column), part).astype(int) - 100).sum(2)
    y, x = np.argwhere(hot == hot.max()).mean(0)
    assert (x, y) == pytest.approx((24.5 + 10 * column, 14.5 + 10 * row), abs=5.0)
    assert hot[:10].max() == hot[40:].max() == hot[:, :20].max() == hot[:, 60:].max() == 0


def test_cold_places_keep_their_colours() -> None:
    picture = heated(GREY, cells(0, 0), Part(0.0, 0.0, 80.0, 60.0))
    np.testing.assert_array_equal(picture[40:], GREY[40:])
    assert picture[10, 10, 0] != picture[10, 10, 2]


def test_no_heat_at_all_changes_nothing() -> None:
    part = Part(0.0, 0.0, 80.0, 60.0)
    np.testing.assert_array_equal(heated(GREY, np.zeros((3, 4), np.float32), part), GREY)


def test_heat_between_two_centres_is_between_their_heats() -> None:
    heat = np.array([[0.0, 1.0]], np.float32)
    stretch = stretched(heat, Part(0.0, 0.0, 20.0, 4.0), (4, 20))
    np.testing.assert_allclose(stretch[0, 5:15], np.linspace(0.05, 0.95, 10), atol=0.02)
    assert stretch[0, 0] == 0.0
    assert stretch[0, -1] == 1.0


def test_a_part_beyond_the_picture_is_cut_off() -> None:
    stretch = stretched(np.ones((4, 4), np.float32), Part(0.0, -10.0, 20.0, 20.0), (8, 20))
    np.testing.assert_array_equal(stretch, np.ones((8, 20), np.float32))
