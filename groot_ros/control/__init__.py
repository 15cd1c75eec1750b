"""From action chunks to commands a robot can follow: timeline, limits, watchdog. numpy only."""

from groot_ros.control.chunk import ActionChunk, ChunkError
from groot_ros.control.emergency_stop import EmergencyStop
from groot_ros.control.limits import LimitCounters, LimitFilter
from groot_ros.control.playback import Command, Playback, PlaybackSettings
from groot_ros.control.seams import SEAM_MODES, SeamSettings
from groot_ros.control.stops import Stops, StopSettings
from groot_ros.control.timeline import ChunkTimeline
from groot_ros.control.tokens import TokenGate, TokenOrigin
from groot_ros.control.trajectory import (
    StoppingTrajectory,
    TrajectoryError,
    check_trajectory,
    stopping_trajectory,
)
from groot_ros.control.watchdog import Deadline, Hold, HoldReason

__all__ = [
    'SEAM_MODES',
    'ActionChunk',
    'ChunkError',
    'ChunkTimeline',
    'Command',
    'Deadline',
    'EmergencyStop',
    'Hold',
    'HoldReason',
    'LimitCounters',
    'LimitFilter',
    'Playback',
    'PlaybackSettings',
    'SeamSettings',
    'StopSettings',
    'StoppingTrajectory',
    'Stops',
    'TokenGate',
    'TokenOrigin',
    'TrajectoryError',
    'check_trajectory',
    'stopping_trajectory',
]
