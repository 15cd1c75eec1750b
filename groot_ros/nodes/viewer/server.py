"""The WebSocket server that viewers connect to; read-only. Needs foxglove-sdk."""

from __future__ import annotations

from collections.abc import Callable

import foxglove
from foxglove.websocket import ChannelView, Client, ServerListener


class ViewServer(ServerListener):
    """Offers topics to viewers; they cannot publish, call or set anything.

    Args:
        name: What viewers call it.
        host: Address to listen on.
        port: TCP port; 0 takes a free one.
        read_asset: Returns a file that a viewer asks for, or None.
        on_viewer: Called with a topic that a viewer begins to look at, by a thread of the server.

    Raises:
        RuntimeError: If the address is taken or cannot be used.
    """

    def __init__(
        self, name: str, host: str, port: int, read_asset: Callable[[str], bytes | None],
        on_viewer: Callable[[str], None],
    ) -> None:
        self._on_viewer = on_viewer
        # Two servers of one process, as in tests, must not hear each other's topics.
        self._context = foxglove.Context()
        self._server = foxglove.start_server(
            name=name, host=host, port=port, capabilities=[], supported_encodings=[],
            server_listener=self, asset_handler=read_asset, context=self._context)

    @property
    def port(self) -> int:
        """TCP port that viewers connect to."""
        return int(self._server.port)

    def open_channel(self, topic: str, kind: str, definition: str) -> foxglove.Channel:
        """Offer a topic of serialized messages, with the definition of their type."""
        return foxglove.Channel(
            topic, message_encoding='cdr', context=self._context,
            schema=foxglove.Schema(name=kind, encoding='ros2msg', data=definition.encode()))

    def close(self) -> None:
        """Let all viewers go."""
        self._server.stop()

    def on_subscribe(self, client: Client, channel: ChannelView) -> None:
        """Say that somebody begins to look at a topic."""
        self._on_viewer(channel.topic)
