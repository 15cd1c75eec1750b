"""A policy server as the controller's source of chunks, on perception's observations."""

from __future__ import annotations

from rclpy.impl.rcutils_logger import RcutilsLogger

from groot_ros.control import Hold, HoldReason, TokenOrigin
from groot_ros.embodiment import Embodiment
from groot_ros.msg import Observation
from groot_ros.nodes.controller.chunk_exchange import ReceivedTokens
from groot_ros.nodes.controller.parameters import ControllerParams, check_seam_mode
from groot_ros.nodes.controller.remote_parameters import read_api_token
from groot_ros.nodes.controller.remote_solver import RemoteSolver
from groot_ros.nodes.messages.observations import ObservationMessageError, read_images
from groot_ros.nodes.shared.instruction import Assignment
from groot_ros.nodes.shared.stamps import seconds
from groot_ros.nodes.solver.requests import Solver
from groot_ros.observation import ObservationContext
from groot_ros.serving import PolicyClient, ServerTimeoutError, ServingError
from groot_ros.serving.remote_policy import RemotePolicy

ASK_AGAIN_HZ = 1.0


class BackendError(ValueError):
    """A policy server that cannot drive this robot, or that is not described well enough."""


class RemoteSource:
    """A policy server, asked once for each observation with the instruction in force.

    Args:
        params: Of the controller.
        embodiment: The robot.
        logger: Told when the server is not there yet.

    Raises:
        OSError: If the file of the API token can't be read.
        BackendError: If the server answers and does not fit the robot, or refuses; or if
            nobody says how far apart its actions are.
    """

    kind = Observation
    topic = 'observation'
    solve_hz = ASK_AGAIN_HZ

    def __init__(
        self, params: ControllerParams, embodiment: Embodiment, logger: RcutilsLogger
    ) -> None:
        if not params.action_period_s:
            raise BackendError(
                'a policy server does not say how much time passes from one action to the next: '
                "set the controller's parameter action_period_s to one frame of the training "
                'data, for example 0.05 for 20 Hz')
        check_seam_mode(params, inpaints=False)
        self.action_period = params.action_period_s
        self.fingerprint = params.backend
        self._robot = embodiment
        self._immediate = not params.step_locked
        self._assignment: Assignment | None = None
        self._newest: Observation | None = None
        self.solver: Solver = RemoteSolver(_connect(params, embodiment, logger))

    def read(self, message: Observation) -> ReceivedTokens | Hold | None:
        """Return what to ask the server with, None while there is nothing to do."""
        if message.embodiment != self._robot.tag:
            return Hold(
                HoldReason.WRONG_EMBODIMENT,
                f'observation of {message.embodiment!r}, this controller drives '
                f'{self._robot.tag!r}: start all nodes with the same embodiment')
        self._newest = message
        if self._assignment is None or not self._assignment.text:
            return None
        try:
            context = ObservationContext(read_images(message), self._assignment.text)
        except ObservationMessageError as error:
            return Hold(HoldReason.BAD_TOKENS, str(error))
        origin = TokenOrigin(
            self.fingerprint, self._robot.model.embodiment_tag, self._assignment.epoch,
            seconds(message.header.stamp))
        return ReceivedTokens(context, origin, message.sequence)

    def assign(self, assignment: Assignment) -> ReceivedTokens | None:
        """Follow the instruction in force; the newest observation serves for it at once."""
        self._assignment = assignment
        if self._newest is None or not self._immediate:
            return None
        received = self.read(self._newest)
        return received if isinstance(received, ReceivedTokens) else None


def _connect(
    params: ControllerParams, embodiment: Embodiment, logger: RcutilsLogger
) -> RemotePolicy:
    """Return the policy of a server that fits the robot, or is not there yet."""
    try:
        client = PolicyClient(
            params.backend, params.backend_version, read_api_token(params.api_token_file),
            params.backend_timeout_s)
    except ServingError as error:
        raise BackendError(str(error)) from None
    policy = RemotePolicy(client, embodiment)
    try:
        policy.check()
    except ServerTimeoutError as error:
        logger.warning(f'{error} Waiting for it.')
    except ServingError as error:
        policy.close()
        raise BackendError(str(error)) from None
    return policy
