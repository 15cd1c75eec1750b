"""What of a checkpoint must fit the robot."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from groot_ros.embodiment import Embodiment, load_embodiment
from groot_ros.model.processor import GroupRange, ImageSpec, Processor
from groot_ros.model.processor.images import ResizeCropResize
from groot_ros.nodes.shared.checkpoints import (
    CheckpointMismatchError,
    check_fit,
    check_images,
)

SHORTEST_EDGE = ImageSpec((0.025, 0.025, 0.95, 0.95), (256, 256),
                          ResizeCropResize(0.95, None, shortest_edge=256))
ONE_SIZE = ImageSpec((0.05, 0.05, 0.9, 0.9), (256, 192), ResizeCropResize(0.9, (256, 192)))


@pytest.fixture
def robot() -> Embodiment:
    return load_embodiment('unitree_g1')


@pytest.fixture
def processor(robot: Embodiment) -> Processor:
    def groups(names: tuple[str, ...]) -> tuple[GroupRange, ...]:
        sizes = {name: np.ones(len(robot.groups[name]), np.float32) for name in names}
        return tuple(GroupRange(name, -size, size) for name, size in sizes.items())

    return Processor(
        embodiment_tag='unitree_g1', embodiment_id=0, images={'ego_view': SHORTEST_EDGE},
        state=groups(robot.model.state), action=groups(robot.model.action), action_horizon=8,
        action_period=None, max_state_dim=32, max_action_dim=32, formalize_language=True)


def test_a_checkpoint_of_the_robot_fits(processor: Processor, robot: Embodiment) -> None:
    check_fit(processor, robot)


@pytest.mark.parametrize('field', ['state', 'action'])
def test_a_checkpoint_of_a_robot_with_other_joints_is_refused(
    processor: Processor, robot: Embodiment, field: str
) -> None:
    first, *others = getattr(processor, field)
    wider = GroupRange(first.name, -np.ones(first.dim + 2), np.ones(first.dim + 2))
    changed: dict[str, Any] = {field: (wider, *others)}
    with pytest.raises(CheckpointMismatchError, match=(
            rf"unitree_g1: model.{field} is {{'{first.name}': {first.dim}, .*trained with "
            rf"{{'{first.name}': {first.dim + 2}, .*: give the same groups")):
        check_fit(dataclasses.replace(processor, **changed), robot)


@pytest.mark.parametrize('field', ['video', 'state'])
def test_a_checkpoint_that_reads_the_past_is_refused(
    processor: Processor, robot: Embodiment, field: str
) -> None:
    changed: dict[str, Any] = {f'{field}_deltas': (-15, 0)}
    with pytest.raises(CheckpointMismatchError, match=rf'reads {field} .* \[-15, 0\] .*'
                       rf'modality_configs.unitree_g1.{field}.delta_indices'):
        check_fit(dataclasses.replace(processor, **changed), robot)


@pytest.mark.parametrize(('spec', 'width', 'height', 'wanted'), [
    (SHORTEST_EDGE, 340, 256, None),
    (SHORTEST_EDGE, 256, 300, None),
    (SHORTEST_EDGE, 340, 255, '256 x 256 or one side longer'),
    (ONE_SIZE, 256, 192, None),
    (ONE_SIZE, 340, 192, '256 x 192: give'),
    (ImageSpec((0.0, 0.0, 1.0, 1.0), (8, 6)), 8, 6, None),
    (ImageSpec((0.0, 0.0, 1.0, 1.0), (8, 6)), 6, 8, '8 x 6: give')])
def test_images_must_be_prepared_as_the_checkpoint_asks(
    processor: Processor, spec: ImageSpec, width: int, height: int, wanted: str | None
) -> None:
    processor = dataclasses.replace(processor, images={'ego_view': spec})
    images = {'ego_view': np.zeros((height, width, 3), np.uint8)}
    if wanted is None:
        check_images(processor, images)
        return
    with pytest.raises(CheckpointMismatchError, match=wanted):
        check_images(processor, images)
