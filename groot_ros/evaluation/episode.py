"""One evaluated episode: what was asked, what happened, and how it failed if it did."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How an episode ended; every value but SUCCESS is a failure."""

    SUCCESS = 'success'
    WRONG_BLOCK = 'wrong_block'  # another block than the named one was approached
    NOT_REACHED = 'not_reached'  # the named block was approached and never touched
    DROPPED = 'dropped'  # the named block was lifted and did not get where it belongs
    TIMEOUT = 'timeout'  # the named block was touched and the task not finished in time


# Simulated time given to each task [s]; the scripted expert needs about half of it.
TIME_LIMITS = {'touch': 6.0, 'push': 8.0, 'place': 14.0}

# A block counts as lifted when its centre rose this far above where it stood [m].
LIFTED = 0.03


@dataclass(frozen=True, slots=True)
class EpisodeResult:
    """What one episode asked for and what came of it.

    Attributes:
        task: touch, push or place.
        seed: Seed of the scene.
        condition: Name of the condition it was run under, for example train or shuffled.
        instruction: The sentence the policy was given.
        target_block: The block that the scene's task is about.
        destination: Its side or bin, empty for touch.
        approached_block: The block the hand came nearest to, empty if none.
        touched: Whether a finger touched the target block.
        lift: How far the centre of the target block rose at most [m].
        success: Whether the task was fulfilled within the time limit.
        elapsed: Simulated time used [s].
    """

    task: str
    seed: int
    condition: str
    instruction: str
    target_block: str
    destination: str
    approached_block: str
    touched: bool
    lift: float
    success: bool
    elapsed: float

    @property
    def outcome(self) -> Outcome:
        """How the episode ended."""
        if self.success:
            return Outcome.SUCCESS
        if self.approached_block and self.approached_block != self.target_block:
            return Outcome.WRONG_BLOCK
        if not self.touched:
            return Outcome.NOT_REACHED
        if self.task == 'place' and self.lift > LIFTED:
            return Outcome.DROPPED
        return Outcome.TIMEOUT

    @property
    def followed_language(self) -> bool:
        """Whether the hand went for the block that was named."""
        return self.approached_block == self.target_block

    def as_json(self) -> dict[str, object]:
        """Return the fields and the outcome as JSON types."""
        return asdict(self) | {'outcome': str(self.outcome)}
