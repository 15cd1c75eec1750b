"""Let a checkpoint predict from recorded observations what was commanded, and measure the error.

Nothing moves: every observation is the recorded one, whatever the checkpoint would have done.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from math import inf
from pathlib import Path

from groot_ros.data.datasets.command_errors import run_command
from groot_ros.data.datasets.episode import Episode
from groot_ros.evaluation.open_loop import report
from groot_ros.evaluation.open_loop.errors import OpenLoopErrors
from groot_ros.evaluation.open_loop.prediction import (
    OpenLoopError,
    Predictions,
    Timing,
    predict_episode,
)
from groot_ros.evaluation.open_loop.recorded import (
    RecordedData,
    RecordedEpisodes,
    known_robot,
)
from groot_ros.model.finding import find_checkpoint
from groot_ros.model.fingerprint import fingerprint
from groot_ros.model.policy import DTYPES, RUNTIMES
from groot_ros.model.processor import load_processor
from groot_ros.serving.checkpoint_policy import load_policy
from groot_ros.terminal import watched


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line as values."""
    parser = argparse.ArgumentParser(prog='open_loop', description=__doc__)
    parser.add_argument('--checkpoint', required=True,
                        help='folder, name of a shipped policy, or owner/name on the Hugging '
                             'Face hub')
    parser.add_argument('--data', type=Path, required=True, help='folder of a bag or a dataset')
    parser.add_argument('--embodiment',
                        help='robot, as its file is called, or a tag of the checkpoint; what the '
                             'data says if absent')
    parser.add_argument('--episodes', type=_positive, help='only the first ones')
    parser.add_argument('--every', type=_positive, default=8, metavar='K',
                        help='ask at every K-th frame')
    parser.add_argument('--fps', type=_rate,
                        help='frames per second that a bag is cut into; one per action of the '
                             'checkpoint if absent')
    parser.add_argument('--first-row', type=int, choices=(0, 1), default=1,
                        help='row 0 is due this many action periods after the observation: 1 as '
                             'the controller plays it, 0 as GR00T trains it')
    parser.add_argument('--instruction', help='said to the policy in place of the recorded one')
    parser.add_argument('--json', type=Path, help='where to write all figures')
    parser.add_argument('--plots', type=Path, help='folder for pictures; needs matplotlib')
    _add_model_arguments(parser)
    return parser.parse_args(arguments)


def _add_model_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--runtime', choices=RUNTIMES, default='auto')
    parser.add_argument('--dtype', choices=DTYPES, default='auto',
                        help='number format of the torch runtime')
    parser.add_argument('--tokenizer', type=Path,
                        help='a tokenizer.json, or its folder, for a released checkpoint without '
                             'one')
    parser.add_argument('--allow-untrained', action='store_true',
                        help='take an embodiment that the checkpoint was never trained for')
    parser.add_argument('--threads', type=_positive, default=1, help='CPU threads of the model')
    parser.add_argument('--seed', type=int, default=0,
                        help='of the noise of denoising; the same at the start of each episode')


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate; returns the exit code."""
    options = parse_arguments(arguments)
    return run_command('open_loop', lambda: _evaluate(options), (ValueError, OSError))


def _evaluate(options: argparse.Namespace) -> int:
    checkpoint = find_checkpoint(options.checkpoint)
    data = RecordedData.find(options.data)
    robot = options.embodiment or data.robot
    if not robot:
        raise OpenLoopError(f'{data.path} does not say which robot it is of: give --embodiment')
    known = known_robot(robot)
    tag = known.model.embodiment_tag if known else robot
    processor = load_processor(checkpoint, tag, allow_untrained=options.allow_untrained)
    fps = data.frame_rate(options.fps, processor.action_period)
    timing = Timing(processor.action_period or 1.0 / fps, processor.action_horizon,
                    options.first_row)
    policy = load_policy(
        str(checkpoint), tag, runtime=options.runtime, dtype=options.dtype,
        threads=options.threads, allow_untrained=options.allow_untrained,
        tokenizer=options.tokenizer, seed=options.seed)
    recorded = data.read(robot, fps)
    predictions = [predict_episode(policy, episode, timing, options.every)
                   for episode in _chosen(recorded, options.episodes, options.instruction)]
    for span in recorded.skipped:
        print(f'in no episode: {span}')
    errors = OpenLoopErrors.of(predictions, timing)
    print(report.text(errors))
    if options.json:
        report.write_json(options.json, report.as_json(errors, predictions, {
            'checkpoint': str(checkpoint), 'fingerprint': fingerprint(checkpoint),
            'embodiment': tag, 'data': str(data.path), 'fps': fps, 'every': options.every,
            'first_row': options.first_row, 'action_period_s': timing.period,
            'seed': options.seed, 'instruction': options.instruction,
            'in_no_episode': recorded.skipped}))
    if options.plots:
        _draw(errors, predictions, timing, options.plots)
    return 0


def _chosen(recorded: RecordedEpisodes, most: int | None,
            instruction: str | None) -> Iterator[Episode]:
    """Yield the episodes to evaluate behind a progress bar, told something else if asked."""
    for episode in watched(
            islice(recorded.episodes, most), 'episodes', min(recorded.total, most or inf)):
        if instruction:
            words = replace(episode.annotation, instruction=instruction)
            episode = replace(episode, annotation=words)
        yield episode


def _draw(errors: OpenLoopErrors, predictions: Sequence[Predictions], timing: Timing,
          folder: Path) -> None:
    if importlib.util.find_spec('matplotlib') is None:
        print('no pictures: matplotlib is not installed; `pip install matplotlib` adds it')
        return
    from groot_ros.evaluation.open_loop.plots import draw
    files = draw(errors, predictions, timing, folder)
    print(f'{len(files)} pictures in {folder}')


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'expected a whole number from 1 on, got {text}')
    return value


def _rate(text: str) -> float:
    value = float(text)
    if not 0.0 < value < inf:
        raise argparse.ArgumentTypeError(f'expected a number above 0 [Hz], got {text}')
    return value


if __name__ == '__main__':
    sys.exit(main())
