"""Write the reference of docs/ from the code: `scripts/docs reference [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path

from commands import CommandError, command_page
from launch_files import launch_page
from meanings import MeaningError
from messages import message_page
from nodes import NODES, node_pages
from reasons import reason_page

REFERENCE = Path(__file__).resolve().parents[1] / 'reference'


def main() -> int:
    """Write every page; returns the exit code."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else REFERENCE
    try:
        pages = node_pages() | {
            'messages.md': message_page(), 'launch_files.md': launch_page(),
            'commands.md': command_page(NODES), 'reasons.md': reason_page()}
    except (MeaningError, CommandError) as error:
        print(f'reference: {error}', file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (folder / name).write_text(text)
    return 0


if __name__ == '__main__':
    sys.exit(main())
