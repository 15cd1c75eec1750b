"""Convert bags that were spoiled at random: nothing hangs, and no dataset is wrong.

    scripts/env --with test --with data python benchmarks/fuzz_bags.py [--number 2000] [--seed 0]
        [--format gr00t]

Each bag is either refused, with one line that says why, or becomes a dataset whose every frame
is compared with what the bag really holds (`bag_truth.py`). Of a bag whose file is damaged, what
`repair_bag` saves is converted and judged as well. `--case N` runs one case and says all.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.append(str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[1] / 'test'))
from bag_mutations import MESSAGES, Spoiling
from bag_truth import Sample, Truth, judge, read_truth
from file_mutations import BYTES, TEXT, write_plain
from made_bags import CAMERA_HZ, Maker
from measuring import describe_load, write_results
from written_datasets import read_dataset

from groot_ros.data.bags import repair_command
from groot_ros.data.datasets import convert_command
from groot_ros.data.datasets.writing import FORMATS
from groot_ros.evaluation.report import format_table

SECONDS = 1.2
MAX_GAP_S = 0.06
MEMORY = 2 * 2**30
"""What a conversion may allocate beside what this program has [bytes]."""
PATIENCE_S = 120.0
BAD = ('crashed', 'hung', 'wrong')
OUTCOMES = ('refused', 'converted', 'converted in part', *BAD)
Spoil = Callable[[Path, np.random.Generator], bool]
"""Writes a spoiled bag; returns whether its files are damaged."""


class Found(NamedTuple):
    """How a case ended.

    Attributes:
        outcome: One of OUTCOMES.
        said: What the command said, or what is wrong.
    """

    outcome: str
    said: str


class Fuzzer:
    """Makes spoiled bags and converts them.

    Args:
        folder: For everything that is written.
        seed: Of all chance.
        format: Of the datasets.
    """

    def __init__(self, folder: Path, seed: int, format: str) -> None:
        self._folder, self._seed, self._format = folder, seed, format
        self._maker = Maker(folder / 'types')
        self._entries = self._maker.recording(SECONDS)
        os.environ['AMENT_PREFIX_PATH'] = str(self._maker.prefix)
        self._maker.write(folder / 'packed/bag', self._entries)
        write_plain(self._maker, folder / 'plain/bag', self._entries)
        self.ways: list[tuple[str, Spoil]] = [
            *((f'messages: {way.__name__}', self._of_messages(way)) for way in MESSAGES),
            *((f'{kind} file: {way.__name__}', self._of_file(kind, 'bag.mcap', way))
              for kind in ('packed', 'plain') for way in BYTES),
            *((f'{name}: {way.__name__}', self._of_file('packed', name, way))
              for name in ('metadata.yaml', 'facts.yaml') for way in TEXT)]

    def way(self, case: int) -> str:
        """Return in what way a case spoils its bag."""
        return self.ways[case % len(self.ways)][0]

    def run(self, case: int) -> Found:
        """Spoil a bag, convert it, judge what comes out."""
        place = self._folder / f'case_{case}'
        place.mkdir()
        spoil = self.ways[case % len(self.ways)][1]
        is_damaged = spoil(place / 'bag', np.random.default_rng([self._seed, case]))
        found = self._convert(place / 'bag', place / 'dataset', is_damaged)
        if is_damaged and found.outcome == 'refused':
            code, _, complaint = _call(repair_command.main, [str(place / 'bag')])
            if code == 0:
                again = self._convert(place / 'bag_repaired', place / 'second', is_damaged)
                found = again if again.outcome in BAD else found
            elif complaint.count('\n') != 1 or not complaint.startswith('repair_bag: '):
                return Found('crashed', complaint)
        return found

    def _convert(self, bag: Path, dataset: Path, is_damaged: bool) -> Found:
        code, told, complaint = _call(convert_command.main, [
            str(bag), '--output', str(dataset), '--format', self._format, '--json',
            '--fps', str(CAMERA_HZ), '--max-gap-s', str(MAX_GAP_S), '--min-episode-s', '0.3'])
        if code == 2 and complaint.startswith('bag_to_dataset: ') and complaint.count('\n') == 1:
            return Found('refused', complaint)
        if code != 0:
            return Found('crashed', f'exit code {code}: {complaint}')
        summary = json.loads(told)
        report = [*summary['bags'][str(bag)]['skipped'],
                  *summary['bags'][str(bag)]['passed_over']]
        if not summary['episodes']:
            return Found('converted in part', json.dumps(report)) if report else Found(
                'wrong', 'no episode, and no word of why')
        files = sorted(bag.glob('*.mcap'))
        truth = read_truth(self._maker, files, self._entries if is_damaged else ())
        wrong, frames = judge(
            read_dataset(dataset, self._format), truth, CAMERA_HZ, MAX_GAP_S)
        if wrong:
            return Found('wrong', wrong)
        if not report and frames < expected_frames(read_truth(self._maker, files)):
            return Found('wrong', f'only {frames} frames, and no word of what is missing')
        return Found('converted in part' if report else 'converted', json.dumps(report))

    def _of_messages(self, way: Callable[[Spoiling], None]) -> Spoil:
        def spoil(bag: Path, random: np.random.Generator) -> bool:
            spoiling = Spoiling(random, self._maker, list(self._entries))
            way(spoiling)
            write_plain(self._maker, bag, spoiling.entries)
            return False

        return spoil

    def _of_file(self, kind: str, name: str,
                 way: Callable[[bytearray, np.random.Generator], None]) -> Spoil:
        def spoil(bag: Path, random: np.random.Generator) -> bool:
            shutil.copytree(self._folder / kind / 'bag', bag)
            content = bytearray((bag / name).read_bytes())
            way(content, random)
            (bag / name).write_bytes(content)
            return True

        return spoil


def expected_frames(truth: Truth) -> int:
    """Return how many frames a bag must give that loses nothing.

    They reach from its first picture to its last joint state; if its clock went back there are
    two such spans, and only the pictures are counted.
    """
    if not truth.pictures or not truth.joints:
        return 0  # the file itself is damaged: a more patient reader may get more out of it
    if all(map(goes_back, (*truth.pictures.values(), *truth.joints.values()))):
        return min(len({each.stamp for each in camera}) for camera in truth.pictures.values())
    first = min(each.stamp for camera in truth.pictures.values() for each in camera)
    last = max(each.stamp for joint in truth.joints.values() for each in joint)
    return (last - first) * CAMERA_HZ // 10**9 + 1


def goes_back(samples: Sequence[Sample]) -> bool:
    """Return whether stamps go back by more than a gap may last."""
    return any(later.stamp < earlier.stamp - MAX_GAP_S * 10**9
               for earlier, later in pairwise(samples))


def run_apart(fuzzer: Fuzzer, case: int) -> Found:
    """Run a case in a process of its own, which may neither hang nor take all memory."""
    context = multiprocessing.get_context('fork')
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run_and_send, args=(fuzzer, case, sender))
    process.start()
    sender.close()
    try:
        if not receiver.poll(PATIENCE_S):
            return Found('hung', f'no end after {PATIENCE_S:g} s')
        return receiver.recv()
    except EOFError:
        process.join()
        return Found('crashed', f'the process ended with {process.exitcode}')
    finally:
        process.kill()
        process.join()


def _run_and_send(fuzzer: Fuzzer, case: int, sender: Connection) -> None:
    held = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
    try:
        found = fuzzer.run(case)
    except BaseException:  # a traceback is a failure, whatever it is of
        found = Found('crashed', traceback.format_exc())
    sender.send(found)


def _call(command: Callable[[list[str]], int], arguments: list[str]) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of a command."""
    told, complaint = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(complaint):
        code = command(arguments)
    return code, told.getvalue(), complaint.getvalue()


def main() -> int:
    """Spoil, convert, judge; print a table and every failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--number', type=int, default=2000)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--first', type=int, default=0, help='number of the first case')
    parser.add_argument('--format', choices=FORMATS, default='gr00t', help='of the datasets')
    parser.add_argument('--case', type=int, help='run only this one and say all')
    parser.add_argument('--json', type=Path, help='write the results there')
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fuzzer = Fuzzer(Path(folder), given.seed, given.format)
        if given.case is not None:
            print(fuzzer.way(given.case), *fuzzer.run(given.case), sep='\n')
            return 0
        begin = time.monotonic()
        counts: Counter[tuple[str, str]] = Counter()
        with contextlib.suppress(KeyboardInterrupt):  # what was done by then is reported
            for case in range(given.first, given.first + given.number):
                found = run_apart(fuzzer, case)
                counts[fuzzer.way(case), found.outcome] += 1
                if found.outcome in BAD:
                    print(f'case {case}, {fuzzer.way(case)}: {found.outcome}: {found.said}',
                          flush=True)
                shutil.rmtree(Path(folder) / f'case_{case}', ignore_errors=True)
        print(f'{counts.total()} bags from case {given.first} on, seed {given.seed}, to '
              f'{given.format}, {time.monotonic() - begin:.0f} s, {describe_load()}')
        print(table(counts, [name for name, _ in fuzzer.ways]))
        write_results(given.json, {
            name: str(value) for name, value in vars(given).items()}, [
            {'way': way, 'outcome': outcome, 'bags': count}
            for (way, outcome), count in counts.items()])
    return 1 if any(outcome in BAD for _, outcome in counts) else 0


def table(counts: Counter[tuple[str, str]], ways: Sequence[str]) -> str:
    """Return how many cases of each way ended how."""
    rows = [[way, *(counts[way, outcome] for outcome in OUTCOMES)] for way in ways]
    rows.append(['all', *(sum(column) for column in list(zip(*rows, strict=True))[1:])])
    return format_table(['spoiled', *OUTCOMES], [list(map(str, row)) for row in rows])


if __name__ == '__main__':
    sys.exit(main())
