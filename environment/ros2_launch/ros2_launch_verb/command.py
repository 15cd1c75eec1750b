"""The `ros2 launch` command, with the arguments of the one that Ubuntu's packages bring."""

from __future__ import annotations

import argparse
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchDescription, LaunchService
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import AnyLaunchDescriptionSource
from ros2cli.command import CommandExtension


class LaunchError(ValueError):
    """A launch file or an argument that cannot be used."""


class LaunchCommand(CommandExtension):
    """Run a launch file."""

    def add_arguments(self, parser: argparse.ArgumentParser, cli_name: str) -> None:
        """Declare the arguments."""
        parser.add_argument('-s', '--show-args', '--show-arguments', action='store_true',
                            help='show the arguments of the launch file')
        parser.add_argument('-d', '--debug', action='store_true', help="launch's own debug log")
        parser.add_argument('--noninteractive', action='store_true',
                            help='do not expect a terminal')
        parser.add_argument('package_name', help='package, or path of a launch file')
        parser.add_argument('launch_arguments', nargs='*', metavar='FILE_OR_ARGUMENT',
                            help='launch file of the package, then arguments as name:=value')

    def main(self, *, parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
        """Run or describe the launch file and return the exit code."""
        try:
            path, rest = find_launch_file(args.package_name, args.launch_arguments)
            arguments = parse_arguments(rest)
        except (LaunchError, PackageNotFoundError) as error:
            parser.error(str(error))
        if args.show_args:
            print(describe_arguments(path))
            return 0
        service = LaunchService(argv=rest, noninteractive=args.noninteractive, debug=args.debug)
        service.include_launch_description(LaunchDescription([
            IncludeLaunchDescription(AnyLaunchDescriptionSource(str(path)),
                                     launch_arguments=arguments)]))
        return service.run()


def find_launch_file(package: str, rest: list[str]) -> tuple[Path, list[str]]:
    """Return the launch file and the arguments that follow it.

    Raises:
        LaunchError: If there is no such file.
    """
    if Path(package).is_file():
        return Path(package), rest
    if not rest:
        raise LaunchError(f'{package} is no file: give a package and one of its launch files')
    share = Path(get_package_share_directory(package))
    # Links count: an installed launch folder may point into a source tree.
    found = [file for file in [*share.glob('launch/**/*'), *share.glob('*')]
             if file.name == rest[0] and file.is_file()]
    if not found:
        there = sorted(file.name for file in share.glob('launch/*launch*'))
        raise LaunchError(f'{rest[0]} is no launch file of {package}; there are: {there}')
    return found[0], rest[1:]


def parse_arguments(texts: list[str]) -> list[tuple[str, str]]:
    """Split `name:=value` texts.

    Raises:
        LaunchError: If one is not of that form.
    """
    pairs = [text.partition(':=') for text in texts]
    wrong = [text for text, (name, sign, _) in zip(texts, pairs, strict=True)
             if not (name and sign)]
    if wrong:
        raise LaunchError(f'launch arguments have the form name:=value, got {wrong}')
    return [(name, value) for name, _, value in pairs]


def describe_arguments(path: Path) -> str:
    """Return the arguments that a launch file declares, with description and default."""
    description = AnyLaunchDescriptionSource(str(path)).get_launch_description(
        LaunchService().context)
    lines = ["Arguments (pass arguments as '<name>:=<value>'):"]
    for argument in description.get_launch_arguments():
        lines += ['', *_describe(argument)]
    return '\n'.join(lines if len(lines) > 1 else [*lines, '', '  No arguments.'])


def _describe(argument: DeclareLaunchArgument) -> list[str]:
    lines = [f"    '{argument.name}':", f'        {argument.description}']
    if argument.default_value is not None:
        default = ' + '.join(part.describe() for part in argument.default_value)
        lines.append(f'        (default: {default})')
    return lines
