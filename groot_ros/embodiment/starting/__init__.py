"""A first embodiment file from a robot's URDF: what it says is written, the rest is asked."""

from groot_ros.embodiment.starting.draft import Draft, Wishes, draft
from groot_ros.embodiment.starting.urdf import RobotTree, read_tree
from groot_ros.embodiment.starting.writing import embodiment_text

__all__ = ['Draft', 'RobotTree', 'Wishes', 'draft', 'embodiment_text', 'read_tree']
