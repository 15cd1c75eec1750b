"""System 1: goal tokens and proprioception to an action chunk, by flow matching.

Flow time t = 0 is noise and t = 1 is the action: x_t = (1 - t) noise + t action, and the
network predicts the velocity action - noise.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from groot_ros.model.config import System1Config
from groot_ros.model.system1.dit import (
    CrossContext,
    DiT,
    SelfAttentionTransformer,
    TimeCondition,
)
from groot_ros.model.system1.flow_time import sample_flow_time
from groot_ros.model.system1.layers import ActionEncoder, CategorySpecificMLP


class ActionHead(nn.Module):
    """Encoders and decoder per embodiment around a diffusion transformer."""

    def __init__(self, config: System1Config) -> None:
        """Make the head; submodule names are those of the released checkpoints."""
        super().__init__()
        self.config = config
        dit = config.diffusion_model_cfg
        kinds, width = config.max_num_embodiments, dit.width
        self.model = DiT(dit)
        self.state_encoder = CategorySpecificMLP(
            kinds, config.max_state_dim * config.state_history_length, config.hidden_size, width)
        self.action_encoder = ActionEncoder(kinds, config.max_action_dim, width)
        self.action_decoder = CategorySpecificMLP(
            kinds, dit.output_dim, config.hidden_size, config.max_action_dim)
        if config.add_pos_embed:
            self.position_embedding = _embedding(config.max_seq_len, width)
        if config.num_target_vision_tokens:
            self.future_tokens = _embedding(config.num_target_vision_tokens, width)
        if config.use_mask_token:
            self.mask_token = nn.Parameter(torch.empty(1, 1, width))
            nn.init.normal_(self.mask_token, std=0.02)
        self.vlln, self.vl_self_attention = feature_layers(config)

    def goal_tokens(self, backbone_features: Tensor) -> Tensor:
        """Return what the planner publishes: features after the head's own layers.

        Shapes are (batch, tokens, cross_attention_dim) in and out.
        """
        return self.vl_self_attention(self.vlln(backbone_features))

    def state_token(self, state: Tensor, embodiment_id: Tensor) -> Tensor:
        """Encode states (batch, state_history_length, max_state_dim) to (batch, 1, width).

        Raises:
            ValueError: If the state has another shape.
        """
        wanted = (self.config.state_history_length, self.config.max_state_dim)
        if tuple(state.shape[1:]) != wanted:
            raise ValueError(f'state must have shape (batch, {wanted[0]}, {wanted[1]}), got '
                             f'{tuple(state.shape)}')
        return self.state_encoder(state.flatten(1).unsqueeze(1), embodiment_id)

    def step_conditions(self) -> tuple[TimeCondition, ...]:
        """Compute what the denoising steps read of their fixed flow times, one per step.

        It depends on the weights alone: compute it once after loading, give it to `denoise`.
        """
        steps, device = self.config.num_inference_timesteps, self.model.proj_out_1.weight.device
        return tuple(self.model.condition(torch.full(
            (1,), int(self.config.num_timestep_buckets * step / steps), dtype=torch.long,
            device=device)) for step in range(steps))

    def velocity(self, actions: Tensor, bucket: Tensor, state_token: Tensor,
                 context: CrossContext, embodiment_id: Tensor) -> Tensor:
        """Predict the flow velocity of noisy actions (batch, horizon, action_dim)."""
        return self._velocity(actions, self.model.condition(bucket), state_token, context,
                              embodiment_id)

    def _velocity(self, actions: Tensor, condition: TimeCondition, state_token: Tensor,
                  context: CrossContext, embodiment_id: Tensor) -> Tensor:
        tokens = self.action_encoder(actions, condition.bucket, embodiment_id)
        if self.config.add_pos_embed:
            tokens = tokens + self.position_embedding.weight[:tokens.shape[1]]
        parts = [state_token, tokens]
        if self.config.num_target_vision_tokens:
            future = self.future_tokens.weight.expand(len(tokens), -1, -1)
            parts.insert(1, future)
        output = self.model(torch.cat(parts, dim=1), condition, context)
        return self.action_decoder(output[:, -actions.shape[1]:], embodiment_id)

    def denoise(self, context: CrossContext, state: Tensor, noise: Tensor, embodiment_id: Tensor,
                conditions: tuple[TimeCondition, ...] | None = None,
                freedom: Tensor | None = None) -> Tensor:
        """Integrate the flow from noise to actions by Euler steps.

        Args:
            context: Of `DiT.prepare`.
            state: Normalised and padded, shape (batch, state_history_length, max_state_dim).
            noise: N(0, 1), shape (batch, action_horizon, max_action_dim), its first rows those
                of a previous chunk in real-time chunking.
            embodiment_id: Shape (batch,), or (1,) when all are the same.
            conditions: Of `step_conditions`; computed here if not given.
            freedom: Share of the velocity that each row follows, shape (action_horizon, 1); 1
                if not given. See `real_time_chunking`.

        Returns:
            Normalised actions, shape (batch, action_horizon, max_action_dim).
        """
        state_token = self.state_token(state, embodiment_id)
        conditions = self.step_conditions() if conditions is None else conditions
        actions = noise
        for condition in conditions:
            velocity = self._velocity(actions, condition, state_token, context, embodiment_id)
            if freedom is not None:
                velocity = velocity * freedom
            actions = actions + velocity / len(conditions)
        return actions

    def loss(self, context: CrossContext, state: Tensor, actions: Tensor, mask: Tensor,
             embodiment_id: Tensor) -> Tensor:
        """Return the masked flow-matching loss of one random time and noise per sample.

        Args:
            context: Of `DiT.prepare`.
            state: Shape (batch, state_history_length, max_state_dim).
            actions: Normalised targets, shape (batch, action_horizon, max_action_dim).
            mask: 1 on real action dimensions and rows, shape of `actions`.
            embodiment_id: Shape (batch,), or (1,) when all are the same.
        """
        noise = torch.randn_like(actions)
        time = sample_flow_time(self.config, len(actions)).to(actions)
        bucket = (time * self.config.num_timestep_buckets).long()
        noisy = torch.lerp(noise, actions, time[:, None, None])
        state_token = self._drop_states(self.state_token(state, embodiment_id))
        predicted = self.velocity(noisy, bucket, state_token, context, embodiment_id)
        error = mask * (predicted - (actions - noise)) ** 2
        return error.sum() / (mask.sum() + self.config.loss_epsilon)

    def _drop_states(self, state_token: Tensor) -> Tensor:
        """Hide some samples' state (batch, 1, width) in training."""
        if not (self.training and self.config.state_dropout_prob > 0):
            return state_token
        shape = (len(state_token), 1, 1)
        dropped = torch.rand(shape, device=state_token.device) < self.config.state_dropout_prob
        replacement = self.mask_token if self.config.use_mask_token else 0.0
        return torch.where(dropped, replacement, state_token)


def feature_layers(config: System1Config) -> tuple[nn.Module, nn.Module]:
    """Make the head's `vlln` and `vl_self_attention`, which the planner runs."""
    self_attention = config.vl_self_attention_cfg
    return (nn.LayerNorm(config.diffusion_model_cfg.cross_attention_dim) if config.use_vlln
            else nn.Identity(),
            SelfAttentionTransformer(self_attention) if self_attention.num_layers
            else nn.Identity())


def _embedding(rows: int, width: int) -> nn.Embedding:
    embedding = nn.Embedding(rows, width)
    nn.init.normal_(embedding.weight, std=0.02)
    return embedding
