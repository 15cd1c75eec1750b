"""Checkpoint folders: written by training, read strictly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from groot_ros.model.config import ModelConfig
from groot_ros.model.groot import Groot

WEIGHTS = 'model.safetensors'


class CheckpointError(ValueError):
    """A checkpoint whose weights do not belong to its configuration."""


def save_model(model: Groot, folder: Path) -> None:
    """Write config.json and model.safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / 'config.json', model.config.to_dict())
    weights = {name: value.detach().cpu().contiguous()
               for name, value in model.state_dict().items()}
    save_file(weights, folder / WEIGHTS, metadata={'format': 'pt'})


def load_model(folder: Path) -> Groot:
    """Read a model from a checkpoint folder, ready for inference on the CPU.

    Raises:
        CheckpointError: If a weight is missing, is not known, or has another shape.
    """
    config = ModelConfig.from_file(folder / 'config.json')
    path = folder / WEIGHTS
    if not path.is_file():
        raise CheckpointError(f'{path}: no such file; a checkpoint folder holds {WEIGHTS}')
    weights = load_file(path)
    with torch.device('meta'):
        wanted = Groot(config).state_dict()
    for name in sorted(wanted.keys() ^ weights.keys()):
        side = 'missing' if name in wanted else 'not part of the configured model'
        raise CheckpointError(f'{path}: {name} is {side}')
    for name, value in wanted.items():
        if value.shape != weights[name].shape:
            raise CheckpointError(f'{path}: {name} has shape {tuple(weights[name].shape)}, '
                                  f'config.json says {tuple(value.shape)}')
    model = Groot(config)
    model.load_state_dict(weights)
    return model.eval().requires_grad_(False)


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write an indented JSON file."""
    path.write_text(json.dumps(values, indent=2) + '\n')
