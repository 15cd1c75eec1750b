"""From bags to a dataset: interrupted anywhere, gone on with, and never over something else."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest
from made_bags import CAMERAS, JOINTS, START_NS, TOLD, Maker

from groot_ros.data.datasets import convert_command

ROOT = Path(__file__).resolve().parents[4]
COMMAND = ('import sys; from groot_ros.data.datasets.convert_command import main; '
           'sys.exit(main(sys.argv[1:]))')
KILLS = 4


@pytest.fixture(scope='module')
def maker(tmp_path_factory):
    return Maker(tmp_path_factory.mktemp('types'))


@pytest.fixture(scope='module')
def bags(maker, tmp_path_factory):
    """Return three bags, the second of which has another instruction midway."""
    folder = tmp_path_factory.mktemp('bags')
    second = maker.recording(4.0)
    second.append(maker.instruction(START_NS + 2 * 10**9, 'let it go', 2))
    recordings = [maker.recording(2.0), sorted(second, key=lambda each: each.stamp_ns),
                  maker.recording(3.0)]
    return [maker.write(folder / name, entries, {'embodiment': 'so101', 'operator': name})
            for name, entries in zip('abc', recordings, strict=True)]


def convert(bags, folder, *options):
    return convert_command.main([*map(str, bags), '--output', str(folder), '--format', 'gr00t',
                                 '--relative', 'single_arm', *options])


def contents(folder):
    return {str(file.relative_to(folder)): file.read_bytes()
            for file in folder.rglob('*') if file.is_file() and file.suffix != '.mp4'}


def assert_equal(folder, whole):
    """Compare all numbers and texts by their bytes, and what the videos show.

    Of such small pictures libx264 does not always make the same bytes, with one thread too.
    """
    assert contents(folder) == contents(whole)
    videos = sorted(file.relative_to(whole) for file in whole.rglob('*.mp4'))
    assert videos == sorted(file.relative_to(folder) for file in folder.rglob('*.mp4'))
    for video in videos:
        np.testing.assert_allclose(pictures(folder / video), pictures(whole / video), atol=4)


def pictures(file):
    with av.open(str(file)) as container:
        return [frame.to_ndarray(format='gray') for frame in container.decode(video=0)]


@pytest.fixture(scope='module')
def whole(bags, tmp_path_factory):
    """Return the dataset of an uninterrupted run."""
    folder = tmp_path_factory.mktemp('whole') / 'd'
    assert convert(bags, folder) == 0
    return folder


def test_a_run_that_is_killed_goes_on_to_the_same_dataset(bags, whole, tmp_path):
    folder, rng = tmp_path / 'd', random.Random(0)
    killed = 0
    while killed < KILLS:
        process = subprocess.Popen(
            [sys.executable, '-c', COMMAND, *map(str, bags), '--output', str(folder),
             '--format', 'gr00t', '--relative', 'single_arm'], cwd=ROOT,
            stdout=subprocess.DEVNULL)
        await_files(folder, 1 + rng.randrange(3 * (killed + 1)), process)
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed += 1
    assert killed
    assert convert(bags, folder) == 0
    assert_equal(folder, whole)


def await_files(folder, count, process):
    """Wait until a folder holds some files, or the process has ended."""
    while process.poll() is None:
        if sum(file.is_file() for file in folder.rglob('*')) >= count:
            return
        time.sleep(0.002)


@pytest.mark.parametrize('lines', [0, 1, 2, 3])
def test_whatever_was_written_of_an_episode_is_written_again(bags, whole, tmp_path, lines):
    """As if the run had ended just before the line of an episode."""
    folder = tmp_path / 'd'
    assert convert(bags, folder) == 0
    file = folder / 'meta/episodes.jsonl'
    kept = file.read_text().split('\n')[:lines]
    file.write_text('\n'.join(kept))
    left = folder / f'videos/chunk-000/observation.images.front/episode_{lines:06d}.mp4'
    left.write_bytes(left.read_bytes()[:100])
    (folder / 'data/chunk-000/episode_000009.parquet.part').write_bytes(b'half')
    assert convert(bags, folder) == 0
    assert_equal(folder, whole)


def test_a_finished_dataset_is_kept_and_new_bags_are_added(bags, whole, tmp_path, capsys):
    folder = tmp_path / 'd'
    assert convert(bags[:2], folder) == 0
    before = (folder / 'data/chunk-000/episode_000000.parquet').stat().st_mtime_ns
    capsys.readouterr()
    assert convert(bags, folder, '--json') == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary['episodes'], summary['kept']) == (4, 3)
    assert (folder / 'data/chunk-000/episode_000000.parquet').stat().st_mtime_ns == before
    assert_equal(folder, whole)


@pytest.mark.parametrize(('options', 'said'), [
    (['--fps', '10'], 'was begun with layout.fps 20.0, now it is 10.0'),
    (['--codec', 'av1'], 'was begun with options.codec h264, now it is av1'),
    (['--match', 'hold'], 'episode 0 of .* has conversion'),
    (['--licence', 'MIT'], 'episode 0 of .* has licence'),
    (['--instruction', 'put the red block into the bowl!'], 'episode 0 of .* has instruction')])
def test_nothing_is_written_over_another_dataset(bags, whole, options, said, capfd):
    before = contents(whole)
    code = convert(bags, whole, *options)
    assert code == 2
    assert re.search(said, capfd.readouterr().err)
    assert contents(whole) == before


def test_a_run_that_is_killed_as_it_begins_goes_on(bags, whole, tmp_path):
    folder = tmp_path / 'd'
    (folder / 'meta').mkdir(parents=True)
    (folder / 'meta/conversion.part').write_text('{"format":')
    assert convert(bags, folder) == 0
    assert_equal(folder, whole)


@pytest.mark.parametrize('option', [
    ('--relative', 'tail'), ('--action-horizon', '0'),
    ('--format', 'rlds', '--relative', 'single_arm')])
def test_a_mistyped_option_begins_nothing(bags, tmp_path, option):
    with suppress(SystemExit):
        assert convert_command.main(
            [str(bags[0]), '--output', str(tmp_path / 'd'), '--format', 'gr00t', *option]) == 2
    assert not (tmp_path / 'd').exists()


def test_nothing_is_written_into_a_folder_of_something_else(bags, tmp_path, capfd):
    (tmp_path / 'd').mkdir()
    (tmp_path / 'd/thesis.tex').write_text('x')
    assert convert(bags, tmp_path / 'd') == 2
    assert 'was not begun by bag_to_dataset' in capfd.readouterr().err
    assert os.listdir(tmp_path / 'd') == ['thesis.tex']


def test_bags_in_another_order_or_fewer_are_refused(bags, whole, capfd):
    before = contents(whole)
    assert convert(bags[::-1], whole) == 2
    assert convert(bags[:1], whole) == 2
    assert 'holds 3 more episodes than these bags give' in capfd.readouterr().err
    assert contents(whole) == before


def test_a_bag_that_cannot_be_used_is_named_and_the_others_are_converted(
        maker, bags, tmp_path, capsys):
    (tmp_path / 'empty').mkdir()
    other = maker.write(tmp_path / 'small', [
        maker.picture(next(iter(CAMERAS)), each.stamp_ns - 2_000_000, 9, (16, 16))
        if each.topic == CAMERAS[next(iter(CAMERAS))] else each
        for each in maker.recording(2.0)])
    code = convert([bags[0], tmp_path / 'empty', other], tmp_path / 'd', '--json')
    summary = json.loads(capsys.readouterr().out)
    assert code == 1
    assert summary['episodes'] == 1
    assert 'is no bag' in summary['refused'][str(tmp_path / 'empty')]
    assert 'its cameras.front is [16, 16], that of the first bag [48, 32]' in (
        summary['refused'][str(other)])


def test_the_robot_is_the_one_that_the_bag_names(maker, bags, tmp_path, capfd):
    nameless = maker.write(tmp_path / 'nameless', maker.recording(2.0), {})
    assert convert([nameless], tmp_path / 'd') == 2
    assert 'does not say which robot it is of: give --embodiment' in capfd.readouterr().err
    assert convert([nameless], tmp_path / 'd', '--embodiment', 'so101') == 0


def test_gaps_are_told(maker, tmp_path, capsys):
    entries = [each for each in maker.recording(4.0) if each.topic != JOINTS
               or not 1.5 <= (each.stamp_ns - START_NS) * 1e-9 < 2.5]
    assert convert([maker.write(tmp_path / 'gap', entries)], tmp_path / 'd') == 0
    said = capsys.readouterr().out
    assert '2 episodes' in said
    assert '1.60 s to      2.40 s skipped: /joint_states: no message' in said


def test_language_comes_from_a_table(maker, tmp_path):
    entries = [each for each in maker.recording(4.0) if each.topic != TOLD]
    bag = maker.write(tmp_path / 'silent', entries)
    table = tmp_path / 'told.csv'
    table.write_text('bag,start_s,end_s,instruction,sub_goals,tags\n'
                     'silent,0,2,reach,0.2-1 lift,fast\nsilent,2,,hold,,\n')
    assert convert([bag], tmp_path / 'd', '--annotations', str(table), '--tag', 'home') == 0
    tasks = [json.loads(line)['task']
             for line in (tmp_path / 'd/meta/tasks.jsonl').read_text().split('\n')]
    assert tasks == ['reach', 'lift', '', 'fast, home', 'hold', 'home']
