"""Set up what scripts/setup.bash asks for and print the shell lines that switch it on."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import ros
import shell
import workspace
from layers import Layer, SetupError, content_key
from python_packages import INTERPRETER, install_folder, lock_file

# Lock files of each optional set of packages.
EXTRAS = {'test': ['test'], 'training': ['training', 'weights']}


def extra(name: str) -> Layer:
    """Return the layer with the optional packages `name`, installed beside the runtime."""
    runtime = ros.runtime()
    key = content_key(map(lock_file, EXTRAS[name]), runtime.key, INTERPRETER)

    def build(part: Path, final: Path) -> None:
        install_folder(part / 'packages', EXTRAS[name],
                       runtime.ready() / 'venv/bin/python')

    return Layer(name, key, build)


def shell_lines(extras: list[str], build: bool) -> list[str]:
    """Make everything ready and return the `export` lines."""
    runtime = ros.runtime().ready()
    constants = shell.runtime_constants(runtime)
    constants['MUJOCO_GL'] = os.environ.get('MUJOCO_GL') or shell.renderer()
    groups = [shell.runtime_paths(runtime)]
    groups += [shell.extra_paths(extra(name).ready()) for name in extras]
    if build:
        groups.append(shell.package_paths(workspace.linked_package().ready()))
    return shell.export_lines(constants, groups)


def main() -> int:
    """Print the shell lines, or say on standard error what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--with', dest='extras', action='append', default=[], choices=EXTRAS)
    parser.add_argument('--no-build', action='store_true', help='leave the package unbuilt')
    arguments = parser.parse_args()
    try:
        print('\n'.join(shell_lines(arguments.extras, not arguments.no_build)))
    except SetupError as error:
        print(f'Set-up failed: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('Set-up interrupted; the next run goes on from here.', file=sys.stderr)
        return 130
    return 0


if __name__ == '__main__':
    sys.exit(main())
