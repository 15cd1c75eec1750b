"""Parameters of perception."""

from collections.abc import Mapping
from dataclasses import dataclass

from groot_ros.embodiment import Embodiment
from groot_ros.model.finding import find_checkpoint
from groot_ros.model.processor import ImageSpec, load_processor
from groot_ros.nodes.controller.remote_parameters import BACKEND
from groot_ros.nodes.shared.checkpoints import ALLOW_UNTRAINED, CHECKPOINT, check_fit
from groot_ros.nodes.shared.lifecycle import AUTOSTART
from groot_ros.nodes.shared.parameters import ParameterError, param


@dataclass(frozen=True)
class PerceptionParams:
    """Parameters of perception."""

    embodiment: str = param('unitree_g1', 'Tag of the robot, or path of its YAML file.')
    checkpoint: str = param('g1_tabletop', CHECKPOINT)
    allow_untrained: bool = param(False, ALLOW_UNTRAINED)
    backend: str = param('', BACKEND)
    image_width: int = param(
        0, 'With a policy server: width of the images it gets [px]; 0 leaves them as the camera '
        'sends them.', bounds=(0, 4096))
    image_height: int = param(
        0, 'With a policy server: height of the images it gets [px]; 0 as for the width.',
        bounds=(0, 4096))
    observation_hz: float = param(
        0.0, 'Highest rate of observations [Hz]; 0 takes the one of the embodiment.',
        bounds=(0.0, 120.0), live=True)
    max_skew_s: float = param(
        0.05, 'How far apart images and joints of one observation may lie [s].',
        bounds=(0.001, 1.0), live=True)
    max_input_age_s: float = param(
        0.5, 'Age from which on an input is stale [s].', bounds=(0.01, 10.0), live=True)
    step_locked: bool = param(False, 'Observe every image of a simulator that waits.')
    autostart: bool = param(True, AUTOSTART)


def wanted_images(params: PerceptionParams, embodiment: Embodiment) -> Mapping[str, ImageSpec]:
    """Return how to cut the images of each video key; others stay as they are.

    A policy server cuts images itself, so it gets them whole.

    Raises:
        OSError: If a file of the checkpoint can't be read.
        ValueError: If the parameters or the checkpoint can't be used.
    """
    if params.backend:
        return _scaled_images(params, embodiment)
    processor = load_processor(
        find_checkpoint(params.checkpoint), embodiment.model.embodiment_tag,
        allow_untrained=params.allow_untrained)
    check_fit(processor, embodiment)
    return processor.images


def _scaled_images(params: PerceptionParams, embodiment: Embodiment) -> dict[str, ImageSpec]:
    """Return the scaling of a policy server's images by video key, empty for none.

    Raises:
        ParameterError: If only one side is given.
    """
    size = (params.image_width, params.image_height)
    if not any(size):
        return {}
    if not all(size):
        raise ParameterError(
            f'image_width is {size[0]} and image_height {size[1]}: give both, or 0 for both')
    return {camera.video_key: ImageSpec((0.0, 0.0, 1.0, 1.0), size)
            for camera in embodiment.cameras}
