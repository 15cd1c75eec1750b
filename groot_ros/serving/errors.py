"""What can go wrong between a GR00T policy server and its clients."""

from __future__ import annotations


class ServingError(RuntimeError):
    """Anything that this room refuses; the message is one line and says what to do."""


class CodecError(ServingError):
    """Bytes that are not a message of this protocol, or a value that cannot be sent."""


class RequestError(ServingError):
    """A request that a server cannot answer: no such endpoint, or malformed data."""


class ObservationError(RequestError):
    """An observation that is not what the policy was trained on."""


class UnauthorizedError(ServingError):
    """A request without the server's API token."""


class AddressError(ServingError):
    """An address that no socket can be bound or connected to."""


class ServerTimeoutError(ServingError):
    """A server that did not answer in time."""


class CancelledError(ServingError):
    """A call that was ended from outside."""


class MismatchError(ServingError):
    """A served policy that is not one of this robot."""


class ServerRefusedError(ServingError):
    """A server that answered with an error."""


class ReplyError(ServingError):
    """A reply that is not what the protocol says."""
