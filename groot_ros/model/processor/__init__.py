"""What a checkpoint expects and returns in physical units: images, state, actions, text.

Reads the sidecar files of our own policies and of the released N1, N1.5, N1.6 and N1.7. numpy
only: the perception node uses it too. Gives `load_processor` and the values it returns.
"""

from groot_ros.model.processor.errors import ProcessorError, UntrainedEmbodimentError
from groot_ros.model.processor.groups import Group, GroupRange
from groot_ros.model.processor.images import ImageSpec, ImageStep, Part
from groot_ros.model.processor.loading import load_processor
from groot_ros.model.processor.processor import Processor
from groot_ros.model.processor.relative import Reference

__all__ = [
    'Group',
    'GroupRange',
    'ImageSpec',
    'ImageStep',
    'Part',
    'Processor',
    'ProcessorError',
    'Reference',
    'UntrainedEmbodimentError',
    'load_processor',
]
