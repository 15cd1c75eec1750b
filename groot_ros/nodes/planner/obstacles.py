"""What prevents planning, in the words of PolicyStatus."""

from typing import NamedTuple


class Obstacle(NamedTuple):
    """A reason not to plan.

    Attributes:
        reason: Name of a reason constant of PolicyStatus.
        text: What was expected, what came and what to do.
    """

    reason: str
    text: str


NOTHING = Obstacle('NONE', '')
NO_INSTRUCTION = Obstacle('NO_INSTRUCTION', 'nothing to do: call set_instruction')


def find_obstacle(
    instruction: str, observed: str | None, driven: str, *, age: float, max_age: float
) -> Obstacle:
    """Return what prevents planning, or NOTHING.

    Args:
        instruction: The sentence in force; empty for none.
        observed: Embodiment tag of the newest observation, None without one.
        driven: Embodiment tag that the planner was started with.
        age: Of the newest observation [s].
        max_age: Age from which on it is stale [s].
    """
    if not instruction:
        return NO_INSTRUCTION
    if observed is None:
        return Obstacle('NO_OBSERVATION', 'no observation yet: is perception running?')
    if observed != driven:
        return Obstacle(
            'WRONG_EMBODIMENT', f'observation of {observed!r}, this planner drives {driven!r}: '
            'start both with the same embodiment')
    if age > max_age:
        return Obstacle(
            'STALE_OBSERVATION', f'newest observation is {age:.2f} s old, at most '
            f'{max_age:.2f} s are allowed: see perception/status')
    return NOTHING


def find_server_obstacle(instruction: str, address: str) -> Obstacle:
    """Return what prevents a policy server from planning; without one, who plans.

    Args:
        instruction: The sentence in force; empty for none.
        address: Of the server, which the controller asks.
    """
    if not instruction:
        return NO_INSTRUCTION
    return NOTHING._replace(text=f'the policy server {address} plans: see controller/status')
