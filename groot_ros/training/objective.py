"""The one loss that trains System 1 and System 2 together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from groot_ros.model.groot import Groot
from groot_ros.model.system1.dit import CrossContext
from groot_ros.model.system2.backbone import detection_loss
from groot_ros.training.batches import Batch
from groot_ros.training.grounding import Grounding


@dataclass(frozen=True, slots=True)
class ObjectiveSettings:
    """How the objective is put together.

    Attributes:
        detection: Weight of the detection loss beside the flow-matching loss.
        grounding: Weight of the loss that grounds the words.
        noise_draws: Flow times and noises per image: the encoder's work is used more than once.
        state_noise: Deviation of the noise added to the normalised state: poses that no expert
            was in lead back to those it was in.
        state_dropout: Fraction of the samples that see no state, as in GR00T N1.7.
    """

    detection: float = 0.1
    grounding: float = 0.1
    noise_draws: int = 2
    state_noise: float = 0.04
    state_dropout: float = 0.1


class Losses(NamedTuple):
    """The parts of the loss, or their values."""

    flow: Tensor
    detection: Tensor
    grounding: Tensor


class Objective(nn.Module):
    """Flow matching plus weighted detection, as GR00T N1 trains (arXiv 2503.14734).

    A third, small part grounds the words.
    """

    def __init__(self, model: Groot, embodiment_id: int, settings: ObjectiveSettings) -> None:
        """Train `model` on one embodiment."""
        super().__init__()
        self.model = model
        self.settings = settings
        dimensions = model.config.small_backbone()
        self.grounding = Grounding(
            dimensions.num_text_tokens * dimensions.backbone_embedding_dim)
        self.register_buffer('embodiment_id', torch.tensor([embodiment_id]))

    def forward(self, batch: Batch) -> Losses:
        """Return the losses of a batch."""
        images = batch.images.float() / 127.5 - 1.0
        backbone = self.model.backbone(_jitter(images) if self.training else images,
                                       batch.token_ids, batch.token_mask)
        head = self.model.action_head
        context = head.model.prepare(head.goal_tokens(backbone.features),
                                     backbone.attention_mask, backbone.image_mask)
        draws = self.settings.noise_draws if self.training else 1
        state = self._disturb(batch.state) if self.training else batch.state
        flow = head.loss(
            CrossContext(*(part.repeat_interleave(draws, dim=1) for part in context)),
            state.repeat_interleave(draws, dim=0), batch.actions.repeat_interleave(draws, dim=0),
            batch.action_mask.repeat_interleave(draws, dim=0), self.embodiment_id)
        detection = detection_loss(backbone.heatmap_logits[:, 0].float(), batch.keypoints)
        text = backbone.features[:, -self.model.config.small_backbone().num_text_tokens:]
        return Losses(flow, detection, self.grounding(text, batch.requests))

    def _disturb(self, state: Tensor) -> Tensor:
        """Blur and drop normalised states (batch, 1, max_state_dim)."""
        noisy = state + self.settings.state_noise * torch.randn_like(state) * (state != 0)
        kept = torch.rand(len(state), 1, 1, device=state.device) >= self.settings.state_dropout
        return noisy * kept

    def total(self, losses: Losses) -> Tensor:
        """Return the loss that is minimised."""
        return (losses.flow + self.settings.detection * losses.detection
                + self.settings.grounding * losses.grounding)


def _jitter(images: Tensor) -> Tensor:
    """Vary the brightness and contrast of images (batch, views, 3, height, width)."""
    shape = (len(images), 1, 1, 1, 1)
    contrast = 1.0 + 0.15 * (2 * torch.rand(shape, device=images.device) - 1)
    brightness = 0.1 * (2 * torch.rand(shape, device=images.device) - 1)
    return images * contrast + brightness
