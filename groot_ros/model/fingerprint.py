"""The identity of a checkpoint, carried by every message that came from it."""

from __future__ import annotations

import hashlib
from pathlib import Path

IDENTIFYING_FILES = ('config.json', 'model.safetensors', 'processor_config.json',
                     'statistics.json', 'embodiment_id.json', 'tokenizer.json')


def fingerprint(checkpoint: Path) -> str:
    """Return 16 hex digits that change with any file the model's output depends on."""
    digest = hashlib.sha256()
    for name in IDENTIFYING_FILES:
        path = checkpoint / name
        if path.is_file():
            digest.update(name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
