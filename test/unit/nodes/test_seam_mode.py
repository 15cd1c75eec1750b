"""Which seam modes a policy allows, and what the controller's parameters say of them."""

import pytest

from groot_ros.control import SEAM_MODES, SeamSettings
from groot_ros.nodes.controller.parameters import (
    ControllerParams,
    check_seam_mode,
    seam_settings,
)
from groot_ros.nodes.shared.checkpoints import CheckpointMismatchError


def test_a_policy_that_cannot_continue_a_motion_is_not_asked_to() -> None:
    with pytest.raises(CheckpointMismatchError, match='export the checkpoint again'):
        check_seam_mode(ControllerParams(seam_mode='real_time_chunking'), inpaints=False)


@pytest.mark.parametrize('mode', SEAM_MODES)
def test_one_that_can_allows_every_mode(mode: str) -> None:
    check_seam_mode(ControllerParams(seam_mode=mode), inpaints=True)


def test_the_parameters_have_the_defaults_of_the_settings() -> None:
    assert seam_settings(ControllerParams()) == SeamSettings()
