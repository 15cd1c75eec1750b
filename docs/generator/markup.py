"""Markdown that GitHub and MyST render alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

WRITTEN = '<!-- Written by `scripts/docs reference`: change the code, not this page. -->\n'


def page(title: str, *parts: str) -> str:
    """Return a whole page: a title and its parts, with an empty line between two of them."""
    return '\n'.join([f'# {title}\n', WRITTEN, *(f'{part.rstrip()}\n' for part in parts)])


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells may hold Markdown, but no line ends."""
    lines = [header, ['---'] * len(header), *rows]
    return ''.join(f'| {" | ".join(_cell(each) for each in line)} |\n' for line in lines)


def code(text: str) -> str:
    """Return text as it is, in a block of its own."""
    return f'```text\n{text.rstrip()}\n```\n'


def literal(text: str) -> str:
    """Return a short text in the font of code."""
    return f'`{text}`'


def _cell(text: str) -> str:
    return text.replace('|', '\\|')
