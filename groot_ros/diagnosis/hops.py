"""What one node sends and the next one misses."""

from __future__ import annotations

from groot_ros.diagnosis.cameras import check_camera
from groot_ros.diagnosis.facts import GraphFacts
from groot_ros.diagnosis.finding import Level
from groot_ros.embodiment import Embodiment

CAMERAS = 'cameras'
SENDERS = {
    'NO_IMAGE': CAMERAS, 'STALE_IMAGE': CAMERAS,
    'NO_OBSERVATION': 'perception', 'STALE_OBSERVATION': 'perception',
    'NO_TOKENS': 'planner', 'STALE_TOKENS': 'planner',
}
"""Who sends the large message that is missed, by the reason that names it."""


def lost_on_the_way(facts: GraphFacts, robot: Embodiment, reason: str) -> str:
    """Return that somebody sends what a node misses; empty if that was not seen.

    Args:
        facts: What was seen.
        robot: Whose cameras.
        reason: That the node gives for not moving the robot.
    """
    sender = SENDERS.get(reason)
    if sender == CAMERAS:
        seen = [check_camera(facts, robot, camera).level for camera in robot.cameras]
        return 'every image comes here' if max(seen) == Level.OK else ''
    status = facts.node(sender).status if sender else None
    if status is None or status.reason != 'NONE' or not status.output_rate:
        return ''
    return f'{sender} sends {status.output_rate:.1f} Hz'
