from pathlib import Path

import numpy as np
import pytest

from groot_ros.model.policy import GoalTokens, load_system1, load_system2
from groot_ros.model.processor import GroupRange, ImageSpec, Processor
from groot_ros.observation.images import crop_and_resize
from groot_ros.serving import (
    Observation,
    ObservationError,
    PolicyClient,
    ServingError,
)
from groot_ros.serving.checkpoint_policy import CheckpointPolicy, load_policy

SHIPPED = Path(__file__).parents[3] / 'models' / 'g1_tabletop'
TAG = 'unitree_g1'


def group(name, dim):
    return GroupRange(name, -np.ones(dim, np.float32), np.ones(dim, np.float32))


def processor(**changes):
    spec = ImageSpec((0.5, 0.0, 0.5, 1.0), (2, 2))
    return Processor(**{
        'embodiment_tag': 'toy', 'embodiment_id': 0, 'images': {'front': spec},
        'state': (group('arm', 2), group('grip', 1)),
        'action': (group('grip', 1), group('arm', 2)),
        'action_horizon': 2, 'action_period': 0.1, 'max_state_dim': 4, 'max_action_dim': 4,
        'formalize_language': True, **changes})


class ToySystem2:
    """The only token is the image."""

    fingerprint = 'toy'

    def __init__(self, processor):
        self.processor = processor

    def encode(self, images, instruction):
        self.images, self.instruction = images, instruction
        return GoalTokens(images['front'].reshape(1, -1).astype(np.float32),
                          np.ones(1, bool), np.ones(1, bool))


class ToySystem1:
    """Answers (mean of the token, first two values of the state) and adds the noise."""

    fingerprint = 'toy'

    def __init__(self, processor):
        self.processor = processor

    def prepare(self, tokens):
        return float(tokens.features.mean())

    def solve(self, context, state, noise):
        return np.tile([context, *state[:2]], (2, 1)).astype(np.float32) + noise

    def draw_noise(self, rng):
        return rng.standard_normal((2, 1), np.float32)


def toy_policy(**changes):
    return CheckpointPolicy(ToySystem2(processor(**changes)), ToySystem1(processor(**changes)))


def toy_observation(image):
    return Observation({'front': image[None]}, {
        'grip': np.array([[3.0]], np.float32), 'arm': np.array([[1.0, 2.0]], np.float32)}, 'go')


def test_images_are_cut_and_groups_ordered_as_the_checkpoint_has_them():
    image = np.zeros((4, 8, 3), np.uint8)
    image[:, 4:] = 100
    policy = toy_policy()
    actions = policy.act(toy_observation(image))
    noise = np.random.default_rng(0).standard_normal((2, 1), np.float32)
    np.testing.assert_allclose(actions['grip'], 100 + noise)
    np.testing.assert_allclose(actions['arm'], [1, 2] + noise)
    assert list(actions) == ['grip', 'arm']


def test_reset_repeats_the_noise():
    policy, observation = toy_policy(), toy_observation(np.zeros((4, 8, 3), np.uint8))
    first, second = policy.act(observation)['arm'], policy.act(observation)['arm']
    policy.reset()
    assert (first != second).any()
    np.testing.assert_array_equal(policy.act(observation)['arm'], first)


def test_the_modalities_are_those_of_the_processor():
    modalities = toy_policy(language_key='task').modalities
    assert modalities.video.modality_keys == ('front',)
    assert modalities.action.modality_keys == ('grip', 'arm')
    assert modalities.action.delta_indices == (0, 1)
    assert modalities.language_key == 'task'


def test_an_image_too_small_to_cut_is_refused():
    with pytest.raises(ObservationError, match=r'video.front: crop'):
        toy_policy(images={'front': ImageSpec((0.2, 0.0, 0.1, 1.0), (2, 2))}).act(
            toy_observation(np.zeros((1, 1, 3), np.uint8)))


def test_an_instruction_without_words_is_refused(shipped):
    size = (1, 240, 320, 3)
    state = {name: np.zeros((1, dim), np.float32) for name, dim in shipped.state_dims.items()}
    with pytest.raises(ObservationError, match='the instruction holds no word'):
        shipped.act(Observation({'ego_view': np.zeros(size, np.uint8)}, state, '...'))


@pytest.mark.parametrize('deltas', ['video_deltas', 'state_deltas'])
def test_a_model_with_history_is_refused(deltas):
    with pytest.raises(ServingError, match='one time step'):
        toy_policy(**{deltas: (-15, 0)})


@pytest.fixture(scope='module')
def shipped():
    pytest.importorskip('onnxruntime')
    return load_policy(str(SHIPPED), TAG, seed=3)


@pytest.fixture
def view():
    rng = np.random.default_rng(1)
    state = {name: rng.uniform(-0.3, 0.3, (1, dim)).astype(np.float32)
             for name, dim in (('waist', 3), ('right_arm', 7), ('right_hand', 7))}
    image = rng.integers(0, 255, (1, 480, 640, 3), dtype=np.uint8)
    return Observation({'ego_view': image}, state, 'Touch the red block!')


@pytest.mark.parametrize('version', ['n1_5', 'n1_7'])
def test_the_shipped_policy_answers_as_if_called_directly(shipped, view, running, version):
    system2, system1 = load_system2(SHIPPED, TAG), load_system1(SHIPPED, TAG)
    spec = system1.processor.images['ego_view']
    image = crop_and_resize(view.images['ego_view'][0], spec.crop, spec.size)
    tokens = system2.encode({'ego_view': image}, view.instruction)
    state = np.concatenate([view.state[name][0] for name in ('waist', 'right_arm', 'right_hand')])
    wanted = system1.solve(system1.prepare(tokens), state,
                           system1.draw_noise(np.random.default_rng(3)))
    shipped.reset()
    with running(shipped, version) as server, PolicyClient(server.address, version) as client:
        actions = client.get_action(view)
    np.testing.assert_array_equal(np.concatenate(list(actions.values()), axis=1), wanted)
    assert {name: values.shape for name, values in actions.items()} == {
        'waist': (16, 3), 'right_arm': (16, 7), 'right_hand': (16, 7)}
