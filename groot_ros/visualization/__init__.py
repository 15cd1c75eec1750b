"""What a plan looks like: where hands and links will be, and which rows still count. No ROS."""

from groot_ros.visualization.link_poses import LinkPoses, VisualizationError
from groot_ros.visualization.plan_parts import PlanParts, split_plan
from groot_ros.visualization.shapes import Shape, read_shapes

__all__ = [
    'LinkPoses', 'PlanParts', 'Shape', 'VisualizationError', 'read_shapes', 'split_plan']
