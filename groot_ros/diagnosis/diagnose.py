"""All checks, in the order in which data flows: what is wrong first is the likeliest cause."""

from collections.abc import Iterator
from dataclasses import replace

from groot_ros.diagnosis.cameras import check_camera
from groot_ros.diagnosis.clock import check_clock
from groot_ros.diagnosis.connections import check_connections
from groot_ros.diagnosis.facts import GraphFacts
from groot_ros.diagnosis.finding import Finding, Level
from groot_ros.diagnosis.gamepad import check_gamepad
from groot_ros.diagnosis.joints import check_joints
from groot_ros.diagnosis.names import resolve
from groot_ros.diagnosis.nodes import check_agreement, check_nodes
from groot_ros.diagnosis.outputs import check_lead_in, check_output
from groot_ros.diagnosis.surroundings import check_surroundings
from groot_ros.diagnosis.teleoperation import check_drivers, check_teleoperation
from groot_ros.diagnosis.watching import check_watching
from groot_ros.embodiment import Embodiment

DEADMAN_TIMEOUT_S = 0.5
"""Default of the controller's parameter."""


def diagnose(facts: GraphFacts, robot: Embodiment) -> list[Finding]:
    """Return what was found about the graph, every node, input and output of `robot`."""
    findings = [*check_surroundings(facts)]
    if not facts.node_names:
        return findings
    findings += check_drivers(facts)
    findings += check_clock(facts)
    findings += check_connections(facts)
    cameras = [check_camera(facts, robot, camera) for camera in robot.cameras]
    # A person sees without the robot's cameras.
    findings += [_at_most_odd(each) for each in cameras] if facts.teleoperated else cameras
    findings += [check_joints(facts, robot)]
    if not facts.teleoperated:
        findings += check_agreement(facts)
        findings += _check_deadman(facts)
        findings += check_nodes(facts, robot)
    findings += check_teleoperation(facts, robot)
    for output in robot.outputs:
        findings += check_output(facts, robot, output)
        findings += check_lead_in(facts, output)
    findings += check_watching(facts)
    return findings


def _check_deadman(facts: GraphFacts) -> Iterator[Finding]:
    """Yield how the gamepad of the controller's deadman button is, if it has one."""
    topic = facts.node('controller').parameters.get('deadman_topic')
    if topic:
        yield check_gamepad(
            facts, 'deadman', resolve(facts.namespace, str(topic)),
            button=int(facts.parameter('controller', 'deadman_button', 0)),
            silence=facts.parameter('controller', 'deadman_timeout_s', DEADMAN_TIMEOUT_S),
            setting='deadman_button of controller')


def _at_most_odd(finding: Finding) -> Finding:
    return replace(finding, level=min(finding.level, Level.WARN))
