"""Everything that brings the robot to rest although there is a plan."""

from __future__ import annotations

from dataclasses import dataclass

from groot_ros.control.deadman import Deadman
from groot_ros.control.emergency_stop import EmergencyStop
from groot_ros.control.tracking import TrackingWatch
from groot_ros.control.watchdog import Deadline, Hold, HoldReason
from groot_ros.embodiment import Embodiment


@dataclass(frozen=True, slots=True)
class StopSettings:
    """Limits beyond which the robot rests; 0 switches an optional one off.

    Attributes:
        max_state_age: Age of joint states [s].
        max_token_age: Age of the image behind the goal tokens [s].
        max_observation_age: Age of the newest observation [s]; optional.
        max_tracking_error: Distance of a joint from its command [rad]; optional.
        tracking_patience: How long that distance may be exceeded [s].
        max_disagreement: Distance of a new chunk from the plan at hand [rad]; optional.
        deadman_timeout: Silence of the deadman button [s]; optional.
    """

    max_state_age: float = 0.1
    max_token_age: float = 1.0
    max_observation_age: float = 0.0
    max_tracking_error: float = 0.0
    tracking_patience: float = 0.2
    max_disagreement: float = 0.0
    deadman_timeout: float = 0.0


class Stops:
    """Names the most serious reason to rest; all but the emergency stop end with their cause.

    Pure: time comes in with every call. Not thread-safe: one caller at a time.

    Attributes:
        emergency: The latch, which outlives every reset of the rest.
        state: Deadline of joint states.
        observation: Deadline of observations, None if they are not watched.
        tokens: Deadline of the image behind the goal tokens.
        tracking: Whether the robot follows.
        deadman: The button to hold, None without one.

    Args:
        robot: Whose inputs are named in advice.
        settings: The limits.
        emergency: A latch shared with others.
    """

    def __init__(
            self, robot: Embodiment, settings: StopSettings,
            emergency: EmergencyStop | None = None) -> None:
        self.emergency = emergency or EmergencyStop()
        self.state = Deadline(
            settings.max_state_age, HoldReason.NO_STATE, HoldReason.STALE_STATE,
            f'is something published on {robot.joint_state_topic}?')
        self.observation = Deadline(
            settings.max_observation_age, HoldReason.NO_OBSERVATION, HoldReason.STALE_OBSERVATION,
            'are perception and every camera running?') if settings.max_observation_age else None
        self.tokens = Deadline(
            settings.max_token_age, HoldReason.NO_TOKENS, HoldReason.STALE_TOKENS,
            'are perception and planner running, and is there an instruction?')
        self.tracking = TrackingWatch(
            robot.joint_names, settings.max_tracking_error, settings.tracking_patience)
        self.deadman = Deadman(settings.deadman_timeout) if settings.deadman_timeout else None
        self._max_disagreement = settings.max_disagreement
        self._disagreement: Hold | None = None
        self._blocks: dict[HoldReason, tuple[float, Hold]] = {}

    def tune(self, settings: StopSettings) -> None:
        """Take other limits; observations and the deadman are watched as before."""
        self.state.max_age = settings.max_state_age
        self.tokens.max_age = settings.max_token_age
        self.tracking.tune(settings.max_tracking_error, settings.tracking_patience)
        self._max_disagreement = settings.max_disagreement

    def block(self, hold: Hold, until: float = float('inf')) -> None:
        """Rest until `unblock` of the same reason, or until a time [s]."""
        self._blocks[hold.reason] = until, hold

    def unblock(self, reason: HoldReason) -> bool:
        """End what `block` began; returns whether there was anything to end."""
        return self._blocks.pop(reason, None) is not None

    def is_blocked(self, reason: HoldReason) -> bool:
        """Return whether `block` was called for a reason and `unblock` was not."""
        return reason in self._blocks

    def on_chunk(self, disagreement: float) -> None:
        """Take how far a new chunk lies from the plan at hand [rad].

        One that agrees with its predecessor ends the rest which that one caused.
        """
        self._disagreement = None
        if self._max_disagreement and not disagreement <= self._max_disagreement:
            self._disagreement = Hold(
                HoldReason.DISAGREEMENT,
                f'a chunk lies {disagreement:.2f} rad from the plan, '
                f'{self._max_disagreement:.2f} rad are allowed: waiting for two that agree')

    def forget(self) -> None:
        """Drop what was measured and seen; what people asked for stays."""
        self.state.stamp = self.tokens.stamp = None
        if self.observation is not None:
            self.observation.stamp = None
        if self.deadman is not None:
            self.deadman.forget()
        self.tracking.forget()
        self._disagreement = None

    def check(self, now: float) -> Hold | None:
        """Return the most serious reason to rest at `now` [s], None if there is none."""
        return self.asked_for(now) or self._absent_input(now) or (
            self.tracking.check(now) or self._disagreement)

    def asked_for(self, now: float) -> Hold | None:
        """Return the rest that people or broken parts ask for, None if none do."""
        block = next((hold for until, hold in self._blocks.values() if now < until), None)
        released = self.deadman.check(now) if self.deadman is not None else None
        return self.emergency.check() or block or released

    def _absent_input(self, now: float) -> Hold | None:
        for deadline in (self.state, self.observation, self.tokens):
            if deadline is not None and (hold := deadline.check(now)):
                return hold
        return None
