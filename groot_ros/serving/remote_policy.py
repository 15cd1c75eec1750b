"""A running policy server as the policy of one robot. No ROS."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from groot_ros.embodiment import Embodiment
from groot_ros.observation import ObservationContext
from groot_ros.serving.client import PolicyClient
from groot_ros.serving.errors import MismatchError, ObservationError, ReplyError
from groot_ros.serving.modality import Modalities
from groot_ros.serving.observations import Observation

FloatArray = NDArray[np.float32]
NOW = (0,)


class RemotePolicy:
    """Asks a policy server for the joint targets of one robot.

    Not for several threads at once.

    Args:
        client: Of the server, which need not run yet.
        embodiment: The robot.
    """

    def __init__(self, client: PolicyClient, embodiment: Embodiment) -> None:
        self._client = client
        self._embodiment = embodiment
        self._fitting: Modalities | None = None

    @property
    def address(self) -> str:
        """Where the server is."""
        return self._client.address

    def check(self, cancelled: threading.Event | None = None) -> Modalities:
        """Return what the server's policy takes and gives, once it is known to fit the robot.

        Args:
            cancelled: Ends the call when it is set.

        Raises:
            MismatchError: Naming the key that differs.
            ServingError: If the server does not answer, or refuses.
        """
        self._client.cancelled = cancelled
        modalities = self._client.get_modality_config()
        if modalities is not self._fitting:
            check_modalities(modalities, self._embodiment, self.address)
            self._fitting = modalities
        return modalities

    def act(self, context: ObservationContext, state: FloatArray,
            cancelled: threading.Event | None = None) -> FloatArray:
        """Return joint targets [rad], shape (action_horizon, action_dim).

        Args:
            context: Images and instruction.
            state: Positions of the embodiment's state groups [rad], shape (state_dim,).
            cancelled: Ends the call when it is set.

        Raises:
            ServingError: If the server does not answer, refuses, or answers with what this
                robot has no joints for.
        """
        modalities = self.check(cancelled)
        actions = self._client.get_action(Observation(
            images=_pick_images(context, modalities),
            state=self._split(state, modalities), instruction=context.instruction))
        return self._join(actions)

    def reset(self, cancelled: threading.Event | None = None) -> None:
        """Begin a new episode.

        Raises:
            ServingError: As in `check`.
        """
        self._client.cancelled = cancelled
        self._client.reset()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _split(self, state: FloatArray, modalities: Modalities) -> dict[str, FloatArray]:
        """Return the state groups that the server asks for, each of shape (1, dim)."""
        robot = self._embodiment
        ends = np.cumsum([len(robot.groups[name]) for name in robot.model.state])
        groups = dict(zip(robot.model.state, np.split(state, ends[:-1]), strict=True))
        return {key: groups[key][None] for key in modalities.state.modality_keys}

    def _join(self, actions: Mapping[str, FloatArray]) -> FloatArray:
        """Return the action groups side by side, in the embodiment's order."""
        robot = self._embodiment
        for key in robot.model.action:
            expected, got = len(robot.groups[key]), actions[key].shape[1]
            if got != expected:
                raise ReplyError(
                    f'{self.address}: action group {key!r} has {got} columns, embodiment '
                    f'{robot.tag} has {expected} joints in it: serve a policy of this robot')
        return np.concatenate([actions[key] for key in robot.model.action], axis=1)


def check_modalities(modalities: Modalities, embodiment: Embodiment, address: str) -> None:
    """Check that a server's policy takes and gives what the robot has.

    The protocol tells no dimensions: those of the action are checked in each answer, those of
    the state by the server.

    Raises:
        MismatchError: Naming the key, what the robot has and what the server asks for.
    """
    where = f'the policy server {address} and embodiment {embodiment.tag} differ'
    for name in ('video', 'state'):
        steps = getattr(modalities, name).delta_indices
        if steps != NOW:
            raise MismatchError(
                f'{where}: its policy reads {name} at the time steps {list(steps)}, these nodes '
                'give it the present alone, [0]: serve one fine-tuned with delta_indices [0]')
    cameras = [camera.video_key for camera in embodiment.cameras]
    for key in modalities.video.modality_keys:
        if key not in cameras:
            raise MismatchError(
                f'{where}: its policy needs the video key {key!r}, the cameras have '
                f'{", ".join(cameras) or "none"}: set cameras.*.video_key')
    for key in modalities.state.modality_keys:
        if key not in embodiment.model.state:
            raise MismatchError(
                f'{where}: its policy needs the state group {key!r}, model.state is '
                f'{", ".join(embodiment.model.state)}: give the groups of the policy')
    given, commanded = modalities.action.modality_keys, embodiment.model.action
    if sorted(given) != sorted(commanded):
        raise MismatchError(
            f'{where}: its policy commands the groups {", ".join(given)}, model.action is '
            f'{", ".join(commanded)}: give the groups of the policy')


def _pick_images(
    context: ObservationContext, modalities: Modalities
) -> dict[str, NDArray[np.uint8]]:
    """Return the images that the server asks for, each of shape (1, height, width, 3)."""
    for key in modalities.video.modality_keys:
        if key not in context.images:
            raise ObservationError(
                f'the observation has no image {key!r}, it has '
                f'{", ".join(context.images) or "none"}: start all nodes with one embodiment')
    return {key: context.images[key][None] for key in modalities.video.modality_keys}
