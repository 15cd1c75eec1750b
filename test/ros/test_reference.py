"""docs/reference says what nodes, messages, launch files and commands say of themselves."""

import subprocess
import sys
from pathlib import Path

import pytest

from groot_ros.nodes.shared.status import REASONS

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / 'docs' / 'reference'
pytestmark = pytest.mark.timeout(900)  # every node is started, several of them in variants


@pytest.fixture(scope='module')
def written(tmp_path_factory) -> Path:
    """Write the reference anew, in a process and in ROS domains of its own."""
    folder = tmp_path_factory.mktemp('reference')
    done = subprocess.run(
        [sys.executable, ROOT / 'docs' / 'generator', folder], capture_output=True, text=True,
        check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_reference_has_a_page_for_everything(written):
    assert {each.name for each in PAGES.iterdir()} == {each.name for each in written.iterdir()}


@pytest.mark.parametrize('page', sorted(each.name for each in PAGES.iterdir()))
def test_the_page_says_what_the_code_says(written, page):
    assert (PAGES / page).read_text() == (written / page).read_text(), (
        'run `scripts/docs reference` and look at what changed')


def test_every_node_has_a_page():
    nodes = {each.parent.name for each in (ROOT / 'groot_ros' / 'nodes').glob('*/node.py')}
    assert nodes <= {each.stem for each in PAGES.iterdir()}


def test_troubleshooting_leads_to_an_entry_for_every_reason():
    assert '(reference/reasons.md)' in (ROOT / 'docs' / 'troubleshooting.md').read_text()
    entries = (PAGES / 'reasons.md').read_text()
    assert [each for each in REASONS if f'### {each}\n' not in entries] == ['NONE']
