"""Whether a subscription gets what a publisher sends (DDS: requested against offered QoS)."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivery:
    """The part of a QoS profile that may keep two ends apart.

    Attributes:
        reliable: Lost messages are sent again.
        latched: Late subscriptions get the newest messages (transient local).
        deadline: Longest time between messages [s], infinite if none is promised.
    """

    reliable: bool
    latched: bool = False
    deadline: float = math.inf


def mismatch(offered: Delivery, wanted: Delivery) -> str:
    """Return what keeps the messages from arriving, empty if nothing does."""
    problems = []
    if wanted.reliable and not offered.reliable:
        problems.append('offered best effort, wanted reliable')
    if wanted.latched and not offered.latched:
        problems.append('offered volatile, wanted transient local')
    if offered.deadline > wanted.deadline:
        problems.append(
            f'offered {_deadline(offered.deadline)}, wanted {_deadline(wanted.deadline)}')
    return '; '.join(problems)


def _deadline(time: float) -> str:
    return 'no deadline' if math.isinf(time) else f'a deadline of {time:g} s'
