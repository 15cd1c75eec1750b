"""What can be wrong with a bag."""


class BagError(ValueError):
    """A bag that cannot be written or read; the message names it and the way out."""
