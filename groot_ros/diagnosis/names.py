"""Names of topics: where they resolve to, and which one was probably meant."""

from collections.abc import Mapping
from difflib import get_close_matches

from groot_ros.diagnosis.facts import Topic

MOST_NAMED = 4


def resolve(namespace: str, topic: str) -> str:
    """Return the full name of a topic that a node in `namespace` ('' or as `/robot1`) uses."""
    return topic if topic.startswith('/') else f'{namespace}/{topic}'


def publishing(topics: Mapping[str, Topic], kind: str, wanted: str) -> str:
    """Return where else messages of a type are published: the likeliest topic, else all."""
    names = [name for name, topic in topics.items()
             if name != wanted and any(end.kind == kind for end in topic.publishers)]
    return _hint(wanted, names, kind)


def subscribed(topics: Mapping[str, Topic], kind: str, wanted: str) -> str:
    """Return where else messages of a type are listened to: the likeliest topic, else all."""
    names = [name for name, topic in topics.items()
             if name != wanted and any(end.kind == kind for end in topic.subscribers)]
    return _hint(wanted, names, kind)


def _hint(wanted: str, names: list[str], kind: str) -> str:
    close = get_close_matches(wanted, names, n=1, cutoff=0.6)
    if close:
        return f'did you mean {close[0]}?'
    if not names:
        return f'no other topic has {kind} either'
    rest = ', ...' if len(names) > MOST_NAMED else ''
    return f'{kind} is on {", ".join(sorted(names)[:MOST_NAMED])}{rest}'
