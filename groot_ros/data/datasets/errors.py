"""What can be wrong with a dataset."""


class DatasetError(ValueError):
    """A dataset that cannot be written or read; the message names it and the way out."""


class UnusableMessageError(ValueError):
    """One message of a bag that cannot be used; it is passed over and reported."""
