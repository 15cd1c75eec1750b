"""A replayed recording beside itself: errors, thresholds, reports. No rclpy."""

from groot_ros.replay.commands import CommandSeries, ComparisonError, Run, Solve
from groot_ros.replay.comparison import Comparison, compare
from groot_ros.replay.report import ReplayReport
from groot_ros.replay.thresholds import MODES, ThresholdError, Thresholds, load_thresholds

__all__ = [
    'MODES', 'CommandSeries', 'Comparison', 'ComparisonError', 'ReplayReport', 'Run', 'Solve',
    'ThresholdError', 'Thresholds', 'compare', 'load_thresholds']
