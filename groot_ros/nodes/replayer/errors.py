"""What can go wrong in a replay."""


class ReplayError(RuntimeError):
    """The policy under test is not there, or stopped answering."""
