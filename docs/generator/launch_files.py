"""The page of launch files: what `ros2 launch groot_ros FILE --show-args` says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import markup
from launch import LaunchService, Substitution
from launch.actions import DeclareLaunchArgument
from launch.launch_description_sources import AnyLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, TextSubstitution
from launch_ros.substitutions import FindPackageShare

ROOT = Path(__file__).resolve().parents[2]
ADDED_CHOICES = re.compile(r' Valid choices are: .*$')
"""What launch appends to a description; choices have a column here."""


def launch_page() -> str:
    """Return the page."""
    parts = ['`ros2 launch groot_ros FILE name:=value ...`. An argument without a default must be '
             'given. Defaults that follow something else are written as in XML launch files.']
    for file in sorted((ROOT / 'launch').glob('*.launch.py')):
        parts += [f'## {file.name}', ast.get_docstring(ast.parse(file.read_text())) or '',
                  markup.table(['argument', 'default', 'choices', 'what it is'],
                               [_row(each) for each in _arguments(file)])]
    return markup.page('Launch files', *parts)


def _arguments(file: Path) -> list[DeclareLaunchArgument]:
    """Return the arguments of a file and of those that it includes, but those that it sets."""
    description = AnyLaunchDescriptionSource(str(file)).get_launch_description(
        LaunchService().context)
    found = description.get_launch_arguments_with_include_launch_description_actions()
    return [
        argument for argument, includes in found
        if argument.name not in [name for each in includes or [] for name, _ in
                                 each.launch_arguments]]


def _row(argument: DeclareLaunchArgument) -> list[str]:
    default = '' if argument.default_value is None else \
        markup.literal(_words(argument.default_value) or "''")
    choices = ', '.join(map(markup.literal, argument.choices or []))
    return [markup.literal(argument.name), default, choices,
            ADDED_CHOICES.sub('', argument.description)]


def _words(parts: Iterable[Substitution]) -> str:
    return ''.join(map(_word, parts))


def _word(part: Substitution) -> str:
    """Return a substitution as XML launch files have it."""
    match part:
        case TextSubstitution():
            return part.text
        case LaunchConfiguration():
            return f'$(var {_words(part.variable_name)})'
        case FindPackageShare():
            return f'$(find-pkg-share {_words(part.package)})'
        case PathJoinSubstitution():
            return '/'.join(map(_words, part.substitutions))
    raise ValueError(f'{part.describe()}: say in docs/generator how this default is written')
