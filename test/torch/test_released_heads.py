"""The action heads of the releases: names and sizes, flow times, caches, rows held in place."""

import dataclasses
import json

import pytest
import torch
from released_configs import VERSIONS, released_config, small_config

from groot_ros.model.released_config import read_config
from groot_ros.model.system1.action_head import ActionHead
from groot_ros.model.system1.flow_time import sample_flow_time
from groot_ros.model.system1.real_time_chunking import row_freedom


def config_of(values, folder):
    (folder / 'config.json').write_text(json.dumps(values))
    return read_config(folder).action_head_cfg


def make_head(version, folder, **changes):
    """A small head away from its initial symmetries."""
    torch.manual_seed(1)
    head = ActionHead(dataclasses.replace(config_of(small_config(version), folder), **changes))
    for weight in head.parameters():
        weight.data += 0.1 * torch.randn_like(weight)
    return head.eval().requires_grad_(False)


def inputs_of(head, batch=2, tokens=7):
    """Context with padding and images, state, noise; all seeded."""
    random = torch.Generator().manual_seed(2)
    config = head.config
    features = torch.randn(batch, tokens, config.diffusion_model_cfg.cross_attention_dim,
                           generator=random)
    attention = torch.ones(batch, tokens, dtype=torch.bool)
    attention[0, :2] = False
    image = torch.zeros_like(attention)
    image[:, 3:5] = True
    context = head.model.prepare(head.goal_tokens(features), attention, image)
    state = torch.randn(batch, config.state_history_length, config.max_state_dim,
                        generator=random)
    noise = torch.randn(batch, config.action_horizon, config.max_action_dim, generator=random)
    return context, state, noise, torch.arange(batch)


@pytest.fixture(params=VERSIONS)
def head(request, tmp_path):
    return make_head(request.param, tmp_path)


@pytest.mark.parametrize(('version', 'tensors', 'billions', 'exact'), [
    ('n1', 247, 0.855, None), ('n1_5', 314, 1.069, None), ('n1_6', 473, 1.419, None),
    # The whole N1.7 has 3,144,016,000 parameters, 1,523,500,032 of them in the backbone.
    ('n1_7', 537, 1.621, 3_144_016_000 - 1_523_500_032)])
def test_the_released_size_has_the_released_number_of_weights(version, tensors, billions, exact,
                                                              tmp_path):
    with torch.device('meta'):
        weights = ActionHead(config_of(released_config(version), tmp_path)).state_dict()
    parameters = sum(weight.numel() for weight in weights.values())
    assert len(weights) == tensors
    assert round(parameters / 1e9, 3) == billions
    assert exact in (None, parameters)


@pytest.mark.parametrize(('version', 'names'), [
    ('n1', {'model.transformer_blocks.0.attn1.to_k.weight': (1536, 1536),
            'action_decoder.layer2.W': (32, 1024, 32)}),
    ('n1_5', {'future_tokens.weight': (32, 1536), 'vlln.weight': (2048,),
              'state_encoder.layer1.W': (32, 64, 1024)}),
    ('n1_6', {'action_encoder.W1.W': (32, 128, 1536),
              'model.transformer_blocks.31.ff.net.2.weight': (1536, 6144)}),
    ('n1_7', {
        'state_encoder.layer1.W': (32, 132, 1024), 'state_encoder.layer2.b': (32, 1536),
        'action_encoder.W2.W': (32, 3072, 1536), 'action_encoder.W3.b': (32, 1536),
        'action_decoder.layer1.W': (32, 1024, 1024), 'action_decoder.layer2.b': (32, 132),
        'position_embedding.weight': (1024, 1536), 'vlln.bias': (2048,),
        'model.timestep_encoder.timestep_embedder.linear_1.weight': (1536, 256),
        'model.timestep_encoder.timestep_embedder.linear_2.bias': (1536,),
        'model.transformer_blocks.1.norm1.linear.weight': (3072, 1536),
        'model.transformer_blocks.0.attn1.to_v.weight': (1536, 2048),
        'model.transformer_blocks.1.attn1.to_v.weight': (1536, 1536),
        'model.transformer_blocks.2.attn1.to_out.0.bias': (1536,),
        'model.transformer_blocks.2.ff.net.0.proj.weight': (6144, 1536),
        'model.proj_out_1.weight': (3072, 1536), 'model.proj_out_2.weight': (1024, 1536),
        'vl_self_attention.transformer_blocks.3.norm3.weight': (2048,),
        'vl_self_attention.transformer_blocks.3.attn1.to_out.0.weight': (2048, 2048),
        'vl_self_attention.transformer_blocks.3.ff.net.0.proj.weight': (8192, 2048)})])
def test_the_weights_have_the_released_names_and_shapes(version, names, tmp_path):
    with torch.device('meta'):
        weights = ActionHead(config_of(released_config(version), tmp_path)).state_dict()
    assert {name: tuple(weights[name].shape) for name in names} == names


@pytest.mark.parametrize(('version', 'absent'), [
    ('n1', 'vlln.'), ('n1', 'vl_self_attention.'), ('n1_6', 'vl_self_attention.'),
    ('n1_6', 'mask_token'), ('n1_6', 'future_tokens'), ('n1_7', 'mask_token')])
def test_a_release_has_no_weights_of_parts_it_lacks(version, absent, tmp_path):
    weights = make_head(version, tmp_path).state_dict()
    assert not [name for name in weights if name.startswith(absent)]


def test_a_fine_tuned_n1_6_may_have_a_mask_token(tmp_path):
    head = ActionHead(config_of({**small_config('n1_6'), 'state_dropout_prob': 0.8}, tmp_path))
    assert head.state_dict()['mask_token'].shape == (1, 1, 32)


def test_flow_times_follow_the_release(head):
    torch.manual_seed(3)
    drawn = torch.distributions.Beta(1.5, 1.0).sample((1000,))
    torch.manual_seed(3)
    time = sample_flow_time(head.config, 1000)
    expected = ((0.999 - drawn) / 0.999 if head.config.time_sampling == 'shifted'
                else (1 - drawn) * 0.999)
    assert torch.equal(time, expected)
    assert time.mean() < 0.45  # denser near the noise


def test_the_loss_is_the_mean_over_real_values_by_hand(head):
    context, state, actions, embodiment = inputs_of(head)
    mask = torch.zeros_like(actions)
    mask[0, :3, :5] = 1
    torch.manual_seed(4)
    loss = head.loss(context, state, actions, mask, embodiment)
    torch.manual_seed(4)
    noise = torch.randn_like(actions)
    time = sample_flow_time(head.config, 2)
    noisy = (1 - time[:, None, None]) * noise + time[:, None, None] * actions
    velocity = head.velocity(noisy, (1000 * time).long(), head.state_token(state, embodiment),
                             context, embodiment)
    squares = ((velocity - (actions - noise)) ** 2)[0, :3, :5]
    epsilon = 0.0 if head.config.time_sampling == 'shifted' else 1e-6
    torch.testing.assert_close(loss, squares.sum() / (15 + epsilon))


def test_the_steps_are_at_equal_times(head):
    steps = head.config.num_inference_timesteps
    buckets = [int(condition.bucket) for condition in head.step_conditions()]
    assert buckets == [int(1000 * step / steps) for step in range(steps)]
    assert steps != 4 or buckets == [0, 250, 500, 750]


def test_cached_conditions_give_the_same_chunk(head):
    inputs = inputs_of(head)
    cached = head.denoise(*inputs, conditions=head.step_conditions())
    assert torch.equal(cached, head.denoise(*inputs))


def test_cached_conditions_equal_those_computed_in_each_step(head):
    context, state, noise, embodiment = inputs_of(head)
    steps, token = head.config.num_inference_timesteps, head.state_token(state, embodiment)
    actions = noise
    for step in range(steps):
        bucket = torch.full((2,), int(1000 * step / steps))
        actions = actions + head.velocity(actions, bucket, token, context, embodiment) / steps
    cached = head.denoise(context, state, noise, embodiment, head.step_conditions())
    torch.testing.assert_close(cached, actions, atol=1e-6, rtol=1e-6)


def test_each_step_has_a_condition_of_its_own(head):
    first, second, *_ = head.step_conditions()
    assert not torch.allclose(first.blocks, second.blocks)
    assert first.blocks.shape == (6, 1, 64)


def test_padding_changes_the_chunk_only_where_the_release_has_no_mask(head):
    config, (_, *rest) = head.config, inputs_of(head)
    features = torch.randn(2, 7, 32, generator=torch.Generator().manual_seed(5))
    changed = features.clone()
    changed[0, 0] += 1  # a padded token
    attention = torch.ones(2, 7, dtype=torch.bool)
    attention[0, :2] = False
    image = torch.zeros_like(attention)
    image[:, 3:5] = True
    first, second = (head.denoise(head.model.prepare(item, attention, image), *rest)
                     for item in (features, changed))
    assert torch.equal(first[0], second[0]) is config.diffusion_model_cfg.use_alternate_vl


def test_blocks_read_text_and_images_in_turn(tmp_path):
    head = make_head('n1_7', tmp_path)
    mask = inputs_of(head)[0].mask[:, 0, 0, 0].int().tolist()
    text, image = [0, 0, 1, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0, 0]
    assert mask == [text, image, text]  # blocks 0, 2 and 4


def test_a_state_history_becomes_one_token(tmp_path):
    head = make_head('n1_7', tmp_path, state_history_length=3)
    context, state, noise, embodiment = inputs_of(head)
    assert state.shape == (2, 3, 32)
    assert head.state_token(state, embodiment).shape == (2, 1, 32)
    with pytest.raises(ValueError, match=r'\(batch, 3, 32\), got \(2, 1, 32\)'):
        head.denoise(context, state[:, :1], noise, embodiment)


@pytest.mark.parametrize(('version', 'value'), [('n1_6', 'mask_token'), ('n1_7', 'zeros')])
def test_dropped_states_are_hidden_in_training_only(version, value, tmp_path):
    head = make_head(version, tmp_path, state_dropout_prob=1.0, use_mask_token=version == 'n1_6')
    token = torch.ones(2, 1, 32)
    assert torch.equal(head._drop_states(token), token)
    head.train()
    expected = head.mask_token if value == 'mask_token' else torch.zeros(1, 1, 32)
    assert torch.equal(head._drop_states(token), expected.expand(2, -1, -1))


def test_frozen_rows_are_kept_bit_for_bit(head):
    context, state, noise, embodiment = inputs_of(head)
    freedom = torch.from_numpy(row_freedom(noise.shape[1], overlap=5, frozen=3, ramp_rate=6.0))
    chunk = head.denoise(context, state, noise, embodiment, freedom=freedom)
    assert torch.equal(chunk[:, :3], noise[:, :3])
    assert not torch.equal(chunk[:, 3:5], noise[:, 3:5])


def test_rows_that_are_all_free_change_nothing(head):
    inputs = inputs_of(head)
    freedom = torch.ones(inputs[2].shape[1], 1)
    assert torch.equal(head.denoise(*inputs, freedom=freedom), head.denoise(*inputs))
