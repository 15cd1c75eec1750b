"""The policy server with a released checkpoint, as a process of its own."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from groot_ros.serving import Observation, PolicyClient

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120


@contextmanager
def served(checkpoint, embodiment_tag, *options):
    """Start the executable; yields its address, or what it said if it has none."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / 'executables' / 'policy_server'), '--checkpoint', checkpoint,
         '--embodiment-tag', embodiment_tag, '--port', '0', *options],
        stderr=subprocess.PIPE, text=True,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join([str(ROOT), *sys.path])})
    try:
        assert process.stderr is not None
        log = ''
        for line in process.stderr:
            log += line
            if address := re.search(r'tcp://127\.0\.0\.1:\d+', line):
                yield address[0]
                return
        yield log
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_S)


@pytest.fixture
def without_tokenizer(released, tmp_path):
    """Return a checkpoint as NVIDIA publishes it, and a tokenizer that lies elsewhere."""
    folder = shutil.copytree(released['n1_7'], tmp_path / 'n1_7')
    elsewhere = tmp_path / 'tokenizer.json'
    (folder / 'tokenizer.json').rename(elsewhere)
    return str(folder), str(elsewhere)


def test_a_released_checkpoint_answers_with_what_the_command_line_gives(without_tokenizer):
    folder, tokenizer = without_tokenizer
    with served(folder, 'new_embodiment', '--tokenizer', tokenizer, '--dtype', 'float32',
                '--allow-untrained') as address, \
            PolicyClient(address, 'n1_7', timeout_s=PATIENCE_S) as client:
        modalities = client.get_modality_config()
        rng = np.random.default_rng(0)
        dims = {'waist': 3, 'right_arm': 7, 'right_hand': 7}
        actions = client.get_action(Observation(
            {key: rng.integers(0, 255, (1, 96, 128, 3), dtype=np.uint8)
             for key in modalities.video.modality_keys},
            {key: np.zeros((1, dims[key]), np.float32)
             for key in modalities.state.modality_keys}, 'touch the red block'))
    assert set(actions) == set(modalities.action.modality_keys)


def test_an_untrained_embodiment_is_refused_without_the_option(released):
    with served(str(released['n1_7']), 'new_embodiment') as said:
        assert said.startswith('policy_server: ')
        assert 'set allow_untrained' in said
