"""Attention is shown over its own picture, and a camera is never hidden for want of it."""

import numpy as np
import pytest

from groot_ros.visualization.camera_view import KEPT, PATIENCE_NS, CameraView

HEAT = np.ones((3, 4), np.float32)
FRAME_NS = 100_000_000


@pytest.fixture
def view() -> CameraView[str]:
    """Return a view whose pictures wait for attention."""
    view: CameraView[str] = CameraView()
    for number in range(4):
        view.take_picture(number * FRAME_NS, f'picture {number}', waits=True)
    return view


def test_attention_is_shown_over_its_own_picture_not_over_the_newest(
    view: CameraView[str]
) -> None:
    view.take_attention(2 * FRAME_NS, HEAT)
    image, heat = view.pick()
    assert image == 'picture 2'
    assert heat is HEAT
    assert view.pick() == (None, None), 'once is enough: attention to the next may come'


def test_attention_to_a_picture_that_never_came_is_not_shown(view: CameraView[str]) -> None:
    view.take_attention(7, HEAT)
    assert view.pick() == ('picture 3', None)


def test_without_attention_for_long_pictures_are_shown_as_they_come(
    view: CameraView[str]
) -> None:
    view.take_attention(2 * FRAME_NS, HEAT)
    view.pick()
    view.take_picture(2 * FRAME_NS + PATIENCE_NS, 'still early', waits=True)
    assert view.pick() == (None, None)
    view.take_picture(2 * FRAME_NS + PATIENCE_NS + 1, 'late', waits=True)
    assert view.pick() == ('late', None)


def test_a_clock_that_went_back_does_not_hide_the_camera(view: CameraView[str]) -> None:
    view.take_attention(2 * FRAME_NS, HEAT)
    view.pick()
    view.take_picture(0, 'anew', waits=True)
    assert view.pick() == ('anew', None)


def test_only_so_many_pictures_wait(view: CameraView[str]) -> None:
    for number in range(4, KEPT + 4):
        view.take_picture(number * FRAME_NS, f'picture {number}', waits=True)
    view.take_attention(3 * FRAME_NS, HEAT)
    assert view.pick()[1] is None
    view.take_attention(4 * FRAME_NS, HEAT)
    assert view.pick() == ('picture 4', HEAT)


def test_nothing_waits_when_nothing_is_to_come(view: CameraView[str]) -> None:
    view.take_attention(2 * FRAME_NS, HEAT)
    view.take_picture(5 * FRAME_NS, 'picture 5', waits=False)
    assert view.pick_newest() == 'picture 5'
    assert view.pick_newest() is None
    view.take_attention(3 * FRAME_NS, HEAT)
    assert view.pick() == (None, None)
