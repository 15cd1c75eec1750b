"""Rotations: by hand, and there and back."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from groot_ros.model.processor.relative import Reference
from groot_ros.model.processor.rotations import (
    absolute_pose,
    from_matrix,
    relative_pose,
    rotation_size,
    to_matrix,
)

EULERS = ['euler_angles_' + ''.join(order) for order in itertools.permutations('rpy')]
REPRESENTATIONS = ['axis_angle', 'quaternion', 'rotation_6d', 'matrix', *EULERS]
numbers = st.floats(-1.0, 1.0)
vectors = st.tuples(numbers, numbers, numbers).map(np.array)
rotations = st.tuples(vectors, st.floats(0.0, np.pi)).map(
    lambda pair: to_matrix(pair[0] / max(np.linalg.norm(pair[0]), 1e-3) * pair[1], 'axis_angle'))


@given(rotations, st.sampled_from(REPRESENTATIONS))
@example(to_matrix(np.pi * np.array([0.0, 1.0, 1.0]) / np.sqrt(2.0), 'axis_angle'),
         'euler_angles_pry')
@settings(max_examples=300)
def test_every_representation_gives_its_matrix_back(matrix, representation):
    values = from_matrix(matrix, representation)
    assert values.shape == (rotation_size(representation),)
    np.testing.assert_allclose(to_matrix(values, representation), matrix, atol=1e-7)


def test_a_quarter_turn_about_z_in_every_representation():
    half = np.sqrt(0.5)
    matrix = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    expected = {'axis_angle': [0, 0, np.pi / 2], 'quaternion': [half, 0, 0, half],
                'rotation_6d': [0, -1, 0, 1, 0, 0], 'euler_angles_rpy': [0, 0, np.pi / 2],
                'euler_angles_ypr': [np.pi / 2, 0, 0]}
    for representation, values in expected.items():
        np.testing.assert_allclose(from_matrix(matrix, representation), values, atol=1e-12)


def test_euler_angles_turn_about_the_axes_that_were_turned_before():
    # x by 90 degrees, then the new y, which is the old z, by 90 degrees.
    matrix = to_matrix(np.array([np.pi / 2, np.pi / 2, 0.0]), 'euler_angles_rpy')
    np.testing.assert_allclose(matrix @ [1.0, 0, 0], [0, 1, 0], atol=1e-12)


def test_six_numbers_are_two_rows_made_orthonormal():
    matrix = to_matrix(np.array([2.0, 0, 0, 1, 3, 0]), 'rotation_6d')
    np.testing.assert_allclose(matrix, np.eye(3), atol=1e-12)


@given(vectors, rotations, vectors, rotations, st.sampled_from(['rotation_6d', 'axis_angle']))
@settings(max_examples=200)
def test_a_pose_seen_from_another_comes_back(place, turn, origin, frame, representation):
    pose = np.concatenate([place, from_matrix(turn, representation)])
    reference = np.concatenate([origin, from_matrix(frame, representation)])
    back = absolute_pose(
        relative_pose(pose, reference, representation), reference, representation)
    np.testing.assert_allclose(back[:3], place, atol=1e-9)
    np.testing.assert_allclose(to_matrix(back[3:], representation), turn, atol=1e-7)


def test_a_pose_is_seen_in_the_axes_of_its_reference():
    # The reference looks along y: what is 2 m further along y is 2 m ahead of it.
    quarter = from_matrix(to_matrix(np.array([0, 0, np.pi / 2]), 'axis_angle'), 'rotation_6d')
    reference = np.array([1.0, 1, 0, *quarter])
    pose = np.array([1.0, 3, 0, *quarter])
    relative = relative_pose(pose, reference, 'rotation_6d')
    np.testing.assert_allclose(relative, [2, 0, 0, 1, 0, 0, 0, 1, 0], atol=1e-12)


@pytest.mark.parametrize('rotation', ['rotation_6d', 'axis_angle'])
def test_a_batch_of_chunks_equals_one_after_the_other(rotation):
    rng = np.random.default_rng(0)
    size = 3 + rotation_size(rotation)
    actions, state = rng.normal(size=(5, 4, size)), rng.normal(size=(5, size))
    reference = Reference('eef', rotation)
    together = reference.to_relative(actions.astype(np.float32), state.astype(np.float32))
    for k in range(5):
        alone = reference.to_relative(actions[k].astype(np.float32), state[k].astype(np.float32))
        np.testing.assert_array_equal(together[k], alone)
