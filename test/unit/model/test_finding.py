"""Where a checkpoint is looked for."""

from pathlib import Path

import pytest

from groot_ros.model.finding import CheckpointNotFoundError, find_checkpoint


def never(repository: str) -> Path:
    raise AssertionError(f'{repository} must not be fetched')


def test_a_folder_and_a_shipped_policy_are_not_fetched(tmp_path: Path) -> None:
    (tmp_path / 'config.json').write_text('{}')
    assert find_checkpoint(str(tmp_path), never) == tmp_path
    assert find_checkpoint('g1_tabletop', never).name == 'g1_tabletop'


def test_a_relative_folder_wins_over_a_hub_repository_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'nvidia' / 'mine').mkdir(parents=True)
    (tmp_path / 'nvidia' / 'mine' / 'config.json').write_text('{}')
    monkeypatch.chdir(tmp_path)
    assert find_checkpoint('nvidia/mine', never) == Path('nvidia', 'mine')


def test_a_hub_id_is_fetched(tmp_path: Path) -> None:
    asked: list[str] = []

    def download(repository: str) -> Path:
        asked.append(repository)
        return tmp_path

    assert find_checkpoint('nvidia/GR00T-N1.7-3B', download) == tmp_path
    assert asked == ['nvidia/GR00T-N1.7-3B']


@pytest.mark.parametrize('name', [
    'nothing', './policy', '../policy', '/tmp/policy', '~/policy', 'a/b/c', ''])
def test_what_is_no_hub_id_is_not_fetched(name: str) -> None:
    with pytest.raises(CheckpointNotFoundError, match='neither a folder .* the owner/name of'):
        find_checkpoint(name, never)


@pytest.mark.parametrize(('error', 'reason'), [
    (OSError('no connection\nand a long story'), r'\(no connection\): download it'),
    (ValueError('gated'), r'\(gated\)'),
    (ImportError('no such module'), 'pip install huggingface_hub, or download')])
def test_what_can_not_be_fetched_names_the_three_places(error: Exception, reason: str) -> None:
    def download(repository: str) -> Path:
        raise error

    with pytest.raises(CheckpointNotFoundError, match=reason) as caught:
        find_checkpoint('nvidia/GR00T-N1.7-3B', download)
    message = str(caught.value)
    for place in ('a folder with a config.json', 'shipped policies (g1_tabletop', 'the hub'):
        assert place in message
    assert '\n' not in message
