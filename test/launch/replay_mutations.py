"""Changes to the policy and its nodes, each small, that an exact replay must not let pass."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from safetensors.numpy import load_file

import groot_ros
from groot_ros.embodiment import embodiment_file
from groot_ros.model.finding import find_checkpoint

ROBOT, POLICY = 'unitree_g1', 'g1_tabletop'
Change = Callable[[Path], dict[str, Any]]
"""Makes what is changed in a folder; returns arguments of a replay."""


def in_checkpoint(file: str, change: Callable[[Any], None]) -> Change:
    """Change a JSON file of a copy of the policy."""
    def make(folder: Path) -> dict[str, Any]:
        copy = copied_checkpoint(folder)
        content = json.loads((copy / file).read_text())
        change(content)
        (copy / file).write_text(json.dumps(content))
        return {'checkpoint': copy}
    return make


def copied_checkpoint(folder: Path) -> Path:
    """Copy the shipped policy."""
    return Path(shutil.copytree(find_checkpoint(POLICY), folder / 'checkpoint'))


def one_weight(folder: Path) -> dict[str, Any]:
    """Change a single number of the ONNX graph: an entry of a bias of the action decoder."""
    copy = copied_checkpoint(folder)
    weights = load_file(copy / 'model.safetensors')
    graph = (copy / 'system1.onnx').read_bytes()
    name = next(name for name in sorted(weights) if name.startswith('action_head.model.')
                and weights[name].ndim == 1 and weights[name].tobytes() in graph)
    changed = weights[name].copy()
    changed[0] += 0.05
    (copy / 'system1.onnx').write_bytes(
        graph.replace(weights[name].tobytes(), changed.tobytes(), 1))
    return {'checkpoint': copy}


def in_robot(change: Callable[[dict[str, Any]], None]) -> Change:
    """Change a copy of the embodiment file."""
    def make(folder: Path) -> dict[str, Any]:
        content = yaml.safe_load(embodiment_file(ROBOT).read_text())
        change(content)
        copy = folder / f'{ROBOT}.yaml'
        copy.write_text(yaml.safe_dump(content, sort_keys=False))
        return {'embodiment': copy}
    return make


def with_parameters(**parameters: Any) -> Change:
    """Give other parameters to every node."""
    def make(folder: Path) -> dict[str, Any]:
        file = folder / 'parameters.yaml'
        file.write_text(yaml.safe_dump({'/**': {'ros__parameters': parameters}}))
        return {'params_file': file}
    return make


def in_source(module: str, old: str, new: str) -> Change:
    """Change a line of a copy of the package."""
    def make(folder: Path) -> dict[str, Any]:
        copy = folder / 'patched' / 'groot_ros'
        shutil.copytree(groot_ros.__path__[0], copy, ignore=shutil.ignore_patterns('__pycache__'))
        source = (copy / module).read_text()
        assert source.count(old) == 1, f'{module} does not hold {old!r} once'
        (copy / module).write_text(source.replace(old, new))
        return {'package': copy.parent}
    return make


def swap_joints(robot: dict[str, Any]) -> None:
    """Exchange the last two joints of the right arm."""
    arm = robot['groups']['right_arm']
    arm[-2:] = arm[:-3:-1]


def slow_down(robot: dict[str, Any]) -> None:
    """Lower what the limit filter allows one joint."""
    robot['joints']['right_elbow_joint']['acceleration'] = 3.0


def hold_back(robot: dict[str, Any]) -> None:
    """Lower the speed that the limit filter allows one joint."""
    robot['joints']['right_shoulder_pitch_joint']['velocity'] = 0.3


def shift_crop(content: dict[str, Any]) -> None:
    """Move the crop by two of a hundred."""
    crop = content['processor_kwargs']['image_crop']
    crop[0] += 0.02


def stretch_statistics(content: dict[str, Any]) -> None:
    """Widen the range of one joint of the state by a hundredth of a radian."""
    for name in ('max', 'q99'):
        content[ROBOT]['state']['right_arm'][name][3] += 0.01


MUTATIONS: dict[str, Change] = {
    'one number of the weights': one_weight,
    'image crop': in_checkpoint('processor_config.json', shift_crop),
    'normalisation statistics': in_checkpoint('statistics.json', stretch_statistics),
    'joint order': in_robot(swap_joints),
    'acceleration limit': in_robot(slow_down),
    'velocity limit': in_robot(hold_back),
    'seam mode': with_parameters(seam_mode='aggregate'),
    'overlap of chunks': with_parameters(overlap_s=0.2),
    'action period': with_parameters(action_period_s=0.055),
    'delay of vision': with_parameters(vision_delay_s=0.06),
    'delay of the solver': with_parameters(solve_delay_ticks=3),
    'seed of the noise': with_parameters(seed=1),
    'precision of goal tokens': with_parameters(token_dtype='int8'),
    'order of colours': in_source(
        'observation/images.py', "if encoding == 'bgr8'", "if encoding == 'rgb8'"),
    'order of the state': in_source(
        'nodes/controller/control_cycle.py', 'positions[self._state_columns].astype',
        'positions[self._state_columns[::-1]].astype'),
    'noise kept over chunks': in_source(
        'nodes/solver/worker.py', 'self._system1.draw_noise(self._random)',
        'self._system1.draw_noise(np.random.default_rng(self._seed))'),
    'velocity at the end of a command': in_source(
        'nodes/shared/outputs.py', 'command.velocities[columns]',
        '0.5 * command.velocities[columns]'),
}
