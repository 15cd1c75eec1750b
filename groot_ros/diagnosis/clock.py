"""Whether all follow one clock, and whether stamps were made with it."""

from collections.abc import Iterator

from groot_ros.diagnosis.facts import GraphFacts, Heard
from groot_ros.diagnosis.finding import Finding, fine, wrong

FUTURE_S = 0.1
"""How far clocks that are synchronised may be apart."""
ANOTHER_CLOCK_S = 1e6
"""Beyond this one of the two counts from 1970 and the other from its start."""
SWITCH = 'start all with use_sim_time:=true, or all with false'


def check_clock(facts: GraphFacts) -> Iterator[Finding]:
    """Yield what is wrong with simulated time."""
    follow = {node.name: bool(node.parameters['use_sim_time'])
              for node in (*facts.nodes, *facts.others) if 'use_sim_time' in node.parameters}
    followers = [name for name, follows in follow.items() if follows]
    if not followers:
        return
    told = ', '.join(followers)
    if len(followers) < len(follow):
        others = [name for name, follows in follow.items() if not follows]
        yield wrong('clock', f'use_sim_time is true for {told}, false for {", ".join(others)}',
                    SWITCH)
    topic = facts.clock_topic
    if not facts.clock.count:
        found = 'nothing comes on' if facts.offered(topic) else 'nobody publishes'
        yield wrong('clock', f'use_sim_time is true for {told}, but {found} {topic}: '
                    'their time stands still', 'start the simulator with publish_clock:=true or '
                    '`ros2 bag play --clock`, or start the nodes with use_sim_time:=false')
    elif not facts.clock.moves:
        yield wrong('clock', f'{topic} stands still', 'let the simulator go on: is it paused?')
    else:
        yield fine('clock', 'simulated, goes on')


def check_stamps(
    subject: str, topic: str, heard: Heard, max_age: float, simulated: bool
) -> Finding | None:
    """Return what is wrong with the stamps that came on a topic, None if nothing is.

    Args:
        subject: What sends them.
        topic: Its full name.
        heard: What came, at least one message.
        max_age: Age from which on a message is not used [s].
        simulated: Whether the nodes follow simulated time.
    """
    if abs(heard.typical) > ANOTHER_CLOCK_S:
        ours, theirs = ('simulated', 'real') if simulated else ('real', 'simulated')
        return wrong(subject, f'{topic}: stamps are {heard.typical:.0f} s old: the nodes follow '
                     f'{ours} time, the sender {theirs} time or none', f'{SWITCH}; or let the '
                     'driver fill in header.stamp')
    if heard.typical < -FUTURE_S:
        return wrong(subject, f'{topic}: stamps lie {-heard.typical:.2f} s in the future: the '
                     'clocks disagree', 'synchronise the clocks of both machines (chrony, PTP)')
    if heard.youngest > max_age:
        return wrong(subject, f'{topic}: even the newest stamp was {heard.youngest:.2f} s old on '
                     f'arrival, {max_age:.2f} s are allowed', 'synchronise the clocks of both '
                     'machines (chrony, PTP), or find the delay in driver or network')
    return None
