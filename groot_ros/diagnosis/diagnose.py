"""All checks, in the order in which data flows: what is wrong first is the likeliest cause."""

from groot_ros.diagnosis.cameras import check_camera
from groot_ros.diagnosis.clock import check_clock
from groot_ros.diagnosis.connections import check_connections
from groot_ros.diagnosis.facts import GraphFacts
from groot_ros.diagnosis.finding import Finding
from groot_ros.diagnosis.joints import check_joints
from groot_ros.diagnosis.nodes import check_agreement, check_nodes
from groot_ros.diagnosis.outputs import check_output
from groot_ros.diagnosis.surroundings import check_surroundings
from groot_ros.embodiment import Embodiment


def diagnose(facts: GraphFacts, robot: Embodiment) -> list[Finding]:
    """Return what was found about the graph, every node, input and output of `robot`."""
    findings = [*check_surroundings(facts)]
    if not facts.node_names:
        return findings
    findings += check_clock(facts)
    findings += check_connections(facts)
    findings += [check_camera(facts, robot, camera) for camera in robot.cameras]
    findings += [check_joints(facts, robot)]
    findings += check_agreement(facts)
    findings += check_nodes(facts)
    for output in robot.outputs:
        findings += check_output(facts, robot, output)
    return findings
