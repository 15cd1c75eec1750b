"""Which goal tokens System 1 may act on."""

from __future__ import annotations

from dataclasses import dataclass

from groot_ros.control.watchdog import CLOCK_TOLERANCE, Hold, HoldReason


@dataclass(frozen=True, slots=True)
class TokenOrigin:
    """Where goal tokens come from.

    Attributes:
        checkpoint: Fingerprint of the checkpoint that computed them.
        embodiment: Embodiment tag they were computed for.
        epoch: Bumped by every reset and every new instruction.
        stamp: Newest capture time they were computed from [s].
    """

    checkpoint: str
    embodiment: str
    epoch: int
    stamp: float


class TokenGate:
    """Lets the newest tokens through and says why others stay out.

    Args:
        checkpoint: Fingerprint that tokens must carry.
        embodiment: Embodiment tag that tokens must carry.
        max_age: Age of the capture from which on tokens are stale [s].
    """

    def __init__(self, checkpoint: str, embodiment: str, max_age: float) -> None:
        self._checkpoint = checkpoint
        self._embodiment = embodiment
        self.max_age = max_age
        self._not_before = float('-inf')
        self.epoch = 0

    def require_epoch(self, epoch: int) -> bool:
        """Void the tokens of earlier epochs; returns whether that is news."""
        news = epoch > self.epoch
        self.epoch = max(self.epoch, epoch)
        return news

    def void_captures_until(self, time: float) -> None:
        """Void tokens of captures up to `time` [s], those of before a reset."""
        self._not_before = time

    def accept(self, tokens: TokenOrigin, now: float) -> Hold | None:
        """Return why tokens must not be used at `now` [s]; None lets them in."""
        hold = self._origin_problem(tokens) or self._age_problem(tokens, now)
        if hold is None:
            self.epoch = max(self.epoch, tokens.epoch)
        return hold

    def _origin_problem(self, tokens: TokenOrigin) -> Hold | None:
        if tokens.checkpoint != self._checkpoint:
            return Hold(
                HoldReason.WRONG_CHECKPOINT,
                f'tokens are of checkpoint {tokens.checkpoint}, System 1 is of '
                f'{self._checkpoint}: give planner and controller the same checkpoint')
        if tokens.embodiment != self._embodiment:
            return Hold(
                HoldReason.WRONG_EMBODIMENT,
                f"tokens are for '{tokens.embodiment}', this robot is '{self._embodiment}': "
                'give planner and controller the same embodiment')
        if tokens.epoch < self.epoch:
            return Hold(
                HoldReason.OLD_EPOCH,
                f'tokens are of epoch {tokens.epoch}, {self.epoch} is in force: '
                'waiting for tokens of the new instruction')
        return None

    def _age_problem(self, tokens: TokenOrigin, now: float) -> Hold | None:
        if tokens.stamp <= self._not_before:
            return Hold(
                HoldReason.OLD_EPOCH,
                'tokens are of an observation from before the reset: waiting for the next one')
        age = now - tokens.stamp
        if age > self.max_age:
            return Hold(
                HoldReason.STALE_TOKENS,
                f'tokens are of an observation {age:.2f} s ago, {self.max_age:.2f} s are '
                'allowed: is System 2 too slow?')
        if age < -CLOCK_TOLERANCE:
            return Hold(
                HoldReason.CLOCK_JUMPED,
                f'tokens are of an observation {-age:.2f} s ahead of this clock: do both '
                'machines share one time, and is use_sim_time the same for all nodes?')
        return None
