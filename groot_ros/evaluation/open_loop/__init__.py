"""What a policy predicts from recorded observations, against what was commanded then. No ROS.

`plots` needs matplotlib and is imported where it is used.
"""

from groot_ros.evaluation.open_loop.errors import Errors, OpenLoopErrors
from groot_ros.evaluation.open_loop.prediction import (
    OpenLoopError,
    Predictions,
    Timing,
    predict_episode,
)

__all__ = [
    'Errors', 'OpenLoopError', 'OpenLoopErrors', 'Predictions', 'Timing', 'predict_episode']
