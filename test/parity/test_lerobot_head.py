"""The action head of N1.7 against an independent port of it, at small size.

Called by `scripts/test parity`, which fetches the port; part of no other suite.
"""

import dataclasses
import json

import pytest
import torch
from lerobot_port import import_port
from released_configs import small_config

from groot_ros.model.released_config import read_config
from groot_ros.model.system1.action_head import ActionHead
from groot_ros.model.system1.real_time_chunking import row_freedom

TOLERANCE = 1e-4


@dataclasses.dataclass(frozen=True)
class Inputs:
    """One batch with padding, images and several embodiments."""

    features: torch.Tensor
    attention: torch.Tensor
    image: torch.Tensor
    state: torch.Tensor
    action: torch.Tensor
    mask: torch.Tensor
    embodiment: torch.Tensor


@pytest.fixture(scope='module')
def heads(tmp_path_factory):
    """The port and ours with the same weights, all of them away from zero and one."""
    port, values = import_port(), {**small_config('n1_7'), 'state_dropout_prob': 0.0}
    folder = tmp_path_factory.mktemp('config')
    (folder / 'config.json').write_text(json.dumps(values))
    theirs = port.GR00TN17ActionHead(port.GR00TN17Config(**values))
    torch.manual_seed(0)
    for weight in theirs.parameters():
        weight.data += 0.15 * torch.randn_like(weight)
    ours = ActionHead(read_config(folder).action_head_cfg)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return theirs.eval().requires_grad_(False), ours.eval().requires_grad_(False)


@pytest.fixture
def inputs(heads):
    config, random = heads[1].config, torch.Generator().manual_seed(1)
    attention = torch.ones(4, 11, dtype=torch.bool)
    attention[0, :3], attention[2, :1] = False, False
    image = torch.zeros_like(attention)
    image[:, 4:8], image[1, 8] = True, True
    shape = (4, config.action_horizon, config.max_action_dim)
    mask = torch.zeros(shape)
    mask[:, :6, :17], mask[1, :, :9] = 1, 1
    return Inputs(torch.randn(4, 11, 32, generator=random), attention, image,
                  torch.randn(4, 1, config.max_state_dim, generator=random),
                  torch.randn(shape, generator=random), mask, torch.tensor([0, 3, 1, 3]))


def features_of(inputs, **extra):
    """The port's two inputs."""
    from transformers.feature_extraction_utils import BatchFeature
    return (BatchFeature(data={'backbone_features': inputs.features.clone(),
                               'backbone_attention_mask': inputs.attention,
                               'image_mask': inputs.image}),
            BatchFeature(data={'state': inputs.state, 'embodiment_id': inputs.embodiment,
                               **extra}))


def context_of(head, inputs):
    return head.model.prepare(head.goal_tokens(inputs.features), inputs.attention, inputs.image)


def test_the_loss_is_the_ports(heads, inputs):
    theirs, ours = heads
    torch.manual_seed(2)
    expected = theirs(*features_of(inputs, action=inputs.action, action_mask=inputs.mask))['loss']
    torch.manual_seed(2)
    loss = ours.loss(context_of(ours, inputs), inputs.state, inputs.action, inputs.mask,
                     inputs.embodiment)
    torch.testing.assert_close(loss, expected, atol=TOLERANCE, rtol=0)


def test_the_actions_are_the_ports(heads, inputs):
    theirs, ours = heads
    torch.manual_seed(3)
    expected = theirs.get_action(*features_of(inputs))['action_pred']
    torch.manual_seed(3)
    actions = ours.denoise(context_of(ours, inputs), inputs.state, torch.randn_like(inputs.action),
                           inputs.embodiment, ours.step_conditions())
    torch.testing.assert_close(actions, expected, atol=TOLERANCE, rtol=0)
    assert expected.abs().max() > 1


@pytest.mark.parametrize(('horizon', 'overlap', 'frozen'), [
    (8, 5, 3), (6, 4, 0), (7, 4, 4), (8, 8, 2)])
def test_real_time_chunking_is_the_ports(heads, inputs, horizon, overlap, frozen):
    theirs, ours = heads
    previous = torch.randn(inputs.action.shape, generator=torch.Generator().manual_seed(5))
    torch.manual_seed(4)
    expected = theirs.get_action(*features_of(inputs, action=previous), options={
        'action_horizon': horizon, 'rtc_overlap_steps': overlap, 'rtc_frozen_steps': frozen,
        'rtc_ramp_rate': 6.0})['action_pred']
    start = horizon - overlap
    torch.manual_seed(4)
    values = torch.randn_like(inputs.action)
    values[:, :overlap] = previous[:, start:horizon]
    freedom = torch.from_numpy(row_freedom(values.shape[1], overlap, frozen, ramp_rate=6.0))
    actions = ours.denoise(context_of(ours, inputs), inputs.state, values, inputs.embodiment,
                           freedom=freedom)
    torch.testing.assert_close(actions, expected, atol=TOLERANCE, rtol=0)
    assert torch.equal(actions[:, :frozen], expected[:, :frozen])
    assert torch.equal(actions[:, :frozen], previous[:, start:start + frozen])
