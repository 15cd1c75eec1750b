"""How far apart the actions of a checkpoint are."""

import pytest

from groot_ros.model.processor import Processor
from groot_ros.nodes.controller.parameters import ControllerParams, choose_action_period
from groot_ros.nodes.shared.checkpoints import CheckpointMismatchError


def make_processor(action_period: float | None) -> Processor:
    return Processor(
        embodiment_tag='robot', embodiment_id=0, images={}, state=(), action=(), action_horizon=8,
        action_period=action_period, max_state_dim=1, max_action_dim=1, formalize_language=True)


@pytest.mark.parametrize(('parameter', 'checkpoint', 'chosen'), [
    (0.0, 0.05, 0.05), (0.1, 0.05, 0.1), (0.1, None, 0.1)])
def test_the_parameter_wins_over_the_checkpoint(
    parameter: float, checkpoint: float | None, chosen: float
) -> None:
    params = ControllerParams(action_period_s=parameter)
    assert choose_action_period(params, make_processor(checkpoint)) == chosen


def test_a_period_that_nobody_says_is_not_invented() -> None:
    with pytest.raises(CheckpointMismatchError, match='set the controller.s parameter '
                       'action_period_s to one frame of the training data'):
        choose_action_period(ControllerParams(), make_processor(None))
