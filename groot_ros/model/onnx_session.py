"""Opens one ONNX file of a checkpoint, if it was exported from the weights beside it."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from groot_ros.model.fingerprint import weights_fingerprint
from groot_ros.model.weight_headers import CheckpointError, has_weights

WEIGHTS = 'weights'
"""Under which an ONNX file tells the `weights_fingerprint` of what it was exported from."""


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """Open an ONNX file for a CPU.

    Args:
        path: In the folder of its checkpoint.
        threads: CPU threads.

    Raises:
        CheckpointError: If it was exported from other weights than those beside it.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # A spinning thread pool would take the core that the control tick needs.
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    _check_origin(path, session.get_modelmeta().custom_metadata_map.get(WEIGHTS, 'unknown'))
    return session


def _check_origin(path: Path, exported_from: str) -> None:
    checkpoint = path.parent
    if not has_weights(checkpoint):  # nothing there that it could contradict
        return
    there = weights_fingerprint(checkpoint)
    if exported_from != there:
        raise CheckpointError(
            f'{path}: exported from weights {exported_from}, but those beside it are {there}: run '
            f'`ros2 run groot_ros export_onnx {checkpoint}`')
