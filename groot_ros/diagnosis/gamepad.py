"""Whether a gamepad sends often enough, and has the button that it is asked for."""

from __future__ import annotations

from groot_ros.diagnosis.arrival import check_publisher
from groot_ros.diagnosis.facts import GraphFacts, HeardJoy
from groot_ros.diagnosis.finding import Finding, fine, odd, wrong

KIND = 'sensor_msgs/msg/Joy'
REPEAT = 'ros2 run joy joy_node --ros-args -p autorepeat_rate:=20.0'


def check_gamepad(
    facts: GraphFacts, subject: str, topic: str, *, button: int, silence: float, setting: str
) -> Finding:
    """Return how a gamepad is whose button must be held.

    Args:
        facts: What was seen.
        subject: What the button is for.
        topic: Full name.
        button: Its index.
        silence: That counts as a release [s].
        setting: Parameter that holds the index.
    """
    problem = check_publisher(
        facts, subject, topic, KIND, start=f'start it: {REPEAT}',
        rename='a remapping of the driver')
    heard = facts.heard.get(topic)
    if problem or not isinstance(heard, HeardJoy):
        return problem or odd(subject, f'{topic} was not listened to', 'ask again')
    if heard.rate * silence < 1.0:
        return wrong(
            subject, f'{topic}: {heard.rate:.1f} Hz, and a silence of {silence:g} s counts as a '
            'release', f'let the driver repeat what does not change: {REPEAT}; is the gamepad '
            'connected?')
    if heard.buttons <= button:
        return wrong(
            subject, f'{topic} has {heard.buttons} buttons, the one with index {button} is '
            'waited for', f'name another one as {setting}')
    return fine(subject, f'{topic}: {heard.rate:.1f} Hz, {heard.buttons} buttons')
