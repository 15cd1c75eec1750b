"""Where the controller's chunks come from: System 1 beside it, or a policy server."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from groot_ros.control import Hold, HoldReason, TokenOrigin
from groot_ros.embodiment import Embodiment
from groot_ros.model.finding import find_checkpoint
from groot_ros.model.policy import System1
from groot_ros.msg import GoalTokens
from groot_ros.nodes.controller.chunk_exchange import ReceivedTokens
from groot_ros.nodes.controller.parameters import (
    ControllerParams,
    check_seam_mode,
    choose_action_period,
)
from groot_ros.nodes.messages.goal_tokens import TokenMessageError, read_tokens
from groot_ros.nodes.shared.checkpoints import check_fit
from groot_ros.nodes.shared.instruction import Assignment
from groot_ros.nodes.shared.stamps import seconds
from groot_ros.nodes.solver.process import SolverProcess
from groot_ros.nodes.solver.requests import Solver


class PolicySource(Protocol):
    """What the controller needs of a policy, wherever it runs.

    Attributes:
        kind: Messages that it plans from.
        topic: Their topic.
        fingerprint: Of the policy.
        action_period: Time from one row of a chunk to the next [s].
        solve_hz: Rate of new chunks while nothing new came to plan from [Hz].
        solver: Makes chunks beside the ticks.
    """

    kind: type
    topic: str
    fingerprint: str
    action_period: float
    solve_hz: float
    solver: Solver

    def read(self, message: Any) -> ReceivedTokens | Hold | None:
        """Return what to plan from, why the message can't be used, or None to wait."""

    def assign(self, assignment: Assignment) -> ReceivedTokens | None:
        """Follow the instruction in force; returns what can be planned from for it at once."""


class LocalSource:
    """System 1 of a checkpoint, on the planner's goal tokens.

    Args:
        params: Of the controller.
        embodiment: The robot.
        load: Loads System 1 from a checkpoint folder, in that process.

    Raises:
        OSError: If a file can't be read.
        ValueError: If the checkpoint is not there, is damaged or does not fit the robot.
    """

    kind = GoalTokens
    topic = 'goal_tokens'

    def __init__(
        self, params: ControllerParams, embodiment: Embodiment, load: Callable[..., System1]
    ) -> None:
        solver = SolverProcess(
            partial(
                load, find_checkpoint(params.checkpoint), embodiment.model.embodiment_tag,
                params.runtime, params.threads, dtype=params.dtype, mode=params.mode,
                max_goal_tokens=params.max_goal_tokens, allow_untrained=params.allow_untrained),
            params.seed)
        facts = solver.facts
        try:
            check_fit(facts.processor, embodiment)
            check_seam_mode(params, facts.inpaints)
            self.action_period = choose_action_period(params, facts.processor)
        except ValueError:
            solver.close()
            raise
        self.solver: Solver = solver
        self.fingerprint = facts.fingerprint
        self.solve_hz = params.solve_hz

    def read(self, message: GoalTokens) -> ReceivedTokens | Hold:
        """Return the goal tokens of a message, or why they can't be read."""
        origin = TokenOrigin(
            message.checkpoint, message.embodiment, message.epoch, seconds(message.header.stamp))
        try:
            return ReceivedTokens(read_tokens(message), origin, message.sequence)
        except TokenMessageError as error:
            return Hold(HoldReason.BAD_TOKENS, str(error))

    def assign(self, assignment: Assignment) -> None:
        """Leave the instruction to the planner, whose goal tokens carry it."""
