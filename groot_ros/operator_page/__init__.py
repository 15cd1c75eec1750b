"""The operator's page: who may use it, what it shows, what it can ask of the robot. No ROS."""

from groot_ros.operator_page.access import (
    Access,
    AccessError,
    address,
    is_local,
    make_token,
    read_token,
)
from groot_ros.operator_page.robot import Answer, Picture, Robot
from groot_ros.operator_page.view import Meter, NodeView, RobotView

__all__ = [
    'Access', 'AccessError', 'Answer', 'Meter', 'NodeView', 'Picture', 'Robot', 'RobotView',
    'address', 'is_local', 'make_token', 'read_token']
