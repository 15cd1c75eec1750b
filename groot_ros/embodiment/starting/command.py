"""`ros2 run groot_ros new_embodiment`: begin the YAML file of a robot from its URDF.

What the URDF says is written down; what it does not say, and no option says, is marked in the
file and listed. A file that has everything is checked as at the start of a node.

Exit code 0: written and checked. 1: written, with values to fill in. 2: nothing is written.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from groot_ros.embodiment.errors import OPEN, EmbodimentError
from groot_ros.embodiment.loading import load_embodiment
from groot_ros.embodiment.starting.draft import Draft, Wishes, draft
from groot_ros.embodiment.starting.urdf import read_tree
from groot_ros.embodiment.starting.writing import embodiment_text

UNFINISHED, REFUSED = 1, 2
TOPIC = re.compile(r'[A-Za-z~][\w/]*')


def main(arguments: Sequence[str] | None = None) -> int:
    """Write one file; returns the exit code."""
    given = _parser().parse_args(arguments)
    try:
        begun = begin(given.urdf, given.output, Wishes(
            given.only, dict(given.group), [tuple(camera) for camera in given.camera],
            {topic: groups for groups, topic in given.controller}, given.acceleration,
            given.velocity, given.home))
    except (EmbodimentError, OSError) as error:
        print(f'new_embodiment: {error}', file=sys.stderr)
        return REFUSED
    if given.json:
        print(json.dumps({'file': str(given.output), 'groups': begun.groups,
                          'left_out': begun.left_out, 'open': begun.open}, indent=2))
    else:
        print(describe(begun, given.output))
    return UNFINISHED if begun.open else 0


def begin(urdf: Path, output: Path, wishes: Wishes) -> Draft:
    """Write the first embodiment file of a robot; returns what is in it.

    Raises:
        EmbodimentError: If URDF or wishes are wrong, or what was made would not load.
        OSError: If the file is there already, or cannot be written.
    """
    if output.suffix not in ('.yaml', '.yml'):
        raise EmbodimentError('', 'must be called as the robot, with .yaml', str(output))
    made = draft(read_tree(urdf), wishes)
    description = Path(os.path.relpath(urdf.resolve(), output.resolve().parent)).as_posix()
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open('x', encoding='utf-8') as file:
        file.write(embodiment_text(made, output.stem, description))
    if not made.open:
        try:
            load_embodiment(output)
        except EmbodimentError:
            output.unlink()
            raise
    return made


def describe(begun: Draft, output: Path) -> str:
    """Return what was written, left out and is still open."""
    lines = [f'{output}: {len(begun.joints)} joints']
    lines += [f'  {group}: {", ".join(members)}' for group, members in begun.groups.items()]
    if begun.left_out:
        lines += ['not in it:', *(
            f'  {why}: {", ".join(joints)}' for why, joints in begun.left_out.items())]
    if not begun.open:
        return '\n'.join([*lines, 'complete, and checked against the URDF'])
    lines.append(f'to fill in ({OPEN} in the file):')
    return '\n'.join([*lines, *(f'  {key}' for key in begun.open)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='new_embodiment', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='PATTERN is a shell pattern of joint names; of several that fit the last counts. '
               'VALUE alone is for all joints.')
    add = parser.add_argument
    add('urdf', type=Path, metavar='URDF', help="the robot's description")
    add('--output', type=Path, required=True, metavar='ROBOT.yaml',
        help='new file; its name is that of the robot')
    add('--only', nargs='+', default=[], metavar='GROUP',
        help='groups that the policy commands; all if absent, but legs and wheels never unasked')
    add('--group', action='append', default=[], type=_group, metavar='GROUP=PATTERN',
        help='joints whose names do not tell what they belong to')
    for name, unit in (('acceleration', 'rad/s^2'), ('velocity', 'rad/s'), ('home', 'rad')):
        add(f'--{name}', action='append', default=[], type=_value, metavar='[PATTERN=]VALUE',
            help=f'of joints [{unit}], [m] for sliding ones')
    add('--camera', nargs=3, action='append', default=[], metavar=('NAME', 'TOPIC', 'FRAME'),
        help='its image topic, with /compressed for JPEG, and its optical frame')
    add('--controller', action='append', default=[], type=_controller,
        metavar='GROUP[,GROUP]=TOPIC', help='which groups go to which controller, for example '
        'left_arm=left_arm_controller/joint_trajectory')
    add('--json', action='store_true', help='print JSON instead of lines')
    return parser


def _group(text: str) -> tuple[str, str]:
    """Return a pattern and its group."""
    group, _, pattern = text.partition('=')
    if not (re.fullmatch(r'\w+', group) and pattern):
        raise argparse.ArgumentTypeError(f'expected GROUP=PATTERN, got {text!r}')
    return pattern, group


def _value(text: str) -> tuple[str, float]:
    pattern, _, number = text.rpartition('=')
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f'expected VALUE or PATTERN=VALUE, got {text!r}')
    return pattern or '*', value


def _controller(text: str) -> tuple[list[str], str]:
    groups, _, topic = text.partition('=')
    if not (groups and TOPIC.fullmatch(topic)):
        raise argparse.ArgumentTypeError(
            f'expected GROUP[,GROUP]=TOPIC with a relative topic, got {text!r}')
    return groups.split(','), topic
