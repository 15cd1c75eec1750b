"""Our RLDS datasets, read by TensorFlow Datasets itself."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from made_episodes import FPS, LAYOUT, noise_ratio, pictures_of, three_episodes

from groot_ros.data.datasets.writing import WriterOptions, make_writer

# In a process of its own: one that has both TensorFlow and triton (of torch) may crash.
READ = """
import pickle, sys
import tensorflow_datasets as tfds
builder = tfds.builder_from_directory(sys.argv[1])
assert builder.info.splits['train'].num_examples == 3
episodes = tfds.as_numpy(builder.as_dataset(split='train'))
with open(sys.argv[2], 'wb') as file:
    pickle.dump([(list(each['steps']), each['episode_metadata']) for each in episodes], file)
"""


@pytest.fixture(scope='module', params=['h264', 'lossless'])
def codec(request):
    return request.param


@pytest.fixture(scope='module')
def found(codec, tmp_path_factory):
    """Return steps and metadata of each episode."""
    folder = tmp_path_factory.mktemp('dataset') / 'rlds'
    writer = make_writer('rlds', folder, LAYOUT, WriterOptions(codec=codec))
    for episode in three_episodes():
        writer.add(episode)
    writer.finish()
    read = folder.with_name('read.pickle')
    subprocess.run([sys.executable, '-c', READ, folder, read], check=True)
    return pickle.loads(read.read_bytes())


def test_every_number_of_every_step(found):
    for (steps, _), episode in zip(found, three_episodes(), strict=True):
        last = len(episode) - 1
        for frame, step in enumerate(steps):
            np.testing.assert_array_equal(step['observation']['state'], episode.state[frame])
            np.testing.assert_array_equal(step['action'], episode.action[frame])
            assert step['timestamp'] == np.float32(frame / FPS)
            assert (step['is_first'], step['is_last'], step['is_terminal']) == (
                frame == 0, frame == last, frame == last)
            assert (step['reward'], step['discount']) == (float(frame == last), 1.0)
        assert len(steps) == len(episode)


def test_what_was_told(found):
    for (steps, metadata), episode in zip(found, three_episodes(), strict=True):
        assert {step['language_instruction'].decode() for step in steps} == {
            episode.annotation.instruction}
        assert [tag.decode() for tag in metadata['tags']] == list(episode.annotation.tags)
        assert json.loads(metadata['provenance']) == episode.provenance
        assert metadata['start_s'].decode() == episode.provenance['start_s']
    goals = [step['sub_goal'].decode() for step in found[0][0]]
    assert goals == ['reach the block'] * 5 + ['grasp it'] * 7


def test_every_picture(found, codec):
    for (steps, _), episode in zip(found, three_episodes(), strict=True):
        for key in LAYOUT.cameras:
            pictures = np.stack([step['observation'][key] for step in steps])
            ratio = noise_ratio(pictures, pictures_of(episode, key))
            assert ratio == float('inf') if codec == 'lossless' else ratio > 33.0
