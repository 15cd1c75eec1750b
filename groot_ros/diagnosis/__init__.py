"""Why it does not move: from facts about a graph to what is wrong and what to do. No rclpy.

Gives the facts that somebody has to gather, `diagnose`, and ways to print what it found.
"""

from groot_ros.diagnosis.delivery import Delivery, mismatch
from groot_ros.diagnosis.diagnose import diagnose
from groot_ros.diagnosis.facts import (
    ClockFacts,
    Endpoint,
    GraphFacts,
    Heard,
    HeardCamera,
    HeardJoints,
    HeardJoy,
    NodeFacts,
    NodeStatus,
    Recording,
    Surroundings,
    Topic,
)
from groot_ros.diagnosis.finding import Finding, Level
from groot_ros.diagnosis.names import resolve
from groot_ros.diagnosis.surroundings import domain_of_port

__all__ = [
    'ClockFacts',
    'Delivery',
    'Endpoint',
    'Finding',
    'GraphFacts',
    'Heard',
    'HeardCamera',
    'HeardJoints',
    'HeardJoy',
    'Level',
    'NodeFacts',
    'NodeStatus',
    'Recording',
    'Surroundings',
    'Topic',
    'diagnose',
    'domain_of_port',
    'mismatch',
    'resolve',
]
