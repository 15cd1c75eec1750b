"""Where a checkpoint is: in a folder, among the shipped policies, or on the Hugging Face hub."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

HUB_ID = re.compile(r'[\w-][\w.-]*/[\w-][\w.-]*')


class CheckpointNotFoundError(ValueError):
    """A checkpoint that is in none of the places."""


def from_hub(repository: str) -> Path:
    """Return the folder of a hub repository, from the local cache where it is.

    Raises:
        ImportError: If huggingface_hub is not installed.
        OSError: If it can't be fetched.
    """
    from huggingface_hub import snapshot_download
    return Path(snapshot_download(repository))


def find_checkpoint(name: str, download: Callable[[str], Path] = from_hub) -> Path:
    """Return a checkpoint's folder from its path, the name of a shipped policy or a hub id.

    Args:
        name: Looked for in this order; a hub id is owner/name.
        download: From a hub id to the folder of its files.

    Raises:
        CheckpointNotFoundError: If there is none, naming the places.
    """
    source = Path(__file__).resolve().parents[2] / 'models'
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    installed = [Path(prefix, 'share', 'groot_ros', 'models') for prefix in prefixes if prefix]
    roots = (source, *installed)
    for folder in (Path(name), *(root / name for root in roots)):
        if (folder / 'config.json').is_file():
            return folder
    shipped = sorted({file.parent.name for root in roots for file in root.glob('*/config.json')})
    missing = (f'checkpoint {name!r} is neither a folder with a config.json, nor one of the '
               f'shipped policies ({", ".join(shipped) or "none"}), nor ')
    if not HUB_ID.fullmatch(name) or Path(name).exists():
        raise CheckpointNotFoundError(f'{missing}the owner/name of a hub repository')
    try:
        return download(name)
    except ImportError:
        raise CheckpointNotFoundError(
            f'{missing}can it be fetched from the hub: pip install huggingface_hub, or download '
            'it and give its folder') from None
    except (OSError, ValueError) as error:
        reason = str(error).strip().split('\n', maxsplit=1)[0]
        raise CheckpointNotFoundError(
            f'{missing}can it be fetched from the hub ({reason}): download it and give its '
            'folder') from error
