"""The page of messages, services and actions: their files as they are."""

from __future__ import annotations

from pathlib import Path

import markup

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = {'msg': 'Messages', 'srv': 'Services', 'action': 'Actions'}


def message_page() -> str:
    """Return the page."""
    parts = ['Units are in brackets. Times are those of the clock that the nodes follow.']
    for family, heading in FAMILIES.items():
        parts.append(f'## {heading}')
        for file in sorted((ROOT / family).glob(f'*.{family}')):
            parts += [f'### {file.stem}', f'`groot_ros/{family}/{file.stem}`',
                      markup.code(file.read_text())]
    return markup.page('Messages', *parts)
