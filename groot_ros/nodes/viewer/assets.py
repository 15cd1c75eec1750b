"""Meshes for viewers: those that the robot's description names, and no other file."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlparse

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import String
from visualization_msgs.msg import MarkerArray

FILE, LOCAL_FILE = 'file://', 'package://local_file'
"""Viewers ask the server for files of packages only; in a browser they get no others."""
NAMED = re.compile(r"""filename\s*=\s*(["'])(.+?)\1""")
"""A file in a URDF; its address is the second group."""


class Assets:
    """Files by the addresses that viewers know them by."""

    def __init__(self) -> None:
        self._named: frozenset[str] = frozenset()

    def allow(self, urdf: str) -> None:
        """Offer what a description names, and nothing that an earlier one did."""
        self._named = frozenset(viewed_address(found[2]) for found in NAMED.finditer(urdf))

    def read(self, address: str) -> bytes | None:
        """Return a file's content; None if it is not offered or not there."""
        if address not in self._named:
            return None
        try:
            return _path(address).read_bytes()
        except (OSError, PackageNotFoundError):
            return None


def viewed_address(address: str) -> str:
    """Return what viewers know the address of a mesh as: another if it is one of a file."""
    return LOCAL_FILE + address.removeprefix(FILE) if address.startswith(FILE) else address


def viewed_message(kind: type, cdr: bytes) -> bytes:
    """Return a serialized message with addresses that viewers can ask for.

    Only descriptions and markers that name files change; others are given back as they are.
    """
    if FILE.encode() not in cdr:
        return cdr
    if kind is String:
        description = deserialize_message(cdr, String)
        description.data = NAMED.sub(
            lambda found: f'filename={found[1]}{viewed_address(found[2])}{found[1]}',
            description.data)
        return bytes(serialize_message(description))
    if kind is MarkerArray:
        scene = deserialize_message(cdr, MarkerArray)
        for marker in scene.markers:
            marker.mesh_resource = viewed_address(marker.mesh_resource)
        return bytes(serialize_message(scene))
    return cdr


def _path(address: str) -> Path:
    if address.startswith(f'{LOCAL_FILE}/'):
        return Path(unquote(address.removeprefix(LOCAL_FILE)))
    parts = urlparse(address)
    if parts.scheme == 'package':
        return Path(get_package_share_directory(parts.netloc)) / unquote(parts.path).lstrip('/')
    return Path(unquote(parts.path))
