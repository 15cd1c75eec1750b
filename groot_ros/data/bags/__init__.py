"""Rosbags: written while the robot moves, read without a ROS installation. No rclpy."""

from groot_ros.data.bags.errors import BagError
from groot_ros.data.bags.facts import FACTS_FILE, read_facts
from groot_ros.data.bags.message_types import MessageTypes
from groot_ros.data.bags.reading import Bag, Recorded
from groot_ros.data.bags.repairing import repair
from groot_ros.data.bags.writing import BagWriter

__all__ = [
    'FACTS_FILE', 'Bag', 'BagError', 'BagWriter', 'MessageTypes', 'Recorded', 'read_facts',
    'repair']
