"""Who may use the operator page."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groot_ros.operator_page import (
    Access,
    AccessError,
    address,
    is_local,
    make_token,
    read_token,
)

TOKEN = 'correct horse battery staple'


@pytest.mark.parametrize(('host', 'local'), [
    ('127.0.0.1', True), ('localhost', True), ('::1', True), ('127.9.9.9', True),
    ('0.0.0.0', False), ('::', False), ('192.168.1.5', False), ('', False), ('robot', False)])
def test_an_address_that_others_reach_is_not_local(host: str, local: bool) -> None:
    assert is_local(host) is local


def test_only_the_token_lets_in() -> None:
    access = Access(TOKEN)
    session = access.sign_in(TOKEN)
    assert session is not None
    assert TOKEN not in session
    assert access.admits(session)
    for wrong in ('', TOKEN[:-1], TOKEN + 'x', 'né'):
        assert access.sign_in(wrong) is None
    for stranger in (None, '', TOKEN, Access(TOKEN).sign_in(TOKEN)):
        assert not access.admits(stranger)


def test_without_a_token_everyone_who_comes_is_let_in() -> None:
    assert Access(None).admits(None)


@pytest.mark.parametrize('token', [None, TOKEN])
@pytest.mark.parametrize(('host', 'origin', 'refused'), [
    ('localhost:8766', None, False),
    ('localhost:8766', 'http://localhost:8766', False),
    ('LOCALHOST:8766', 'http://localhost:8766', False),
    ('[::1]:8766', 'http://[::1]:8766', False),
    ('127.0.0.1:9000', 'http://127.0.0.1:9000', False),   # through a tunnel with another port
    ('127.9.9.9:8766', 'http://127.9.9.9:8766', False),   # host:=127.9.9.9 listens there
    ('127.0.0.1:8766', 'http://127.0.0.1:3000', True),
    ('127.0.0.1:8766', 'http://evil.example', True),
    ('127.0.0.1:8766', 'null', True),
    ('127.0.0.1:8766', '', True),
])
def test_pages_of_other_sites_are_refused(
    token: str | None, host: str, origin: str | None, refused: bool
) -> None:
    assert bool(Access(token).refusal(host, origin)) is refused


@pytest.mark.parametrize('name', [
    'evil.example', '127.0.0.1.evil.example', 'localhost.evil.example', '192.168.1.5', ''])
def test_a_foreign_name_for_this_machine_is_refused_where_no_token_is_asked_for(name: str) -> None:
    asked = (f'{name}:8766', f'http://{name}:8766')
    assert f'not {name or None}' in Access(None).refusal(*asked)
    assert not Access(TOKEN).refusal(*asked)


@given(st.text(), st.none() | st.text())
def test_no_header_is_too_strange(host: str, origin: str | None) -> None:
    Access(None).refusal(host, origin)
    Access(TOKEN).refusal(host, origin)


def test_a_token_is_read_from_a_file_of_its_owner(tmp_path: Path) -> None:
    file = tmp_path / 'token'
    file.write_text(f'{TOKEN}\n')
    file.chmod(0o640)
    with pytest.raises(AccessError, match='chmod 600'):
        read_token(file)
    file.chmod(0o600)
    assert read_token(file) == TOKEN
    file.write_text('short')
    with pytest.raises(AccessError, match='5 characters'):
        read_token(file)
    with pytest.raises(OSError, match='nowhere'):
        read_token(tmp_path / 'nowhere')


def test_tokens_that_are_made_differ_and_are_long() -> None:
    assert make_token() != make_token()
    assert len(make_token()) >= 20


def test_an_address_can_be_opened_in_a_browser() -> None:
    assert address('127.0.0.1', 8766) == 'http://127.0.0.1:8766'
    assert address('::', 8766) == 'http://[::]:8766'
