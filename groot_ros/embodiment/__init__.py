"""The robot as data: joints, groups, cameras, limits and rates, read from one YAML file."""

from groot_ros.embodiment.description import (
    DescribedJoint,
    Description,
    check_against_description,
    read_description,
)
from groot_ros.embodiment.errors import EmbodimentError
from groot_ros.embodiment.hands import Hand
from groot_ros.embodiment.loading import embodiment_file, known_embodiments, load_embodiment
from groot_ros.embodiment.parts import Camera, CommandOutput, Joint, ModelMapping, Rates
from groot_ros.embodiment.robot import Embodiment

__all__ = [
    'Camera',
    'CommandOutput',
    'DescribedJoint',
    'Description',
    'Embodiment',
    'EmbodimentError',
    'Hand',
    'Joint',
    'ModelMapping',
    'Rates',
    'check_against_description',
    'embodiment_file',
    'known_embodiments',
    'load_embodiment',
    'read_description',
]
