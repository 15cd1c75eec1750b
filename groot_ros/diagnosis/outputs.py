"""Whether the robot's controllers listen to what is commanded, and to nobody else."""

from collections.abc import Iterator, Mapping, Sequence

from groot_ros.diagnosis.facts import WATCHING, Endpoint, GraphFacts, Topic
from groot_ros.diagnosis.finding import Finding, fine, odd, wrong
from groot_ros.diagnosis.names import resolve, subscribed
from groot_ros.embodiment import CommandOutput, Embodiment

KINDS = {
    'joint_trajectory': 'trajectory_msgs/msg/JointTrajectory',
    'float64_multi_array': 'std_msgs/msg/Float64MultiArray',
}
CONTROLLERS = 'ros2 control list_controllers shows them'


MEASURED = ('begins each trajectory where the joints are measured, behind their targets: the '
            'robot hardly follows')


def trajectory_takers(
    topics: Mapping[str, Topic], namespace: str, output: CommandOutput
) -> list[str]:
    """Return the full names of the nodes that take trajectories on an output."""
    name = resolve(namespace, output.topic)
    if output.interface == 'joint_trajectory':
        return sorted({end.node for end in _listeners(topics, namespace, name)})
    if output.interface == 'follow_joint_trajectory':
        return sorted({end.node for end in _servers(topics, name)})
    return []


def check_lead_in(facts: GraphFacts, output: CommandOutput) -> Iterator[Finding]:
    """Yield which controllers do not go on from their own targets."""
    for name in trajectory_takers(facts.topics, facts.namespace, output):
        if facts.lead_in.get(name) is False:
            yield odd(f'output {output.name}', f'{name} {MEASURED}', 'set its parameter '
                      'interpolate_from_desired_state to true: docs/motion.md')


def check_output(facts: GraphFacts, robot: Embodiment, output: CommandOutput) -> Iterator[Finding]:
    """Yield what is wrong with one output."""
    subject, topic = f'output {output.name}', resolve(facts.namespace, output.topic)
    if output.interface not in KINDS:
        yield _check_action(facts, subject, topic)
        return
    kind = KINDS[output.interface]
    publishers = sorted(end.node for end in facts.topic(topic).publishers)
    if len(publishers) > 1:
        yield wrong(subject, f'{len(publishers)} publish {topic}: {", ".join(publishers)}',
                    'end all but one: the robot would follow both')
    listeners = _listeners(facts.topics, facts.namespace, topic)
    if not listeners:
        yield wrong(subject, f'nobody listens to {topic}; '
                    f'{subscribed(facts.topics, kind, topic)}', "start the robot's controller "
                    f'({CONTROLLERS}), or set outputs.{output.name}.topic in {robot.tag}.yaml')
    elif all(end.kind != kind for end in listeners):
        yield wrong(subject, f'{topic} has type {listeners[0].kind} ({listeners[0].node}), the '
                    f'policy sends {kind}', f'start a controller that takes {kind}, or set '
                    f'outputs.{output.name}.interface in {robot.tag}.yaml')
    elif len(publishers) < 2:
        names = ', '.join(sorted(end.node for end in listeners))
        yield fine(subject, f'{topic}: {names} {"listen" if len(listeners) > 1 else "listens"}')


def _listeners(topics: Mapping[str, Topic], namespace: str, topic: str) -> list[Endpoint]:
    watching = {f'{namespace}/{name}' for name in WATCHING}
    return [end for end in topics.get(topic, Topic()).subscribers if end.node not in watching]


def _servers(topics: Mapping[str, Topic], action: str) -> Sequence[Endpoint]:
    return topics.get(f'{action}/_action/status', Topic()).publishers


def _check_action(facts: GraphFacts, subject: str, name: str) -> Finding:
    servers = _servers(facts.topics, name)
    if not servers:
        return wrong(subject, f'there is no action server {name}',
                     f"start the robot's controller ({CONTROLLERS})")
    return fine(subject, f'{name}: {servers[0].node} serves it')
