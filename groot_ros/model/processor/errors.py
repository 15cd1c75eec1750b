"""The errors of this room."""


class ProcessorError(ValueError):
    """Sidecar files of a checkpoint that are missing or contradict each other."""


class UntrainedEmbodimentError(ProcessorError):
    """An embodiment whose encoders and decoder were never trained: its actions are noise."""
