"""From sensor values to one observation, or a typed refusal. numpy and OpenCV, no ROS."""

from groot_ros.observation.context import ObservationContext
from groot_ros.observation.images import (
    ImageError,
    crop_and_resize,
    decode_compressed,
    decode_image,
    is_depth,
    prepare_image,
)
from groot_ros.observation.joints import JointAssembler, JointSnapshot
from groot_ros.observation.refusal import Refusal, RefusalReason
from groot_ros.observation.synchronizer import Imu, Observed, StampedImage, Synchronizer

__all__ = [
    'ImageError',
    'Imu',
    'JointAssembler',
    'JointSnapshot',
    'ObservationContext',
    'Observed',
    'Refusal',
    'RefusalReason',
    'StampedImage',
    'Synchronizer',
    'crop_and_resize',
    'decode_compressed',
    'decode_image',
    'is_depth',
    'prepare_image',
]
