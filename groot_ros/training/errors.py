"""The error of training."""


class TrainingError(ValueError):
    """Data or a checkpoint that this training can't use."""
