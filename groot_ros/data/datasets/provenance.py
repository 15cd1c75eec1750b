"""Where an episode comes from: kept beside the episodes, whatever the format."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from groot_ros.data.datasets.episode import Annotation
from groot_ros.data.datasets.stamps import exact_seconds

PROVENANCE_FILE = 'meta/provenance.jsonl'
"""One record per episode; no reader of a format looks at it."""
UNKNOWN = 'unknown'


def hash_bag(bag: Path) -> str:
    """Return the SHA-256 of each file that holds messages, as `name:hash`, joined by commas."""
    files = sorted(each for each in bag.iterdir() if each.suffix in ('.mcap', '.db3', '.zstd'))
    return ','.join(f'{file.name}:{_hash(file)}' for file in files)


def bag_provenance(
        bag: Path, facts: Mapping[str, str], robot: str, overrides: Mapping[str, str]
) -> dict[str, str]:
    """Return what is known of a bag; what nobody noted is 'unknown', never left out.

    Args:
        bag: The bag.
        facts: Its facts.
        robot: Tag of the embodiment that it was read as.
        overrides: Said by hand, before the facts: 'operator', 'licence', 'success', ...
    """
    checkpoint = facts.get('checkpoint_fingerprint', '')
    known = {
        'bag': bag.name, 'bag_sha256': hash_bag(bag), 'robot': robot,
        'source': f'checkpoint {checkpoint}' if checkpoint else facts.get(
            'teleoperation_device', ''),
        **{name: facts.get(name, '') for name in (
            'checkpoint', 'operator', 'licence', 'success', 'machine', 'software')},
        'recorded': facts.get('recorder_started', '')}
    given = {name: value for name, value in overrides.items() if value}
    return {name: value or UNKNOWN for name, value in (known | given).items()}


def episode_provenance(start: int, frames: int, annotation: Annotation) -> dict[str, str]:
    """Return which part of a bag an episode is, and what was said of it.

    Args:
        start: Time of its first frame [ns].
        frames: How many it has.
        annotation: Its language.
    """
    return {
        'start_s': exact_seconds(start), 'frames': str(frames),
        'instruction': annotation.instruction,
        'sub_goals': '; '.join(f'{goal.start_s:g}-{goal.end_s:g} {goal.text}'
                               for goal in annotation.sub_goals),
        'tags': ', '.join(annotation.tags)}


def _hash(file: Path) -> str:
    with file.open('rb') as opened:
        return hashlib.file_digest(opened, 'sha256').hexdigest()
