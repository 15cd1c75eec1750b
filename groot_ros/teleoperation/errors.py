"""The one error of this room."""


class TeleoperationError(ValueError):
    """Something a device sent, or a robot described, that no hand can follow."""
