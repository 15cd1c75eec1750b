"""The page of reasons: what a node says for not moving, what it means, what to do."""

from __future__ import annotations

import re
from pathlib import Path

import markup

from groot_ros.diagnosis.remedies import remedy
from groot_ros.nodes.shared.status import REASONS

STATUS = Path(__file__).resolve().parents[2] / 'msg' / 'PolicyStatus.msg'
CONSTANT = re.compile(r'^uint8 ([A-Z_]+)=(\d+) *(?:# *(.*))?$', re.MULTILINE)


def reason_page() -> str:
    """Return the page."""
    constants = {name: (number, meaning) for name, number, meaning in
                 CONSTANT.findall(STATUS.read_text())}
    reasons = [each for each in REASONS if each != 'NONE']
    states = [each for each in constants if each not in REASONS]
    return markup.page(
        'Reasons',
        'Every status of a node ([`groot_ros/msg/PolicyStatus`](messages.md#policystatus)) has a '
        'state and a reason. `ros2 run groot_ros doctor` gives the same remedies, with the '
        'namespace of your robot; "above" means what it printed before. '
        '[Why does it not move?](../troubleshooting.md) says where to begin.',
        '## States',
        markup.table(['state', 'number', 'meaning'],
                       [[markup.literal(each), *constants[each]] for each in states]),
        '## What to do about a reason',
        *(f'### {each}\n\n{_entry(each, *constants[each])}' for each in reasons))


def _entry(reason: str, number: str, meaning: str) -> str:
    return f'Number {number}: {meaning}.\n\n**What to do:** {remedy(reason, "")}.'
