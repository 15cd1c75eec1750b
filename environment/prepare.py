"""Set up what scripts/setup.bash asks for and print the shell lines that switch it on."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor

import ros
import shell
import workspace
from extras import EXTRAS, descriptions, packages
from layers import SetupError
from python_packages import installer


def shell_lines(extras: list[str], build: bool) -> list[str]:
    """Make everything ready and return the `export` lines."""
    installer().ready()
    with ThreadPoolExecutor() as pool:    # the compiler works while packages are fetched
        package = pool.submit(workspace.linked_package().ready) if build else None
        runtime = ros.runtime().ready()
        groups = [shell.runtime_paths(runtime)]
        groups += [shell.extra_paths(packages(name).ready()) for name in extras]
        if package:
            groups.append(shell.package_paths(package.result()))
    constants = shell.runtime_constants(runtime)
    if 'test' in extras:
        constants['GROOT_ROS_DESCRIPTIONS'] = str(descriptions().ready())
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
