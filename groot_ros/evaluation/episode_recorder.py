"""From the simulator's truth over one episode to its result."""

from __future__ import annotations

from groot_ros.evaluation.episode import TIME_LIMITS, EpisodeResult
from groot_ros.evaluation.plan import PlannedEpisode

# A success must have lasted this long before the episode ends early [s].
SETTLE_S = 0.5


class EpisodeRecorder:
    """Follows one episode by its task states.

    Args:
        planned: What was asked for.
    """

    def __init__(self, planned: PlannedEpisode) -> None:
        self._planned = planned
        self._start_height: float | None = None
        self._lift = 0.0
        self._touched = False
        self._approached = ''
        self._elapsed = 0.0
        self._succeeded_at: float | None = None

    def observe(
        self, *, elapsed: float, height: float, touched: str, approached: str, success: bool
    ) -> None:
        """Take one task state.

        Args:
            elapsed: Simulated time since the reset [s].
            height: Of the centre of the target block [m].
            touched: The block touched now, or empty.
            approached: The block approached first, or empty.
            success: Whether the task is fulfilled now.
        """
        if self._start_height is None:
            self._start_height = height
        self._elapsed = elapsed
        self._lift = max(self._lift, height - self._start_height)
        self._touched = self._touched or touched == self._planned.target_block
        self._approached = approached
        if success and self._succeeded_at is None:
            self._succeeded_at = elapsed
        elif not success and self._planned.task != 'touch':
            # Done means done: a block that is pushed on or falls out again was not put there.
            self._succeeded_at = None

    @property
    def is_over(self) -> bool:
        """Whether the task is done for a while or its time is up."""
        if self._succeeded_at is not None:
            return self._elapsed >= self._succeeded_at + SETTLE_S
        return self._elapsed >= TIME_LIMITS[self._planned.task]

    def result(self) -> EpisodeResult:
        """Return what came of the episode so far."""
        planned = self._planned
        succeeded = self._succeeded_at is not None
        return EpisodeResult(
            task=planned.task, seed=planned.seed, condition=str(planned.condition),
            instruction=planned.instruction, target_block=planned.target_block,
            destination=planned.destination, approached_block=self._approached,
            touched=self._touched, lift=self._lift, success=succeeded,
            elapsed=self._succeeded_at if self._succeeded_at is not None else self._elapsed)
