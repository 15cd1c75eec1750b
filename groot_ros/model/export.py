"""Writes the ONNX files of a checkpoint: two for System 2, two for System 1."""

from __future__ import annotations

import copy
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from groot_ros.model.checkpoint import load_model
from groot_ros.model.fingerprint import weights_fingerprint
from groot_ros.model.groot import Groot
from groot_ros.model.onnx_session import WEIGHTS
from groot_ros.model.released_config import read_config
from groot_ros.model.system1.dit import CrossContext
from groot_ros.model.system2.attention import SmallAttention


class _System2(nn.Module):
    """Images and word pieces to goal tokens; every given piece is a real one."""

    def __init__(self, model: Groot) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor, token_ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mask = torch.ones_like(token_ids, dtype=torch.bool)
        backbone = self.model.backbone(images, token_ids, mask)
        return (self.model.action_head.goal_tokens(backbone.features),
                backbone.attention_mask, backbone.image_mask)


class _Attention(nn.Module):
    """Images and embedded word pieces to attention maps.

    The word-piece table, three quarters of System 2's bytes, is not written a second time: rows
    of it are an input.
    """

    def __init__(self, model: Groot) -> None:
        super().__init__()
        backbone, head = copy.deepcopy(model.backbone), model.action_head
        backbone.text.words = nn.Identity()
        self.attention = SmallAttention(backbone, head.vlln, head.vl_self_attention)

    def forward(self, images: Tensor, words: Tensor) -> Tensor:
        mask = torch.ones(words.shape[:2], dtype=torch.bool)
        return self.attention(images, words, mask)


class _Context(nn.Module):
    def __init__(self, model: Groot) -> None:
        super().__init__()
        self.dit = model.action_head.model

    def forward(self, features: Tensor, attention_mask: Tensor,
                image_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return tuple(self.dit.prepare(features, attention_mask, image_mask))


class _System1(nn.Module):
    def __init__(self, model: Groot) -> None:
        super().__init__()
        self.head = model.action_head

    def forward(self, keys: Tensor, values: Tensor, mask: Tensor, state: Tensor, noise: Tensor,
                embodiment_id: Tensor, freedom: Tensor) -> Tensor:
        return self.head.denoise(CrossContext(keys, values, mask), state, noise, embodiment_id,
                                 freedom=freedom)


def export(checkpoint: Path) -> None:
    """Write the ONNX files beside the weights of a checkpoint of this package's own.

    Raises:
        CheckpointError: If a weight is missing or wrong.
        ConfigError: If config.json is missing or wrong, or of a released model.
    """
    config = read_config(checkpoint)
    backbone, head = config.small_backbone(), config.action_head_cfg
    model = load_model(checkpoint)
    images = torch.zeros(1, backbone.num_views, 3, backbone.image_height, backbone.image_width)
    token_ids = torch.arange(6)[None]
    length = torch.export.Dim('length', min=1, max=backbone.max_text_length)
    _write(_System2(model), {'images': images, 'token_ids': token_ids},
           ['features', 'attention_mask', 'image_mask'], checkpoint / 'system2.onnx',
           {'images': None, 'token_ids': {1: length}})
    if head.vl_self_attention_cfg.num_layers:
        words = model.backbone.text.words(token_ids)
        _write(_Attention(model), {'images': images, 'words': words}, ['attention'],
               checkpoint / 'system2_attention.onnx', {'images': None, 'words': {1: length}})
    tokens = _System2(model)(images, token_ids)
    _write(_Context(model), dict(zip(('features', 'attention_mask', 'image_mask'), tokens,
                                     strict=True)),
           ['keys', 'values', 'mask'], checkpoint / 'system1_context.onnx')
    context = dict(zip(('keys', 'values', 'mask'), _Context(model)(*tokens), strict=True))
    _write(_System1(model), {
        **context, 'state': torch.zeros(1, 1, head.max_state_dim),
        'noise': torch.zeros(1, head.action_horizon, head.max_action_dim),
        'embodiment_id': torch.zeros(1, dtype=torch.long),
        'freedom': torch.ones(head.action_horizon, 1)}, ['actions'], checkpoint / 'system1.onnx')


def _write(module: nn.Module, inputs: dict[str, Tensor], outputs: list[str], path: Path,
           dynamic_shapes: dict[str, object] | None = None) -> None:
    program = torch.onnx.export(module.eval(), kwargs=inputs, input_names=list(inputs),
                                output_names=outputs, dynamic_shapes=dynamic_shapes,
                                dynamo=True, verbose=False)
    program.save(path)
    model = onnx.load(path)
    _strip_traces(model.graph)
    onnx.helper.set_model_props(model, {WEIGHTS: weights_fingerprint(path.parent)})
    onnx.save(model, path)


def _strip_traces(graph: onnx.GraphProto) -> None:
    """Remove the exporter's stack traces, which hold paths of this machine."""
    for item in (graph, *graph.node, *graph.value_info, *graph.initializer, *graph.input,
                 *graph.output):
        del item.metadata_props[:]
        item.doc_string = ''
