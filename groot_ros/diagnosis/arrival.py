"""Whether messages come on a topic at all, of the right type and often enough."""

from groot_ros.diagnosis.facts import GraphFacts, Heard
from groot_ros.diagnosis.finding import Finding, odd, wrong
from groot_ros.diagnosis.names import publishing

SLOW = 0.5
"""Part of the wanted rate below which an input is called slow."""


def check_arrival(
    facts: GraphFacts, subject: str, topic: str, kind: str, *, start: str, rename: str
) -> Finding | None:
    """Return why nothing comes on a topic, None if something does.

    The arguments are those of `check_publisher`.
    """
    return (check_publisher(facts, subject, topic, kind, start=start, rename=rename)
            or check_silence(facts, subject, topic))


def check_silence(facts: GraphFacts, subject: str, topic: str) -> Finding | None:
    """Return that nothing comes on a topic that somebody publishes, None if something does."""
    if facts.heard.get(topic, Heard()).count:
        return None
    names = ', '.join(sorted({end.node for end in facts.topic(topic).publishers}))
    return wrong(subject, f'{topic}: nothing comes, although {names} publishes it',
                 f'look at the log of {names}: is the device connected, is it paused or '
                 'waiting for a trigger?')


def check_publisher(
    facts: GraphFacts, subject: str, topic: str, kind: str, *, start: str, rename: str
) -> Finding | None:
    """Return that nobody publishes what is wanted on a topic, None if somebody does.

    Args:
        facts: What was seen.
        subject: What should send.
        topic: Full name.
        kind: Message type expected.
        start: What to start if nobody publishes.
        rename: Where the name of the topic is set.
    """
    publishers = facts.topic(topic).publishers
    if not publishers:
        hint = publishing(facts.topics, kind, topic)
        return wrong(subject, f'nobody publishes {topic}; {hint}',
                     f'{start}, or set the right name: {rename}')
    if all(end.kind != kind for end in publishers):
        end = publishers[0]
        return wrong(subject, f'{topic} has type {end.kind} (from {end.node}), wanted {kind}',
                     f'let it send {kind}, or set another topic: {rename}')
    return None


def check_rate(
    subject: str, topic: str, heard: Heard, *, least: float, wanted: float
) -> Finding | None:
    """Return that messages come too rarely, None if they do not.

    Args:
        subject: What sends them.
        topic: Full name.
        heard: What came.
        least: Rate below which the robot rests [Hz].
        wanted: Rate that the policy is made for [Hz].
    """
    if heard.rate < least:
        return wrong(subject, f'{topic}: {heard.rate:.1f} Hz, at least {least:.1f} Hz are needed, '
                     f'{wanted:.0f} Hz are wanted', 'raise the rate of the driver; is network or '
                     'CPU overloaded?')
    if heard.rate < SLOW * wanted:
        return odd(subject, f'{topic}: {heard.rate:.1f} Hz, {wanted:.0f} Hz are wanted',
                   'raise the rate of the driver; is network or CPU overloaded?')
    return None


def arrived(topic: str, heard: Heard) -> str:
    """Return how messages come that are well."""
    return f'{topic}: {heard.rate:.1f} Hz, {1e3 * heard.typical:.0f} ms old'
