"""Whether the robot's controllers listen to what is commanded, and to nobody else."""

from collections.abc import Iterator

from groot_ros.diagnosis.facts import WATCHING, GraphFacts
from groot_ros.diagnosis.finding import Finding, fine, wrong
from groot_ros.diagnosis.names import resolve, subscribed
from groot_ros.embodiment import CommandOutput, Embodiment

KINDS = {
    'joint_trajectory': 'trajectory_msgs/msg/JointTrajectory',
    'float64_multi_array': 'std_msgs/msg/Float64MultiArray',
}
CONTROLLERS = 'ros2 control list_controllers shows them'


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
    watching = {f'{facts.namespace}/{name}' for name in WATCHING}
    listeners = [end for end in facts.topic(topic).subscribers if end.node not in watching]
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


def _check_action(facts: GraphFacts, subject: str, name: str) -> Finding:
    servers = facts.topic(f'{name}/_action/status').publishers
    if not servers:
        return wrong(subject, f'there is no action server {name}',
                     f"start the robot's controller ({CONTROLLERS})")
    return fine(subject, f'{name}: {servers[0].node} serves it')
