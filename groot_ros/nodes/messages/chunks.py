"""Action chunks as messages, for eyes and bags."""

import array
from collections.abc import Sequence

import numpy as np

from groot_ros.control import ActionChunk
from groot_ros.msg import ActionChunk as ActionChunkMessage
from groot_ros.nodes.shared.stamps import stamp_at


def chunk_message(
    chunk: ActionChunk, joint_names: Sequence[str], checkpoint: str
) -> ActionChunkMessage:
    """Return a chunk whose columns are `joint_names`, of a checkpoint's fingerprint."""
    message = ActionChunkMessage(
        checkpoint=checkpoint, frozen_steps=chunk.frozen, solve_time=chunk.solve_time,
        epoch=chunk.epoch, sequence=chunk.sequence, token_sequence=chunk.token_sequence,
        joint_names=list(joint_names), period=chunk.period, horizon=len(chunk.positions),
        positions=array.array('f', chunk.positions.astype(np.float32).tobytes()))
    message.header.stamp = stamp_at(chunk.stamp)
    return message
