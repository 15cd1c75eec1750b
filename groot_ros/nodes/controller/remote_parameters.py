"""What the nodes' parameters say of a policy server."""

import os
from pathlib import Path

from groot_ros.serving.protocol import TOKEN_VARIABLE, ProtocolVersion

BACKEND = (
    'Address of a running GR00T policy server that plans instead of the checkpoint, such as '
    'zmq://192.168.1.5:5555; empty for the checkpoint.')
BACKEND_VERSIONS = tuple(version.value for version in ProtocolVersion)
TOKEN_FILE = (
    f'File that holds the API token of the policy server; empty takes the environment variable '
    f'{TOKEN_VARIABLE}. The token itself is no parameter: everybody on the network can read '
    'those, and bags record them.')


def read_api_token(file: str) -> str | None:
    """Return the token in `file`, else that of the environment, None without one.

    Raises:
        OSError: If there is no such file.
    """
    if file:
        return Path(file).read_text(encoding='utf-8').strip()
    return os.environ.get(TOKEN_VARIABLE) or None
