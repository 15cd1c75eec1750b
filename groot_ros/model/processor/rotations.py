"""Rotations and poses as numbers; matrices are (..., 3, 3) and act on column vectors."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
EULER = re.compile(r'euler_angles_(rpy|ryp|pry|pyr|yrp|ypr)')
# Numbers of each representation; Euler angles are three.
SIZES = {'axis_angle': 3, 'quaternion': 4, 'rotation_6d': 6, 'matrix': 9}


def rotation_size(representation: str) -> int | None:
    """Return how many numbers a representation has, None if it is not known."""
    return 3 if EULER.fullmatch(representation) else SIZES.get(representation)


def to_matrix(values: FloatArray, representation: str) -> FloatArray:
    """Return rotation matrices of rotations (..., size) in a representation.

    `euler_angles_rpy` turns about x, then the new y, then the new z; a quaternion is (w, x, y, z).
    """
    if order := EULER.fullmatch(representation):
        return _from_euler(values, order[1])
    if representation == 'matrix':
        return values.reshape(*values.shape[:-1], 3, 3)
    return {'axis_angle': _from_rotvec, 'quaternion': _from_quaternion,
            'rotation_6d': _from_rot6d}[representation](values)


def from_matrix(matrix: FloatArray, representation: str) -> FloatArray:
    """Invert `to_matrix`; angles about an axis lie in [0, pi], quaternions have w >= 0."""
    if order := EULER.fullmatch(representation):
        return _to_euler(matrix, order[1])
    if representation == 'matrix':
        return matrix.reshape(*matrix.shape[:-2], 9)
    return {'axis_angle': _to_rotvec, 'quaternion': _to_quaternion,
            'rotation_6d': _to_rot6d}[representation](matrix)


def relative_pose(pose: FloatArray, reference: FloatArray, representation: str) -> FloatArray:
    """Return `pose` seen from `reference`: inverse(T_reference) * T_pose.

    Args:
        pose: Position [m] and rotation, shape (..., 3 + size).
        reference: As `pose`; broadcast against it.
        representation: Of the rotations.
    """
    turn_back = np.swapaxes(to_matrix(reference[..., 3:], representation), -1, -2)
    offset = _apply(turn_back, pose[..., :3] - reference[..., :3])
    turned = turn_back @ to_matrix(pose[..., 3:], representation)
    return np.concatenate([offset, from_matrix(turned, representation)], axis=-1)


def absolute_pose(relative: FloatArray, reference: FloatArray, representation: str) -> FloatArray:
    """Invert `relative_pose`: T_reference * T_relative."""
    turn = to_matrix(reference[..., 3:], representation)
    position = reference[..., :3] + _apply(turn, relative[..., :3])
    turned = turn @ to_matrix(relative[..., 3:], representation)
    return np.concatenate([position, from_matrix(turned, representation)], axis=-1)


def _apply(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    return (matrix @ vector[..., None])[..., 0]


def _from_rot6d(values: FloatArray) -> FloatArray:
    """Gram-Schmidt on the first two rows; the third is their cross product."""
    first = _unit(values[..., :3])
    second = values[..., 3:]
    second = _unit(second - (first * second).sum(-1, keepdims=True) * first)
    return np.stack([first, second, np.cross(first, second)], axis=-2)


def _to_rot6d(matrix: FloatArray) -> FloatArray:
    return matrix[..., :2, :].reshape(*matrix.shape[:-2], 6)


def _unit(vector: FloatArray) -> FloatArray:
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    return vector / np.maximum(length, 1e-12)


def _from_rotvec(values: FloatArray) -> FloatArray:
    angle = np.linalg.norm(values, axis=-1, keepdims=True)
    # sin(angle / 2) / angle, which np.sinc knows at 0 too (its argument is in units of pi).
    half = 0.5 * np.sinc(0.5 * angle / np.pi)
    return _from_quaternion(np.concatenate([np.cos(0.5 * angle), half * values], axis=-1))


def _to_rotvec(matrix: FloatArray) -> FloatArray:
    quaternion = _to_quaternion(matrix)
    real, vector = quaternion[..., :1], quaternion[..., 1:]
    sine = np.linalg.norm(vector, axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, real)
    return np.where(sine > 1e-12, angle / np.maximum(sine, 1e-12), 2.0) * vector


def _from_quaternion(values: FloatArray) -> FloatArray:
    w, x, y, z = np.moveaxis(_unit(values), -1, 0)
    rows = [[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def _to_quaternion(matrix: FloatArray) -> FloatArray:
    """Take the best conditioned of the four ways to read a quaternion off a matrix.

    Row k of `products` is 4 * q[k] * q, so the row with the largest square is divided by its
    root. Source: Shepperd, Quaternion from rotation matrix, 1978.
    """
    m = np.moveaxis(matrix, (-2, -1), (0, 1))
    trace = m[0, 0] + m[1, 1] + m[2, 2]
    squares = [1 + trace, *(1 + 2 * m[k, k] - trace for k in range(3))]
    wx, wy, wz = m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]
    xy, xz, yz = m[0, 1] + m[1, 0], m[0, 2] + m[2, 0], m[1, 2] + m[2, 1]
    products = np.stack([np.stack(row, axis=-1) for row in (
        (squares[0], wx, wy, wz), (wx, squares[1], xy, xz),
        (wy, xy, squares[2], yz), (wz, xz, yz, squares[3]))], axis=-2)
    best = np.stack(squares, axis=-1).argmax(axis=-1)
    row = np.take_along_axis(products, best[..., None, None], axis=-2)[..., 0, :]
    quaternion = _unit(row)
    return np.where(quaternion[..., :1] < 0, -quaternion, quaternion)


def _from_euler(values: FloatArray, order: str) -> FloatArray:
    first, second, third = (
        _about(axis, values[..., k]) for k, axis in enumerate(_axes(order)))
    return first @ second @ third


def _to_euler(matrix: FloatArray, order: str) -> FloatArray:
    """Read the angles of three different axes; the second lies in [-pi/2, pi/2].

    With the second at either end, first and third turn about one line, and what the first is
    read from is rounding. The others are read after turning it back: they make up for any value.
    """
    i, j, k = _axes(order)
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    first = np.arctan2(-sign * matrix[..., j, k], matrix[..., k, k])
    rest = _about(i, -first) @ matrix
    middle = np.arctan2(sign * rest[..., i, k], rest[..., k, k])
    third = np.arctan2(sign * rest[..., j, i], rest[..., j, j])
    return np.stack([first, middle, third], axis=-1)


def _axes(order: str) -> list[int]:
    return ['rpy'.index(letter) for letter in order]


def _about(axis: int, angle: FloatArray) -> FloatArray:
    rotvec = np.zeros((*angle.shape, 3))
    rotvec[..., axis] = angle
    return _from_rotvec(rotvec)
