"""The simulated world as messages: images, joints, frames and the truth about the task."""

import array
from collections.abc import Iterator

import mujoco
import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Pose, Quaternion, Transform, TransformStamped, Vector3
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, JointState
from std_msgs.msg import Header

from groot_ros.msg import TaskState
from groot_ros.simulation.robot import JOINTS
from groot_ros.simulation.scene import (
    HEAD_CAMERA,
    HEAD_CAMERA_FOVY,
    HEAD_CAMERA_PITCH,
    HEAD_CAMERA_POSITION,
    IMAGE_SIZES,
)
from groot_ros.simulation.tasks import TaskMonitor
from groot_ros.simulation.world import TabletopWorld

WORLD_FRAME = 'world'
TASK_CONSTANTS = {'touch': TaskState.TOUCH, 'push': TaskState.PUSH, 'place': TaskState.PLACE}
JPEG_QUALITY = 90


def camera_info_message(header: Header) -> CameraInfo:
    """Return the pinhole parameters of the head camera."""
    width, height = IMAGE_SIZES[HEAD_CAMERA]
    focal = height / 2.0 / np.tan(np.deg2rad(HEAD_CAMERA_FOVY) / 2.0)
    x, y = width / 2.0, height / 2.0
    return CameraInfo(
        header=header, width=width, height=height, distortion_model='plumb_bob', d=[0.0] * 5,
        k=[focal, 0.0, x, 0.0, focal, y, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[focal, 0.0, x, 0.0, 0.0, focal, y, 0.0, 0.0, 0.0, 1.0, 0.0])


def joint_state_message(world: TabletopWorld, stamp: Time) -> JointState:
    """Return positions and velocities of every moving joint."""
    return JointState(
        header=Header(stamp=stamp), name=JOINTS,
        position=array.array('d', world.joint_positions.tobytes()),
        velocity=array.array('d', world.joint_velocities.tobytes()))


def write_task_state(message: TaskState, world: TabletopWorld, monitor: TaskMonitor) -> None:
    """Write the scenario and what became of it so far into `message`."""
    scenario = world.scenario
    message.header.frame_id = WORLD_FRAME
    message.task = TASK_CONSTANTS[scenario.task]
    message.seed = scenario.seed
    message.elapsed = world.time
    message.block_names = [block.colour for block in scenario.blocks]
    message.block_poses = [block_pose(world, name) for name in message.block_names]
    message.target_block = scenario.target_block
    message.destination = scenario.destination
    message.touched_block = monitor.touched_block
    message.approached_block = monitor.approached_block
    message.success, message.succeeded = monitor.success, monitor.succeeded


def block_pose(world: TabletopWorld, colour: str) -> Pose:
    """Return the pose of a block in the world frame."""
    position, (w, x, y, z) = world.block_pose(colour)
    return Pose(
        position=Point(**dict(zip('xyz', position.tolist(), strict=True))),
        orientation=Quaternion(w=float(w), x=float(x), y=float(y), z=float(z)))


def link_transforms(world: TabletopWorld, stamp: Time, *, moving: bool) -> list[TransformStamped]:
    """Return the frames of the robot's links in their parents, those that move or the others."""
    return [
        _link_transform(world, body, stamp) for body in _links(world)
        if (world.model.body_jntnum[body] > 0) == moving]


def camera_transform(stamp: Time) -> TransformStamped:
    """Return where the head camera is mounted, as its maker says it; scenes vary it a little."""
    sine, cosine = np.sin(HEAD_CAMERA_PITCH), np.cos(HEAD_CAMERA_PITCH)
    # Columns: x right, y down, z forward of the optical frame (REP 103) in the torso.
    rotation = np.array([[0.0, -sine, cosine], [-1.0, 0.0, 0.0], [0.0, -cosine, -sine]])
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, rotation.ravel())
    return _transform(
        'torso_link', f'{HEAD_CAMERA}_camera_optical_frame', stamp,
        np.array(HEAD_CAMERA_POSITION), quaternion)


def _links(world: TabletopWorld) -> Iterator[int]:
    """Yield the bodies of the robot: the tree under its pelvis."""
    pelvis = world.model.body('pelvis').id
    root = world.model.body_rootid[pelvis]
    return (body for body in range(1, world.model.nbody) if world.model.body_rootid[body] == root)


def _link_transform(world: TabletopWorld, body: int, stamp: Time) -> TransformStamped:
    parent = world.model.body_parentid[body]
    inverse = np.zeros(4)
    mujoco.mju_negQuat(inverse, world.data.xquat[parent])
    position, quaternion = np.zeros(3), np.zeros(4)
    mujoco.mju_rotVecQuat(position, world.data.xpos[body] - world.data.xpos[parent], inverse)
    mujoco.mju_mulQuat(quaternion, inverse, world.data.xquat[body])
    parent_name = world.model.body(parent).name if parent else WORLD_FRAME
    return _transform(parent_name, world.model.body(body).name, stamp, position, quaternion)


def _transform(
    parent: str, child: str, stamp: Time, position: NDArray[np.float64],
    quaternion: NDArray[np.float64],
) -> TransformStamped:
    x, y, z = position.tolist()
    w, i, j, k = quaternion.tolist()
    return TransformStamped(
        header=Header(stamp=stamp, frame_id=parent), child_frame_id=child,
        transform=Transform(
            translation=Vector3(x=x, y=y, z=z), rotation=Quaternion(w=w, x=i, y=j, z=k)))
