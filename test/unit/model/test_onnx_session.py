"""ONNX files run beside the weights that they were exported from, or without any."""

import shutil
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from groot_ros.model.finding import find_checkpoint
from groot_ros.model.onnx_session import open_session
from groot_ros.model.weight_headers import CheckpointError

GRAPHS = ('system1_context.onnx', 'system1.onnx', 'system2.onnx', 'system2_attention.onnx')


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_checkpoint('g1_tabletop'), tmp_path / 'copy'))


@pytest.mark.parametrize('graph', GRAPHS)
def test_files_of_the_weights_beside_them_are_opened(checkpoint: Path, graph: str) -> None:
    assert open_session(checkpoint / graph, 1).get_outputs()


@pytest.mark.parametrize('graph', GRAPHS)
def test_files_of_other_weights_are_refused(checkpoint: Path, graph: str) -> None:
    file = checkpoint / 'model.safetensors'
    weights = load_file(file)
    next(weight for weight in weights.values() if weight.ndim == 1)[0] += 1e-3
    save_file(weights, file)
    with pytest.raises(CheckpointError, match=rf'{graph}: exported from .*run `ros2 run groot_ros '
                                              rf'export_onnx {checkpoint}`'):
        open_session(checkpoint / graph, 1)


def test_files_without_weights_beside_them_contradict_nothing(checkpoint: Path) -> None:
    (checkpoint / 'model.safetensors').unlink()
    assert open_session(checkpoint / 'system1.onnx', 1).get_outputs()
