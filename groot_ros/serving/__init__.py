"""GR00T's own policy server protocol over ZeroMQ: a client and a server. No ROS, no torch."""

from groot_ros.serving.client import PolicyClient
from groot_ros.serving.errors import (
    AddressError,
    CancelledError,
    CodecError,
    MismatchError,
    ObservationError,
    ReplyError,
    RequestError,
    ServerRefusedError,
    ServerTimeoutError,
    ServingError,
    UnauthorizedError,
)
from groot_ros.serving.modality import Modalities, ModalityConfig
from groot_ros.serving.observations import Observation
from groot_ros.serving.policy import ServedPolicy
from groot_ros.serving.protocol import ProtocolVersion
from groot_ros.serving.server import PolicyServer

__all__ = [
    'AddressError',
    'CancelledError',
    'CodecError',
    'MismatchError',
    'Modalities',
    'ModalityConfig',
    'Observation',
    'ObservationError',
    'PolicyClient',
    'PolicyServer',
    'ProtocolVersion',
    'ReplyError',
    'RequestError',
    'ServedPolicy',
    'ServerRefusedError',
    'ServerTimeoutError',
    'ServingError',
    'UnauthorizedError',
]
