"""System 1: goal tokens and proprioception to an action chunk, by flow matching.

Flow time t = 0 is noise and t = 1 is the action: x_t = (1 - t) noise + t action, and the
network predicts the velocity action - noise.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from groot_ros.model.config import System1Config
from groot_ros.model.system1.dit import CrossContext, DiT, SelfAttentionTransformer
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
            kinds, config.max_state_dim, config.hidden_size, width)
        self.action_encoder = ActionEncoder(kinds, config.max_action_dim, width)
        self.action_decoder = CategorySpecificMLP(
            kinds, dit.output_dim, config.hidden_size, config.max_action_dim)
        self.position_embedding = nn.Embedding(config.max_seq_len, width)
        nn.init.normal_(self.position_embedding.weight, std=0.02)
        if config.num_target_vision_tokens:
            self.future_tokens = nn.Embedding(config.num_target_vision_tokens, width)
            nn.init.normal_(self.future_tokens.weight, std=0.02)
        self.vlln = nn.LayerNorm(dit.cross_attention_dim) if config.use_vlln else nn.Identity()
        self.vl_self_attention = (SelfAttentionTransformer(config.vl_self_attention_cfg)
                                  if config.vl_self_attention_cfg.num_layers else nn.Identity())

    def goal_tokens(self, backbone_features: Tensor) -> Tensor:
        """Return what the planner publishes: features after the head's own layers.

        Shapes are (batch, tokens, cross_attention_dim) in and out.
        """
        return self.vl_self_attention(self.vlln(backbone_features))

    def velocity(self, actions: Tensor, bucket: Tensor, state_token: Tensor,
                 context: CrossContext, embodiment_id: Tensor) -> Tensor:
        """Predict the flow velocity of noisy actions (batch, horizon, action_dim)."""
        tokens = self.action_encoder(actions, bucket, embodiment_id)
        tokens = tokens + self.position_embedding.weight[:tokens.shape[1]]
        parts = [state_token, tokens]
        if self.config.num_target_vision_tokens:
            future = self.future_tokens.weight.expand(len(tokens), -1, -1)
            parts.insert(1, future)
        output = self.model(torch.cat(parts, dim=1), bucket, context)
        return self.action_decoder(output, embodiment_id)[:, -actions.shape[1]:]

    def denoise(self, context: CrossContext, state: Tensor, noise: Tensor,
                embodiment_id: Tensor) -> Tensor:
        """Integrate the flow from noise to actions by Euler steps.

        Args:
            context: Of `DiT.prepare`.
            state: Normalised and padded, shape (batch, 1, max_state_dim).
            noise: N(0, 1), shape (batch, action_horizon, max_action_dim).
            embodiment_id: Shape (batch,), or (1,) when all are the same.

        Returns:
            Normalised actions, shape (batch, action_horizon, max_action_dim).
        """
        state_token = self.state_encoder(state, embodiment_id)
        steps = self.config.num_inference_timesteps
        actions = noise
        for step in range(steps):
            bucket = torch.full((noise.shape[0],),
                                int(self.config.num_timestep_buckets * step / steps),
                                dtype=torch.long, device=noise.device)
            actions = actions + self.velocity(
                actions, bucket, state_token, context, embodiment_id) / steps
        return actions

    def loss(self, context: CrossContext, state: Tensor, actions: Tensor, mask: Tensor,
             embodiment_id: Tensor) -> Tensor:
        """Return the masked flow-matching loss of one random time and noise per sample.

        Args:
            context: Of `DiT.prepare`.
            state: Shape (batch, 1, max_state_dim).
            actions: Normalised targets, shape (batch, action_horizon, max_action_dim).
            mask: 1 on real action dimensions and rows, shape of `actions`.
            embodiment_id: Shape (batch,), or (1,) when all are the same.
        """
        config = self.config
        noise = torch.randn_like(actions)
        beta = torch.distributions.Beta(config.noise_beta_alpha, config.noise_beta_beta)
        time = ((1 - beta.sample((len(actions),))) * config.noise_s).to(actions)
        bucket = (time * config.num_timestep_buckets).long()
        noisy = torch.lerp(noise, actions, time[:, None, None])
        predicted = self.velocity(noisy, bucket, self.state_encoder(state, embodiment_id),
                                  context, embodiment_id)
        error = mask * (predicted - (actions - noise)) ** 2
        return error.sum() / (mask.sum() + 1e-6)
