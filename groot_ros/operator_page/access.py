"""Who may use the page: those with the token, and no script of another site."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from pathlib import Path
from urllib.parse import urlsplit

SHORTEST_TOKEN = 16


class AccessError(ValueError):
    """A setting that would let the wrong people in."""


class Access:
    """Decides about requests.

    Args:
        token: What to show once to be let in; None lets everyone in who reaches the page, which
            is only for an address that nobody else reaches.
    """

    def __init__(self, token: str | None) -> None:
        self._token = token
        self._session = secrets.token_urlsafe(32)

    def sign_in(self, token: str) -> str | None:
        """Return what to send with every later request; None to who has another token."""
        if self._token is None or not _equal(token.strip(), self._token):
            return None
        return self._session

    def admits(self, session: str | None) -> bool:
        """Return whether a request may be answered that came with a session."""
        return self._token is None or _equal(session or '', self._session)

    def refusal(self, host: str, origin: str | None) -> str:
        """Return why a request is not answered whoever sends it; empty if it may be.

        A page of another site can let the operator's browser send requests, and the browser says
        so in `origin`. Such a page can also give its own name to this machine's address, so
        without a token only the names of this machine itself are answered.

        Args:
            host: Header Host: what the sender calls this server.
            origin: Header Origin: the site whose page sends; None if there is no such header.
        """
        try:
            name = urlsplit(f'//{host}').hostname
            sender = host if origin is None else urlsplit(origin).netloc
        except ValueError as error:
            return f'unreadable address: {error}'
        if self._token is None and not is_local(name or ''):
            return f'this page is called localhost, 127.0.0.1 or [::1], not {name}'
        if sender.lower() != host.lower():
            return f'a page of {origin} may not ask this one for anything'
        return ''


def is_local(host: str) -> bool:
    """Return whether only programs of this machine reach an address to listen on."""
    try:
        return host == 'localhost' or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def address(host: str, port: int) -> str:
    """Return what to open in a browser."""
    return f'http://[{host}]:{port}' if ':' in host else f'http://{host}:{port}'


def make_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(SHORTEST_TOKEN)


def read_token(file: Path) -> str:
    """Return the token in a file.

    Raises:
        AccessError: If others may read the file, or the token is short enough to be guessed.
        OSError: If it cannot be read.
    """
    if file.stat().st_mode & 0o077:
        raise AccessError(f'{file} can be read by others: chmod 600 {file}')
    token = file.read_text(encoding='utf-8').strip()
    if len(token) < SHORTEST_TOKEN:
        raise AccessError(
            f'the token in {file} has {len(token)} characters, must have at least '
            f'{SHORTEST_TOKEN}: openssl rand -base64 24 > {file}')
    return token


def _equal(given: str, expected: str) -> bool:
    """Compare in a time that does not tell how much of it was right."""
    return hmac.compare_digest(given.encode(), expected.encode())
