"""The action head of every release against its formulas, written out over named weights."""

import dataclasses
import json
import math

import pytest
import torch
from released_configs import VERSIONS, small_config
from torch.nn.functional import gelu, layer_norm, silu

from groot_ros.model.released_config import read_config
from groot_ros.model.system1.action_head import ActionHead


@dataclasses.dataclass(frozen=True)
class Formulas:
    """The head as functions of a state dictionary; one sample, one embodiment."""

    weights: dict
    heads: int
    alternates: bool

    def linear(self, name, x):
        return x @ self.weights[f'{name}.weight'].T + self.weights[f'{name}.bias']

    def category(self, name, x, slot):
        return x @ self.weights[f'{name}.W'][slot] + self.weights[f'{name}.b'][slot]

    def attention(self, name, x, context, allowed):
        query, key, value = (self.linear(f'{name}.{part}', source).unflatten(-1, (self.heads, -1))
                             for part, source in (('to_q', x), ('to_k', context),
                                                  ('to_v', context)))
        scores = torch.einsum('qhd,khd->hqk', query, key) / math.sqrt(query.shape[-1])
        scores = scores.masked_fill(~allowed, -torch.inf)
        mixed = torch.einsum('hqk,khd->qhd', scores.softmax(-1), value).flatten(1)
        return self.linear(f'{name}.to_out.0', mixed)

    def feed_forward(self, name, x):
        hidden = gelu(self.linear(f'{name}.net.0.proj', x), approximate='tanh')
        return self.linear(f'{name}.net.2', hidden)

    def block(self, index, x, time, tokens, image):
        name = f'model.transformer_blocks.{index}'
        scale, shift = self.linear(f'{name}.norm1.linear', silu(time)).chunk(2)
        normed = layer_norm(x, x.shape[-1:], eps=1e-5) * (1 + scale) + shift
        context, allowed = normed, torch.ones(len(x), dtype=torch.bool)
        if index % 2 == 0:
            context, allowed = tokens, torch.ones(len(tokens), dtype=torch.bool)
            if self.alternates:
                allowed = ~image if index % 4 == 0 else image
        x = x + self.attention(f'{name}.attn1', normed, context, allowed)
        return x + self.feed_forward(f'{name}.ff', layer_norm(x, x.shape[-1:], eps=1e-5))

    def action_tokens(self, actions, bucket, slot):
        encoded = self.category('action_encoder.W1', actions, slot)
        half = encoded.shape[1] // 2
        angles = bucket * 10000.0 ** (-torch.arange(half) / half)
        time = torch.cat([angles.sin(), angles.cos()]).expand(len(actions), -1)
        hidden = silu(self.category('action_encoder.W2', torch.cat([encoded, time], 1), slot))
        return (self.category('action_encoder.W3', hidden, slot)
                + self.weights['position_embedding.weight'][:len(actions)])

    def time(self, bucket):
        angles = bucket * 10000.0 ** (-torch.arange(128) / 127)
        name = 'model.timestep_encoder.timestep_embedder'
        hidden = self.linear(f'{name}.linear_1', torch.cat([angles.cos(), angles.sin()]))
        return self.linear(f'{name}.linear_2', silu(hidden))

    def goal_tokens(self, features, layers):
        if 'vlln.weight' in self.weights:
            features = self.norm('vlln', features)
        for layer in range(layers):
            name = f'vl_self_attention.transformer_blocks.{layer}'
            normed = self.norm(f'{name}.norm1', features)
            everything = torch.ones(len(features), dtype=torch.bool)
            features = features + self.attention(f'{name}.attn1', normed, normed, everything)
            features = features + self.feed_forward(f'{name}.ff',
                                                    self.norm(f'{name}.norm3', features))
        return features

    def norm(self, name, x):
        return layer_norm(x, x.shape[-1:], self.weights[f'{name}.weight'],
                          self.weights[f'{name}.bias'], 1e-5)

    def velocity(self, actions, bucket, state, tokens, image, slot):
        hidden = self.category('state_encoder.layer1', state, slot).relu()
        parts = [self.category('state_encoder.layer2', hidden, slot)]
        if 'future_tokens.weight' in self.weights:
            parts.append(self.weights['future_tokens.weight'])
        x = torch.cat([*parts, self.action_tokens(actions, bucket, slot)])
        time = self.time(bucket)
        for index in range(6):
            x = self.block(index, x, time, tokens, image)
        shift, scale = self.linear('model.proj_out_1', silu(time)).chunk(2)
        x = layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale) + shift
        hidden = self.category('action_decoder.layer1', self.linear('model.proj_out_2', x), slot)
        return self.category('action_decoder.layer2', hidden.relu(), slot)[-len(actions):]


@pytest.mark.parametrize('version', VERSIONS)
def test_the_head_computes_the_formulas_of_its_release(version, tmp_path):
    (tmp_path / 'config.json').write_text(json.dumps(small_config(version)))
    config = read_config(tmp_path).action_head_cfg
    torch.manual_seed(0)
    head = ActionHead(config).eval().requires_grad_(False)
    for weight in head.parameters():
        weight += 0.15 * torch.randn_like(weight)
    formulas = Formulas(head.state_dict(), 4, config.diffusion_model_cfg.use_alternate_vl)
    features, state, actions = torch.randn(9, 32), torch.randn(1, 32), torch.randn(8, 32)
    image = torch.arange(9) > 5
    tokens = head.goal_tokens(features[None])
    torch.testing.assert_close(
        tokens[0], formulas.goal_tokens(features, config.vl_self_attention_cfg.num_layers),
        atol=1e-5, rtol=1e-4)
    context = head.model.prepare(tokens, torch.ones(1, 9, dtype=torch.bool), image[None])
    slot = torch.tensor([2])
    velocity = head.velocity(actions[None], torch.tensor([250]),
                             head.state_token(state[None], slot), context, slot)
    torch.testing.assert_close(
        velocity[0], formulas.velocity(actions, 250, state, tokens[0], image, 2),
        atol=1e-5, rtol=1e-4)
