"""Checkpoint folders: written by training, read strictly, whole or one system alone.

A released checkpoint is larger than the memory of a robot's computer: the planner reads
`backbone.*` and the head's layers over its features, the controller the rest of the head.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from groot_ros.model.groot import GoalTokenEncoder, Groot
from groot_ros.model.released_config import read_config
from groot_ros.model.system1.action_head import ActionHead
from groot_ros.model.system2.released import is_ignored_weight
from groot_ros.model.weight_files import WeightFiles
from groot_ros.model.weight_headers import COPY_AGAIN, SINGLE, CheckpointError

__all__ = ['CheckpointError', 'load_model', 'load_system1_head', 'load_system2_backbone',
           'save_model', 'write_json']

ModuleType = TypeVar('ModuleType', bound=nn.Module)
BACKBONE, HEAD = 'backbone.', 'action_head.'
FEATURE_LAYERS = (f'{HEAD}vlln.', f'{HEAD}vl_self_attention.')


class NotLoaded(nn.Module):
    """Stands where weights were left out because another process runs them."""

    def forward(self, *_: Any) -> Tensor:
        """Refuse to run.

        Raises:
            CheckpointError: Always.
        """
        raise CheckpointError("these layers are System 2's; load_system1_head left them out, "
                              'load_system2_backbone loads them')


def save_model(model: Groot, folder: Path) -> None:
    """Write config.json and model.safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / 'config.json', model.config.to_dict())
    weights = {name: value.detach().cpu().contiguous()
               for name, value in model.state_dict().items()}
    save_file(weights, folder / SINGLE, metadata={'format': 'pt'})


def load_model(folder: Path, dtype: torch.dtype = torch.float32,
               device: torch.device | str = 'cpu') -> Groot:
    """Read both systems from a checkpoint folder, ready for inference.

    Raises:
        CheckpointError: If a weight is missing, is not known, has another shape or dtype, or if a
            file is missing or truncated.
        ConfigError: If config.json does not describe a known model.
    """
    with _parameters_on_meta():
        model = Groot(read_config(folder))
    return _load(model, folder, {name: name for name in model.state_dict()}, ('',), dtype, device)


def load_system2_backbone(folder: Path, dtype: torch.dtype = torch.float32,
                          device: torch.device | str = 'cpu') -> GoalTokenEncoder:
    """Read what the planner runs; raises as `load_model`."""
    with _parameters_on_meta():
        encoder = GoalTokenEncoder(read_config(folder))
    names = {name: name if name.startswith(BACKBONE) else HEAD + name
             for name in encoder.state_dict()}
    return _load(encoder, folder, names, (BACKBONE, *FEATURE_LAYERS), dtype, device)


def load_system1_head(folder: Path, dtype: torch.dtype = torch.float32,
                      device: torch.device | str = 'cpu') -> ActionHead:
    """Read what the controller runs; raises as `load_model`.

    `goal_tokens` of the returned head raises: its layers are the planner's.
    """
    with _parameters_on_meta():
        head = ActionHead(read_config(folder).action_head_cfg)
    head.vlln, head.vl_self_attention = NotLoaded(), NotLoaded()
    names = {name: HEAD + name for name in head.state_dict()}
    return _load(head, folder, names, (HEAD,), dtype, device, excluded=FEATURE_LAYERS)


def _load(module: ModuleType, folder: Path, names: dict[str, str], parts: tuple[str, ...],
          dtype: torch.dtype, device: torch.device | str,
          excluded: tuple[str, ...] = ()) -> ModuleType:
    """Fill a module from the weights that `names` gives for its own names.

    Every weight of the checkpoint under `parts` but not under `excluded` must be wanted.
    """
    files = WeightFiles.find(folder)
    present = {name for name in files.shards if _belongs(name, parts, excluded)}
    _check_names(files.origin, set(names.values()), present)
    own = {there: here for here, there in names.items()}
    expected = module.state_dict()
    read = files.read({there: expected[here] for there, here in own.items()})
    weights = {own[there]: value.to(device, dtype if value.is_floating_point() else None,
                                    copy=True)  # else it stays a view of the mapped file
               for there, value in read}
    module.load_state_dict(weights, assign=True)
    return module.to(device).eval().requires_grad_(False)


def _belongs(name: str, parts: tuple[str, ...], excluded: tuple[str, ...]) -> bool:
    known = name.startswith((BACKBONE, HEAD))
    return not known or (name.startswith(parts) and not name.startswith(excluded))


def _check_names(origin: Path, wanted: set[str], present: set[str]) -> None:
    for name in sorted(wanted - present):
        raise CheckpointError(f'{origin}: {name} is missing, but config.json asks for it: '
                              f'{COPY_AGAIN}')
    for name in sorted(present - wanted):
        # Some releases carry an output layer of a tower, which nothing reads.
        if not (name.startswith(BACKBONE) and is_ignored_weight(name)):
            raise CheckpointError(f'{origin}: {name} is not part of the model that config.json '
                                  f'describes: {COPY_AGAIN}')


@contextmanager
def _parameters_on_meta() -> Iterator[None]:
    """Build modules whose parameters take no memory and whose buffers are real.

    Some buffers, such as rotary frequencies, are in no checkpoint.
    """
    def move(_module: nn.Module, _name: str, parameter: nn.Parameter) -> nn.Parameter:
        return nn.Parameter(parameter.to('meta'), parameter.requires_grad)

    handle = register_module_parameter_registration_hook(move)
    try:
        yield
    finally:
        handle.remove()


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write an indented JSON file."""
    path.write_text(json.dumps(values, indent=2) + '\n')
