"""The error of this room."""


class SimulationError(RuntimeError):
    """Something the simulation needs is missing or was asked for wrongly."""
