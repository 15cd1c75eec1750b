"""What the recorder loses: cameras and joint states at full rate, sent against recorded.

    scripts/env python benchmarks/record.py [--cameras 3] [--seconds 20] [--format jpeg]

Senders are processes of their own and share the cores with the recorder. What DDS itself drops
(sensor data are sent best effort) counts as lost. Measured twice: with the middleware as it
comes, and with shared memory of Fast DDS that has room for whole images.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rclpy
import yaml
from rclpy.node import Node
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Header

sys.path.append(str(Path(__file__).resolve().parent))
from measuring import describe_load, write_results

from groot_ros.data.bags import Bag
from groot_ros.embodiment import embodiment_file, load_embodiment
from groot_ros.evaluation.report import format_table
from groot_ros.nodes.messages.observations import image_message
from groot_ros.nodes.shared.qos import sensor_qos
from groot_ros.nodes.tools.graph_process import Domain, interrupt_on_termination

WIDTH, HEIGHT = 640, 480
CAMERA_HZ, JOINT_HZ = 30.0, 500.0
TRANSPORTS = {
    'as it comes': None, 'large': 'LARGE_DATA?max_msg_size=2MB&sockets_size=8MB'}
"""Values of FASTDDS_BUILTIN_TRANSPORTS."""
START_S = 60.0
SETTLE_S = 2.0


def picture(seed: int) -> Image:
    """Return an image with structure and some noise, about as hard to compress as a real one."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (HEIGHT // 40, WIDTH // 40, 3), np.uint8)
    smooth = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    noisy = smooth + random.normal(0.0, 3.0, smooth.shape).astype(np.int16)
    return image_message(np.clip(noisy, 0, 255).astype(np.uint8), Header())


def send(kind: type, topic: str, message: Any, rate: float, seconds: float, go: Event,
         sent: Any) -> None:
    """Publish a message at a rate, once the recorder listens and all are told to go."""
    rclpy.init()
    node = Node(f'sender_{os.getpid()}')
    publisher = node.create_publisher(kind, topic, sensor_qos(step_locked=False))
    content = serialize_message(message)
    while publisher.get_subscription_count() == 0:
        time.sleep(0.05)
    sent.value = 0
    go.wait()
    begin = time.monotonic()
    for index in range(round(seconds * rate)):
        time.sleep(max(0.0, begin + index / rate - time.monotonic()))
        publisher.publish(content)
        sent.value += 1
    time.sleep(SETTLE_S)
    node.destroy_node()
    rclpy.try_shutdown()


def write_robot(folder: Path, cameras: int) -> Path:
    """Write the shipped humanoid with more cameras; returns the file."""
    content = yaml.safe_load(embodiment_file('unitree_g1').read_text())
    head = content['cameras']['head']
    content['cameras'] = {
        f'camera{index}': head | {
            'topic': f'camera{index}/image_raw', 'video_key': f'view{index}'}
        for index in range(cameras)}
    file = folder / 'robot.yaml'
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    return file


def measure(
    folder: Path, cameras: int, seconds: float, camera_format: str
) -> list[tuple[str, int, int]]:
    """Return rows of topic, messages sent and messages recorded."""
    file = write_robot(folder, cameras)
    robot = load_embodiment(file)
    go = multiprocessing.Event()
    streams = {camera.topic: (Image, picture(index), CAMERA_HZ)
               for index, camera in enumerate(robot.cameras)}
    joints = JointState(name=list(robot.joint_names), position=robot.home.tolist(),
                        velocity=[0.0] * len(robot.joint_names))
    streams[robot.joint_state_topic] = (JointState, joints, JOINT_HZ)
    sent = {topic: multiprocessing.Value('i', -1) for topic in streams}
    processes = [
        multiprocessing.Process(
            target=send, args=(kind, topic, message, rate, seconds, go, sent[topic]))
        for topic, (kind, message, rate) in streams.items()]
    recorder = subprocess.Popen(
        ['ros2', 'run', 'groot_ros', 'recorder', '--ros-args', '-p', f'embodiment:={file}',
         '-p', f'folder:={folder}', '-p', 'begin:=true', '-p', f'camera_format:={camera_format}'],
        start_new_session=True)
    try:
        for process in processes:
            process.start()
        deadline = time.monotonic() + START_S
        while any(count.value < 0 for count in sent.values()):
            if time.monotonic() > deadline:
                raise SystemExit('the recorder does not listen to every topic')
            time.sleep(0.05)
        go.set()
        for process in processes:
            process.join()
    finally:
        os.killpg(recorder.pid, signal.SIGINT)
        recorder.wait(timeout=START_S)
        for process in processes:
            process.terminate()
    with Bag(folder / 'episode_000000') as bag:
        return [
            (topic, sent[topic].value,
             bag.count(f'/{topic}') + bag.count(f'/{topic}/compressed')) for topic in streams]


def main() -> int:
    """Record for a while and print what was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--cameras', type=int, default=3)
    parser.add_argument('--seconds', type=float, default=20.0)
    parser.add_argument('--format', choices=('jpeg', 'raw'), default='jpeg')
    parser.add_argument('--json', type=Path, help='write the results there')
    arguments = parser.parse_args()
    interrupt_on_termination()
    load = describe_load()
    domain = Domain()
    os.environ['ROS_DOMAIN_ID'] = str(domain.number)
    rows = []
    for name, value in TRANSPORTS.items():
        if value is not None:
            os.environ['FASTDDS_BUILTIN_TRANSPORTS'] = value
        with tempfile.TemporaryDirectory() as folder:
            measured = measure(
                Path(folder), arguments.cameras, arguments.seconds, arguments.format)
        rows += [(name, *row) for row in measured]
    print(f'{arguments.cameras} cameras {WIDTH}x{HEIGHT} at {CAMERA_HZ:g} Hz as '
          f'{arguments.format}, joint states at {JOINT_HZ:g} Hz, {arguments.seconds:g} s; '
          f'{load} at the start')
    print(format_table(
        ['transport', 'topic', 'sent', 'recorded', 'lost'],
        [[transport, topic, str(given), str(kept), f'{1 - kept / given:.2%}']
         for transport, topic, given, kept in rows]))
    write_results(arguments.json, vars(arguments) | {'load': load}, [
        {'transport': transport, 'topic': topic, 'sent': given, 'recorded': kept}
        for transport, topic, given, kept in rows])
    return 0


if __name__ == '__main__':
    sys.exit(main())
