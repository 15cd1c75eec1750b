"""Whether the joint states arrive as the policy needs them."""

from groot_ros.diagnosis.arrival import arrived, check_arrival, check_rate
from groot_ros.diagnosis.clock import check_stamps
from groot_ros.diagnosis.facts import GraphFacts, HeardJoints
from groot_ros.diagnosis.finding import Finding, fine, odd, wrong
from groot_ros.diagnosis.names import resolve
from groot_ros.embodiment import Embodiment
from groot_ros.embodiment.errors import did_you_mean

KIND = 'sensor_msgs/msg/JointState'
MAX_AGE_S = 0.1
"""Default of max_state_age_s of the controller and the teleoperator."""
MOST_NAMED = 5


def check_joints(facts: GraphFacts, robot: Embodiment) -> Finding:
    """Return how the joint states arrive."""
    topic = resolve(facts.namespace, robot.joint_state_topic)
    problem = check_arrival(
        facts, 'joints', topic, KIND, start='start the robot driver or joint_state_broadcaster',
        rename=f'joint_state_topic in {robot.tag}.yaml or a remapping')
    heard = facts.heard.get(topic)
    if problem or not isinstance(heard, HeardJoints):
        return problem or odd('joints', f'{topic} was not listened to', '')
    driver = 'teleoperator' if facts.teleoperated else 'controller'
    max_age = facts.parameter(driver, 'max_state_age_s', MAX_AGE_S)
    problem = _check_names(topic, heard, robot) or check_stamps(
        'joints', topic, heard, max_age, facts.simulated_time)
    if problem is None and not facts.simulated_time:
        problem = check_rate(
            'joints', topic, heard, least=1.0 / max_age, wanted=robot.rates.control_hz)
    return problem or fine('joints', f'{arrived(topic, heard)}, all {len(robot.joints)} there')


def _check_names(topic: str, heard: HeardJoints, robot: Embodiment) -> Finding | None:
    missing = [name for name in robot.joint_names if name not in heard.names]
    if not missing:
        return None
    if len(missing) == len(robot.joints):
        return wrong('joints', f'{topic} has none of the joints of {robot.tag}: it has '
                     f'{_listed(sorted(heard.names))}', 'give the embodiment of this robot, or '
                     f'name the joints in {robot.tag}.yaml as the driver does')
    others = sorted(heard.names - set(robot.joint_names))
    hint = f'; {did_you_mean(missing[0], others)}' if others else ''
    return wrong('joints', f'{topic} never has {_listed(missing)} '
                 f'({len(missing)} of {len(robot.joints)} joints of {robot.tag})',
                 f'start the driver of the rest, or name the joints as it does{hint}')


def _listed(names: list[str]) -> str:
    rest = f' and {len(names) - MOST_NAMED} more' if len(names) > MOST_NAMED else ''
    return (', '.join(names[:MOST_NAMED]) or 'no names') + rest
