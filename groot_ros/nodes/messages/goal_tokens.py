"""Goal tokens to and from `GoalTokens` messages, in four number formats."""

import array
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groot_ros.model.policy import GoalTokens
from groot_ros.msg import GoalTokens as GoalTokensMessage

Matrix = NDArray[np.float32]

DTYPES: dict[str, int] = {
    'float32': GoalTokensMessage.FLOAT32,
    'float16': GoalTokensMessage.FLOAT16,
    'bfloat16': GoalTokensMessage.BFLOAT16,
    'int8': GoalTokensMessage.INT8,
}
STORED_AS: dict[int, str] = {
    GoalTokensMessage.FLOAT32: '<f4',
    GoalTokensMessage.FLOAT16: '<f2',
    GoalTokensMessage.BFLOAT16: '<u2',
    GoalTokensMessage.INT8: '<i1',
}


class TokenMessageError(ValueError):
    """A goal token message whose sizes disagree or whose numbers are not finite."""


def write_tokens(message: GoalTokensMessage, tokens: GoalTokens, dtype: str) -> None:
    """Write goal tokens into `message` with their features in the format `dtype`."""
    _write_features(message, tokens.features, dtype)
    message.attention_mask = tokens.attention_mask.tolist()
    message.image_mask = tokens.image_mask.tolist()


def read_tokens(message: GoalTokensMessage) -> GoalTokens:
    """Return the goal tokens in `message`.

    Raises:
        TokenMessageError: If the sizes disagree or a feature is not finite.
    """
    return GoalTokens(
        features=_read_features(message),
        attention_mask=_read_mask('attention_mask', message.attention_mask, message.tokens),
        image_mask=_read_mask('image_mask', message.image_mask, message.tokens))


def _write_features(message: GoalTokensMessage, features: Matrix, dtype: str) -> None:
    """Write backbone features (tokens, width) into `message` in the format `dtype`."""
    message.tokens, message.width = features.shape
    message.dtype = DTYPES[dtype]
    scales = np.ones(0, dtype=np.float32)
    stored: NDArray[Any]
    if dtype == 'int8':
        scales = np.maximum(np.abs(features).max(axis=1), 1e-12).astype(np.float32) / 127
        stored = np.rint(features / scales[:, None]).astype('<i1')
    elif dtype == 'bfloat16':
        stored = _round_to_bfloat16(features)
    else:
        stored = features.astype(STORED_AS[message.dtype])
    message.data = array.array('B', stored.tobytes())
    message.scales = array.array('f', scales.tobytes())


def _read_features(message: GoalTokensMessage) -> Matrix:
    """Return the features in `message`, shape (tokens, width).

    Raises:
        TokenMessageError: If the sizes disagree or a feature is not finite.
    """
    if message.dtype not in STORED_AS:
        raise TokenMessageError(
            f'dtype is {message.dtype}, must be one of {sorted(STORED_AS)}; '
            'are planner and controller of the same version?')
    stored_as = np.dtype(STORED_AS[message.dtype])
    shape = (message.tokens, message.width)
    expected = shape[0] * shape[1] * stored_as.itemsize
    if len(message.data) != expected:
        raise TokenMessageError(
            f'{shape[0]} x {shape[1]} tokens take {expected} bytes, got {len(message.data)}')
    stored = np.frombuffer(message.data, dtype=stored_as).reshape(shape)
    features = _decode(stored, message)
    if not np.isfinite(features).all():
        raise TokenMessageError('features are not finite')
    return features


def _read_mask(name: str, mask: list[bool], tokens: int) -> NDArray[np.bool_]:
    """Return a mask of one flag per token, shape (tokens,).

    Raises:
        TokenMessageError: If it has another length.
    """
    if len(mask) != tokens:
        raise TokenMessageError(f'{name} has {len(mask)} entries for {tokens} tokens')
    return np.asarray(mask, dtype=np.bool_)


def _decode(stored: NDArray[Any], message: GoalTokensMessage) -> Matrix:
    """Turn stored numbers into float32."""
    if message.dtype == GoalTokensMessage.BFLOAT16:
        return (stored.astype('<u4') << 16).view('<f4')
    if message.dtype == GoalTokensMessage.INT8:
        if len(message.scales) != message.tokens:
            raise TokenMessageError(
                f'int8 needs one scale per token, got {len(message.scales)} '
                f'for {message.tokens} tokens')
        return stored * np.asarray(message.scales, dtype=np.float32)[:, None]
    return stored.astype(np.float32)


def _round_to_bfloat16(features: Matrix) -> NDArray[np.uint16]:
    """Return the upper halves of float32 numbers, rounded to nearest even."""
    bits = np.ascontiguousarray(features, dtype='<f4').view('<u4')
    rounded = bits + 0x7FFF + ((bits >> 16) & 1)
    return (rounded >> 16).astype('<u2')
