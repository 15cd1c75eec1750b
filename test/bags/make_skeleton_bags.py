"""Make the bags of the robots for which there is neither a simulated robot nor a policy again.

    scripts/env --with test --with training python3 test/bags/make_skeleton_bags.py [FOLDER]

Their joints follow a smooth path, their cameras show the images of test/bags/unitree_g1, and their
commands are those that a skeleton checkpoint, small and with random weights, makes of it in an
exact replay. So they pin down what the nodes do with each robot, not that it makes sense.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from groot_ros.data.bags import Bag, BagWriter, MessageTypes
from groot_ros.embodiment import Camera, Embodiment, embodiment_file, load_embodiment
from groot_ros.msg import Instruction
from groot_ros.nodes.messages.observations import compressed_message, image_message
from groot_ros.observation import decode_image

VERSIONS = {'fourier_gr1': 'n1_6', 'franka_droid': 'n1_7', 'so101': 'n1_7'}
"""Release of each robot's skeleton."""
PERIOD_S = 0.05
"""Time between two actions, which the releases do not say."""
SEED, DURATION_S, START_S = 5, 1.0, 100.0
SHARE, QUALITY = 0.2, 80
Message = tuple[str, int, str, bytes]


def make_skeleton(folder: Path, robot: str) -> Path:
    """Write the skeleton checkpoint of a robot; the same one every time. Needs torch."""
    from skeletons import body_of, write_skeleton, write_tokenizer
    body = body_of(load_embodiment(robot))
    write_skeleton(folder, VERSIONS[robot], SEED, body=body)
    write_tokenizer(folder)
    return folder


def joint_states(robot: Embodiment) -> Iterator[Message]:
    """Yield joint states on sines around home, within a share of the limits."""
    draw = np.random.default_rng(SEED)
    lower, upper = np.maximum(robot.lower, -1.0), np.minimum(robot.upper, 1.0)
    centre = np.clip(robot.home, lower + SHARE * (upper - lower), upper - SHARE * (upper - lower))
    width = SHARE * (upper - lower) * draw.uniform(0.2, 1.0, len(lower))
    rates, phases = draw.uniform(1.0, 3.0, len(lower)), draw.uniform(0.0, 6.0, len(lower))
    for stamp in stamps(robot.rates.control_hz):
        angle = rates * (stamp * 1e-9 - START_S) + phases
        message = JointState(
            header=header(stamp), name=list(robot.joint_names),
            position=(centre + width * np.sin(angle)).tolist(),
            velocity=(width * rates * np.cos(angle)).tolist(),
            effort=[0.0] * len(lower))  # rclpy writes bytes too many behind an empty last field
        yield f'/{robot.joint_state_topic}', stamp, 'JointState', serialize_message(message)


def images(robot: Embodiment, camera: Camera, pictures: list[NDArray[np.uint8]],
           mirror: bool) -> Iterator[Message]:
    """Yield images of a scene: as they are where the robot sends them so, else as JPEG.

    The recorder writes raw images as JPEG too; here one robot has its images of either kind.
    """
    as_jpeg = camera.transport == 'compressed' or robot.tag == 'fourier_gr1'
    for number, stamp in enumerate(stamps(robot.rates.observation_hz)):
        picture = np.ascontiguousarray(pictures[number % len(pictures)][:, ::-1 if mirror else 1])
        top = header(stamp, camera.frame_id)
        if as_jpeg:
            yield (f'/{camera.topic}/compressed', stamp, 'CompressedImage',
                   serialize_message(compressed_message(picture, top, QUALITY)))
        else:
            yield (f'/{camera.topic}', stamp, 'Image',
                   serialize_message(image_message(picture, top)))


def stamps(rate: float) -> Iterator[int]:
    """Yield the times of a sensor [ns]."""
    for number in range(round(DURATION_S * rate)):
        yield round((START_S + number / rate) * 1e9)


def header(stamp: int, frame: str = '') -> Header:
    """Return a header of a time [ns]."""
    return Header(stamp=Time(sec=stamp // 10**9, nanosec=stamp % 10**9), frame_id=frame)


def scene() -> list[NDArray[np.uint8]]:
    """Return the pictures of the simulated robot's bag, each (height, width, 3)."""
    with Bag(Path(__file__).parent / 'unitree_g1') as bag:
        return [np.array(decode_image(m.encoding, m.height, m.width, m.step, m.data))
                for _, _, m in bag.messages(['/camera/head/image_raw'])]


def write_sensors(robot: Embodiment, target: Path) -> None:
    """Write a bag of what a robot sees and is told."""
    told = Instruction(header=header(round(START_S * 1e9)), text='touch the red block')
    messages: list[Message] = [('/current_instruction', round(START_S * 1e9), 'Instruction',
                                serialize_message(told)), *joint_states(robot)]
    for number, camera in enumerate(robot.cameras):
        messages += images(robot, camera, scene(), mirror=bool(number))
    facts = {'embodiment': robot.tag, 'embodiment_file': embodiment_file(robot.tag).read_text(),
             'operator': 'make_skeleton_bags.py', 'licence': 'Apache-2.0',
             'task': 'touch the red block'}
    with BagWriter(target, MessageTypes(), facts) as bag:
        for topic, kind in dict.fromkeys((each[0], each[2]) for each in messages):
            package = 'groot_ros' if kind == 'Instruction' else 'sensor_msgs'
            bag.add_topic(topic, f'{package}/msg/{kind}', latched=kind == 'Instruction')
        for topic, stamp, _, cdr in sorted(messages, key=lambda each: each[1]):
            bag.write(topic, stamp, bytes(cdr))


def main() -> None:
    """Make every bag and put it in the place of the one that was there."""
    sys.path.append(str(Path(__file__).parents[1]))  # for the skeletons
    target = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent).resolve()
    for name in VERSIONS:
        with tempfile.TemporaryDirectory(prefix='groot_ros_') as folder:
            checkpoint = make_skeleton(Path(folder, 'skeleton'), name)
            write_sensors(load_embodiment(name), Path(folder, 'bag'))
            shutil.rmtree(target / name, ignore_errors=True)
            subprocess.run(
                ['ros2', 'launch', 'groot_ros', 'replay.launch.py', f'bag:={folder}/bag',
                 f'checkpoint:={checkpoint}', f'action_period_s:={PERIOD_S}',
                 f'renew:={target / name}'], check=True, timeout=1200.0,
                env=os.environ | {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'})
        size = sum(file.stat().st_size for file in (target / name).iterdir())
        print(f'{target / name}: {size / 1e6:.2f} MB')


if __name__ == '__main__':
    main()
