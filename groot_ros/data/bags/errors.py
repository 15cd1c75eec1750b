"""What can be wrong with a bag."""


class BagError(ValueError):
    """A bag that cannot be written or read; the message names it and the way out."""


def one_line(error: Exception) -> str:
    """Return what another library found wrong: the kind of error, then its text, on one line."""
    return ' '.join(f'{type(error).__name__}: {error}'.split())
