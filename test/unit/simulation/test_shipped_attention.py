"""The shipped policy, without torch, looks at what it is told to touch."""

import numpy as np
import pytest

from groot_ros.embodiment import load_embodiment
from groot_ros.model.finding import find_checkpoint
from groot_ros.model.policy import load_system2
from groot_ros.observation import prepare_image
from groot_ros.simulation.keypoints import project
from groot_ros.simulation.scenario import COLOURS, draw_scenario
from groot_ros.simulation.scene import HEAD_CAMERA
from groot_ros.simulation.world import TabletopWorld
from groot_ros.visualization.heat import stretched

BLOCK_PX = 17
"""How wide a block is in the picture, about."""


@pytest.mark.parametrize('seed', [900_005, 900_011])
def test_the_hottest_place_is_the_block_that_is_named(seed: int) -> None:
    system2 = load_system2(
        find_checkpoint('g1_tabletop'), load_embodiment('unitree_g1').model.embodiment_tag)
    spec = system2.processor.images['ego_view']
    with TabletopWorld() as world:
        world.reset(draw_scenario(seed, num_blocks=len(COLOURS)))
        picture = world.render(HEAD_CAMERA)
        height, width = picture.shape[:2]
        blocks = project(world, np.stack([world.block_pose(colour)[0] for colour in COLOURS]))
    for colour, block in zip(COLOURS, blocks * (width, height), strict=True):
        cells = system2.attention(
            {'ego_view': prepare_image(picture, spec)}, f'touch the {colour} block')['ego_view']
        heat = stretched(cells, spec.seen_part(width, height), (height, width))
        row, column = divmod(int(heat.argmax()), width)
        assert np.hypot(column - block[0], row - block[1]) < BLOCK_PX, colour
        assert float(cells.sum()) == pytest.approx(1.0, abs=1e-4)
