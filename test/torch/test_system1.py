"""The action head against formulas written out by hand."""

import math

import torch

from groot_ros.model.system1.dit import CrossContext
from groot_ros.model.system1.layers import (
    CategorySpecificLinear,
    TimestepEncoder,
    action_time_features,
)


def prepared(model, batch=2, tokens=5):
    features = torch.randn(batch, tokens, 128, generator=torch.Generator().manual_seed(1))
    mask = torch.ones(batch, tokens, dtype=torch.bool)
    return model.action_head.model.prepare(features, mask, mask)


def test_the_action_time_features_are_sine_then_cosine():
    features = action_time_features(torch.tensor([250]), 8)[0]
    angles = [250 * math.exp(-k * math.log(10000) / 4) for k in range(4)]
    expected = [math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles]
    torch.testing.assert_close(features, torch.tensor(expected), atol=1e-4, rtol=1e-4)


def test_the_condition_features_are_cosine_then_sine_of_another_spacing():
    encoder = TimestepEncoder(4)
    seen = []
    encoder.timestep_embedder.forward = lambda features: seen.append(features) or features
    encoder(torch.tensor([3]))
    angles = [3 * math.exp(-k * math.log(10000) / 127) for k in range(128)]
    expected = [math.cos(angle) for angle in angles] + [math.sin(angle) for angle in angles]
    torch.testing.assert_close(seen[0][0], torch.tensor(expected), atol=1e-4, rtol=1e-4)


def test_one_embodiment_for_the_batch_equals_one_per_sample():
    layer = CategorySpecificLinear(3, 4, 5)
    x = torch.randn(6, 2, 4)
    torch.testing.assert_close(layer(x, torch.tensor([2])), layer(x, torch.full((6,), 2)))


def test_each_embodiment_has_weights_of_its_own():
    layer = CategorySpecificLinear(3, 4, 5)
    x = torch.randn(1, 2, 4)
    assert not torch.allclose(layer(x, torch.tensor([0])), layer(x, torch.tensor([1])))


def test_denoising_is_four_euler_steps_from_noise(model):
    head, context = model.action_head, prepared(model)
    state, noise = torch.randn(2, 1, 32), torch.randn(2, 16, 32)
    embodiment = torch.tensor([1])
    token = head.state_encoder(state, embodiment)
    actions = noise
    for bucket in (0, 250, 500, 750):
        actions = actions + 0.25 * head.velocity(
            actions, torch.tensor([bucket, bucket]), token, context, embodiment)
    torch.testing.assert_close(head.denoise(context, state, noise, embodiment), actions)


def test_goal_tokens_change_the_actions(model):
    state, noise = torch.zeros(2, 1, 32), torch.zeros(2, 16, 32)
    context = prepared(model)
    changed = CrossContext(context.keys, context.values.flip(3) * 2, context.mask)
    outputs = [model.action_head.denoise(item, state, noise, torch.tensor([0]))
               for item in (context, changed)]
    assert not torch.allclose(*outputs)


def test_masked_action_dimensions_teach_nothing(model):
    head, context = model.action_head, prepared(model)
    mask = torch.zeros(2, 16, 32)
    mask[..., :17] = 1
    head.zero_grad()
    head.loss(context, torch.randn(2, 1, 32), torch.randn(2, 16, 32), mask,
              torch.tensor([0])).backward()
    taught = head.action_decoder.layer2.b.grad[0] != 0
    assert taught.tolist() == [True] * 17 + [False] * 15
