"""What is in a checkpoint, told without loading it: reads headers and sidecar files only.

Gives `inspect`, and `python -m groot_ros.model.inspection` as `inspect_checkpoint`.
"""

from groot_ros.model.inspection.report import EmbodimentRow, Report, inspect

__all__ = ['EmbodimentRow', 'Report', 'inspect']
