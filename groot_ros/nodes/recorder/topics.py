"""What a recording holds."""

from __future__ import annotations

from typing import NamedTuple

from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image, Imu, JointState
from std_msgs.msg import Float64MultiArray, String
from tf2_msgs.msg import TFMessage
from trajectory_msgs.msg import JointTrajectory

from groot_ros.embodiment import Embodiment
from groot_ros.msg import (
    ActionChunk,
    GoalTokens,
    Instruction,
    Observation,
    PolicyStatus,
    StepDone,
    TaskState,
)
from groot_ros.nodes.shared.qos import EVERY, LATCHED, NEWEST
from groot_ros.nodes.shared.static_frames import STATIC_FRAMES

# As for any sensor, but a second of messages may wait while the recorder compresses an image.
FAST = QoSProfile(depth=500, reliability=ReliabilityPolicy.BEST_EFFORT)
PICTURES = QoSProfile(depth=30, reliability=ReliabilityPolicy.BEST_EFFORT)
REPORTING = ('perception', 'planner', 'controller', 'teleoperator')
OUTPUT_TYPES = {
    'joint_trajectory': JointTrajectory, 'float64_multi_array': Float64MultiArray}


class RecordedTopic(NamedTuple):
    """A topic that is recorded.

    Attributes:
        name: Relative name.
        kind: Message type.
        qos: How to subscribe; also what a player offers.
    """

    name: str
    kind: type
    qos: QoSProfile


def recorded_topics(embodiment: Embodiment) -> list[RecordedTopic]:
    """Return sensors, intentions, commands and states of a robot and its policy."""
    topics = [
        RecordedTopic(embodiment.joint_state_topic, JointState, FAST),
        RecordedTopic('current_instruction', Instruction, LATCHED),
        RecordedTopic('observation', Observation, NEWEST),
        RecordedTopic('goal_tokens', GoalTokens, NEWEST),
        RecordedTopic('action_chunk', ActionChunk, EVERY),
        RecordedTopic('step_done', StepDone, EVERY),
        RecordedTopic('task_state', TaskState, EVERY),
        RecordedTopic('robot_description', String, LATCHED),
        RecordedTopic('tf', TFMessage, EVERY),
        RecordedTopic('tf_static', TFMessage, STATIC_FRAMES),
        RecordedTopic('/clock', Clock, FAST),
    ]
    if embodiment.imu_topic is not None:
        topics.append(RecordedTopic(embodiment.imu_topic, Imu, FAST))
    topics += [
        RecordedTopic(camera.topic, Image, PICTURES) if camera.transport == 'raw'
        else RecordedTopic(f'{camera.topic}/compressed', CompressedImage, PICTURES)
        for camera in embodiment.cameras]
    topics += [
        RecordedTopic(output.topic, OUTPUT_TYPES[output.interface], EVERY)
        for output in embodiment.outputs if output.interface in OUTPUT_TYPES]
    topics += [RecordedTopic(f'{node}/status', PolicyStatus, NEWEST) for node in REPORTING]
    return topics
