"""What to do about each reason that a node gives for not moving."""

SAME_CHECKPOINT = 'start perception, planner and controller with the same checkpoint:='
REMEDIES = {
    'NO_IMAGE': 'start the camera; see the camera above',
    'STALE_IMAGE': 'find why the camera stopped or is slow; see the camera above',
    'BAD_IMAGE': 'let the camera send an encoding that is understood',
    'NO_STATE': 'start the robot driver; see the joints above',
    'STALE_STATE': 'find why the joint states stopped or are slow; see the joints above',
    'BAD_STATE': 'correct what the robot driver sends',
    'SKEWED_INPUTS': 'synchronise the clocks of camera and robot (chrony, PTP), or raise '
                     'max_skew_s of perception',
    'NO_OBSERVATION': 'see perception above',
    'STALE_OBSERVATION': 'see perception above; the load of the machine, if it runs',
    'NO_INSTRUCTION': 'say what to do: ros2 service call {namespace}/set_instruction '
                      'groot_ros/srv/SetInstruction "{{instruction: touch the red block}}"',
    'NO_TOKENS': 'see the planner above',
    'STALE_TOKENS': 'see the planner above; if it runs, it is too slow for max_token_age_s',
    'OLD_EPOCH': 'wait for tokens of the newest instruction; is there a second planner?',
    'WRONG_CHECKPOINT': SAME_CHECKPOINT,
    'WRONG_EMBODIMENT': 'start perception, planner and controller with the same embodiment:=',
    'BAD_TOKENS': SAME_CHECKPOINT,
    'NO_CHUNK': 'wait: the first chunk is being computed',
    'BAD_CHUNK': 'the checkpoint is broken or does not fit: ros2 run groot_ros '
                 'inspect_checkpoint',
    'CHUNK_ENDED': 'the solver is too slow for this machine: see solve_time in '
                   '{namespace}/controller/status',
    'PAUSED_BY_USER': 'go on: ros2 service call {namespace}/controller/pause '
                      'std_srvs/srv/SetBool "{{data: false}}"',
    'CLOCK_JUMPED': 'wait for inputs stamped after the jump',
    'SOLVER_FAILED': "read the error in the controller's log",
    'BAD_OBSERVATION': SAME_CHECKPOINT,
    'EMERGENCY_STOP': 'make the robot safe, then ros2 service call '
                      '{namespace}/{node}/reset_emergency_stop std_srvs/srv/Trigger, and '
                      'give a new instruction, or engage the clutch anew',
    'DEADMAN_RELEASED': 'hold the deadman button, engage the clutch; is joy running?',
    'TRACKING_ERROR': 'look what holds the robot back: a collision, a motor that is off, a '
                      'controller that does not follow',
    'DISAGREEMENT': 'nothing if it passes; else the scene differs from the training data',
    'SOLVER_DEAD': 'it is started again by itself; if it keeps dying read the log (memory?)',
    'DELAY_TOO_LONG': 'give the solver a faster machine, more threads or fewer denoising steps',
    'SERVER_UNREACHABLE': 'start the policy server and check its address, port and firewall',
    'OUTPUT_REFUSED': "read the robot controller's log: limits, joints, state of the controller",
    'NO_DESCRIPTION': 'start robot_state_publisher in the namespace of the robot',
    'NO_TARGET': 'start the device, or its bridge; ros2 topic list shows where it publishes',
    'STALE_TARGET': 'is the device awake, and does its clock agree with this one?',
    'BAD_TARGET': 'release the clutch and engage it again; else mend what the text names',
    'OUT_OF_REACH': 'lead the hand back, or more slowly',
    'COMMANDED_ELSEWHERE': 'end the other node that publishes commands: a robot has one driver',
}
"""By the name of the reason constant in PolicyStatus; {namespace} is the robot's, {node} the one
that gives it."""


def remedy(reason: str, namespace: str, node: str = 'controller') -> str:
    """Return what to do about a reason.

    Args:
        reason: Name of a reason constant of PolicyStatus but NONE.
        namespace: Of the robot, '' or as `/robot1`.
        node: Name of the node that gives it.
    """
    return REMEDIES[reason].format(namespace=namespace, node=node)
