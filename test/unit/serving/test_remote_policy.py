"""A policy server as the policy of a robot: what is asked, and what is refused."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from groot_ros.embodiment import load_embodiment
from groot_ros.observation import ObservationContext
from groot_ros.serving import (
    CancelledError,
    MismatchError,
    Modalities,
    ModalityConfig,
    ObservationError,
    PolicyClient,
    ProtocolVersion,
    ReplyError,
    ServerRefusedError,
)
from groot_ros.serving.remote_policy import RemotePolicy, check_modalities

ROBOT = load_embodiment('unitree_g1')
DIMS = {name: len(ROBOT.groups[name]) for name in ROBOT.model.state}
STATE = np.arange(sum(DIMS.values()), dtype=np.float32)
PATIENCE_S = 30.0
LONG_S = 600.0
FITTING = Modalities(
    video=ModalityConfig((0,), ('ego_view',)),
    # The order of the server is its own.
    state=ModalityConfig((0,), tuple(reversed(ROBOT.model.state))),
    action=ModalityConfig((0, 1), tuple(reversed(ROBOT.model.action))),
    language=ModalityConfig((0,), ('task',)))


class MirrorPolicy:
    """Row k of each group is its state plus k."""

    def __init__(self, modalities=FITTING, **dims):
        self.modalities = modalities
        self.state_dims = DIMS
        self.action_dims = DIMS | dims
        self.seen = None
        self.episodes = 0

    def act(self, observation):
        self.seen = observation
        steps = np.arange(2, dtype=np.float32)[:, None]
        return {key: np.resize(observation.state[key], (1, self.action_dims[key])) + steps
                for key in self.modalities.action.modality_keys}

    def reset(self):
        self.episodes += 1


def context(**images):
    return ObservationContext(
        images or {'ego_view': np.full((4, 6, 3), 50, np.uint8)}, 'touch the red block')


@pytest.fixture
def connected(running):
    """Return a policy by its server's address; closed after the test."""
    opened = []

    def connect(address, version='n1_7', timeout_s=PATIENCE_S):
        opened.append(RemotePolicy(PolicyClient(address, version, timeout_s=timeout_s), ROBOT))
        return opened[-1]

    yield connect
    for policy in opened:
        policy.close()


@pytest.mark.parametrize('version', list(ProtocolVersion))
def test_targets_come_in_the_order_of_the_robot(running, connected, version):
    served = MirrorPolicy()
    with running(served, version) as server:
        positions = connected(server.address, version).act(context(), STATE)
    np.testing.assert_array_equal(positions, [STATE, STATE + 1])
    assert served.seen.instruction == 'touch the red block'
    assert served.seen.images['ego_view'].shape == (1, 4, 6, 3)


def test_images_that_the_server_does_not_ask_for_stay_here(running, connected):
    image = np.zeros((4, 6, 3), np.uint8)
    served = MirrorPolicy()
    with running(served) as server:
        connected(server.address).act(context(ego_view=image, wrist_view=image), STATE)
    assert list(served.seen.images) == ['ego_view']


def test_an_observation_without_the_image_is_refused_before_it_is_sent(running, connected):
    with running(MirrorPolicy()) as server, pytest.raises(
            ObservationError, match="no image 'ego_view', it has wrist_view"):
        connected(server.address).act(
            context(wrist_view=np.zeros((4, 6, 3), np.uint8)), STATE)


@pytest.mark.parametrize(('changes', 'reason'), [
    ({'video': ModalityConfig((0,), ('front',))}, "video key 'front', the cameras have ego_view"),
    ({'video': ModalityConfig((-15, 0), ('ego_view',))}, r'video at the time steps \[-15, 0\]'),
    ({'state': ModalityConfig((0,), ('waist', 'legs'))},
     "state group 'legs', model.state is waist, right_arm, right_hand"),
    ({'action': ModalityConfig((0, 1), ('waist', 'navigate'))},
     'commands the groups waist, navigate, model.action is waist, right_arm, right_hand'),
])
def test_a_policy_of_another_robot_is_refused_by_name(changes, reason):
    with pytest.raises(MismatchError, match=reason) as refusal:
        check_modalities(replace(FITTING, **changes), ROBOT, 'tcp://host:5555')
    assert 'tcp://host:5555 and embodiment unitree_g1 differ' in str(refusal.value)


def test_a_policy_of_this_robot_is_taken():
    check_modalities(FITTING, ROBOT, 'tcp://host:5555')


def test_a_group_of_another_size_is_refused_by_name(running, connected):
    with running(MirrorPolicy(waist=6)) as server, pytest.raises(
            ReplyError, match=r"'waist' has 6 columns, embodiment unitree_g1 has 3 joints"):
        connected(server.address).act(context(), STATE)


def test_a_server_that_serves_another_policy_by_now_is_checked_again(running, connected):
    with running(MirrorPolicy()) as server:
        port = int(server.address.rpartition(':')[2])
        policy = connected(server.address)
        policy.act(context(), STATE)
    other = replace(FITTING, state=ModalityConfig((0,), ('legs',)))
    served = MirrorPolicy(other)
    served.state_dims = {'legs': 12}
    with running(served, port=port):
        with pytest.raises(ServerRefusedError, match='legs'):
            policy.act(context(), STATE)
        with pytest.raises(MismatchError, match="state group 'legs'"):
            policy.act(context(), STATE)


def test_a_call_under_way_ends_when_it_is_cancelled(scripted, connected):
    scripted.answer(None)
    policy, cancelled = connected(scripted.address, timeout_s=LONG_S), threading.Event()
    canceller = threading.Timer(0.1, cancelled.set)
    canceller.start()
    began = time.monotonic()
    with pytest.raises(CancelledError, match='get_modality_config'):
        policy.check(cancelled)
    assert time.monotonic() - began < LONG_S
    canceller.join()


def test_a_reset_begins_an_episode_on_the_server(running, connected):
    served = MirrorPolicy()
    with running(served) as server:
        connected(server.address).reset()
    assert served.episodes == 1
