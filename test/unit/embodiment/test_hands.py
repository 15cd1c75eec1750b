"""Hands in the embodiment file: what a person can lead."""

from collections.abc import Callable
from pathlib import Path

import pytest

from groot_ros.embodiment import EmbodimentError, known_embodiments, load_embodiment

GOOD = 'grasp_point: [0.13, 0.0345, 0.0]'


@pytest.fixture
def change(tmp_path: Path) -> Callable[[str, str], Path]:
    """Return the file of a Unitree G1 in which one text is replaced, the first of its kind."""
    def change(old: str, new: str) -> Path:
        text = known_embodiments()['unitree_g1'].read_text(encoding='utf-8')
        assert old in text
        file = tmp_path / 'unitree_g1.yaml'
        file.write_text(text.replace(old, new, 1), encoding='utf-8')
        return file

    return change


def test_a_hand_is_read() -> None:
    left, right = load_embodiment('unitree_g1').hands
    assert (left.name, right.name) == ('left', 'right')
    assert right.frame == 'right_wrist_yaw_link'
    assert right.groups == ('right_arm', 'waist')
    assert len(right.opened) == len(right.closed) == 7


def test_a_robot_may_have_none() -> None:
    assert load_embodiment('so101').hands == ()


@pytest.mark.parametrize(('old', 'new', 'said'), [
    (GOOD, 'grasp_point: [0.13, 0.0345]', 'hands.right.grasp_point: must be three'),
    (GOOD, 'grasp_point: [0.13, .inf, 0.0]', 'hands.right.grasp_point: must be three'),
    (GOOD, 'grasp_point: here', 'hands.right.grasp_point: must be a list of numbers'),
    ('[right_arm, waist]', '[right_arm, wast]', "did you mean 'waist'"),
    ('fingers: right_hand', 'fingers: right', "hands.right.fingers: group 'right'"),
    ('    fingers: right_hand\n', '', 'hands.right.fingers: is missing'),
    ('closed: [0.0, -0.9, -0.9, 0.6, 0.7, 0.6, 0.7]', 'closed: [0.0]',
     'hands.right.closed: must hold 7 positions'),
    ('closed: [0.0, -0.9, -0.9, 0.6, 0.7, 0.6, 0.7]',
     'closed: [0.0, -0.9, -0.9, 0.6, 0.7, 0.6, 7.0]',
     'hands.right.closed: 7.0 for right_hand_index_1_joint'),
    ('frame: right_wrist_yaw_link', 'link: right_wrist_yaw_link', 'hands.right.link: unknown'),
])
def test_a_hand_that_cannot_be_led_is_refused(
    change: Callable[[str, str], Path], old: str, new: str, said: str,
) -> None:
    with pytest.raises(EmbodimentError, match=said):
        load_embodiment(change(old, new))
