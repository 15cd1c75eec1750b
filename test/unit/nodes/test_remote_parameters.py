"""Where the API token of a policy server comes from."""

from pathlib import Path

import pytest

from groot_ros.nodes.controller.remote_parameters import read_api_token


def test_the_file_wins_over_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / 'token'
    file.write_text('of the file\n')
    monkeypatch.setenv('GROOT_API_TOKEN', 'of the environment')
    assert read_api_token(str(file)) == 'of the file'
    assert read_api_token('') == 'of the environment'


@pytest.mark.parametrize('empty', [True, False])
def test_without_a_token_none_is_sent(monkeypatch: pytest.MonkeyPatch, empty: bool) -> None:
    monkeypatch.delenv('GROOT_API_TOKEN', raising=False)
    if empty:
        monkeypatch.setenv('GROOT_API_TOKEN', '')
    assert read_api_token('') is None
