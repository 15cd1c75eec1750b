"""`ros2 run groot_ros repair_bag`: save what a cut-off or damaged recording holds."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from groot_ros.data.bags.errors import BagError
from groot_ros.data.bags.message_types import MessageTypes
from groot_ros.data.bags.repairing import repair
from groot_ros.terminal import opened


def main(arguments: Sequence[str] | None = None) -> int:
    """Repair one bag; returns the exit code."""
    parser = argparse.ArgumentParser(prog='repair_bag', description=__doc__)
    parser.add_argument('bag', type=Path, help='folder of the recording; it stays as it is')
    parser.add_argument(
        '--output', type=Path, help='folder of the new bag; BAG_repaired if absent')
    parser.add_argument('--json', action='store_true', help='print JSON instead of lines')
    given = parser.parse_args(arguments)
    target = given.output or given.bag.with_name(f'{given.bag.name}_repaired')
    try:
        saved, left_out = repair(
            given.bag, target, MessageTypes(), partial(opened, description='bytes'))
    except (BagError, OSError) as error:
        print(f'repair_bag: {error}', file=sys.stderr)
        return 1
    if given.json:
        print(json.dumps(
            {'bag': str(target), 'saved': saved, 'left_out': dict(left_out)}, indent=2))
        return 0
    print(f'{target}: {saved} messages saved')
    for topic, count in left_out.items():
        print(f'{count} messages of {topic} left out: they cannot be decoded', file=sys.stderr)
    return 0
