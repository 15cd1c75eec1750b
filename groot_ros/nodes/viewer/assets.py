"""Meshes for viewers: those that the robot's description names, and no other file."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlparse

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory


class Assets:
    """Files by the addresses that a robot description gives them."""

    def __init__(self) -> None:
        self._named: frozenset[str] = frozenset()

    def allow(self, urdf: str) -> None:
        """Offer what a description names, and nothing that an earlier one did."""
        self._named = frozenset(re.findall(r'filename="([^"]+)"', urdf))

    def read(self, address: str) -> bytes | None:
        """Return a file's content; None if it is not offered or not there."""
        if address not in self._named:
            return None
        try:
            return _path(address).read_bytes()
        except (OSError, PackageNotFoundError):
            return None


def _path(address: str) -> Path:
    parts = urlparse(address)
    if parts.scheme == 'package':
        return Path(get_package_share_directory(parts.netloc)) / unquote(parts.path).lstrip('/')
    return Path(unquote(parts.path))
