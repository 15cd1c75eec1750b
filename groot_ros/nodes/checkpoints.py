"""Where the shipped policies are."""

import os
from pathlib import Path


class CheckpointNotFoundError(ValueError):
    """A checkpoint that is neither a folder nor shipped."""


def find_checkpoint(name_or_folder: str) -> Path:
    """Return a checkpoint's folder from its path or the name of a shipped policy.

    Raises:
        CheckpointNotFoundError: If there is none.
    """
    source = Path(__file__).resolve().parents[2] / 'models'
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    installed = [Path(prefix, 'share', 'groot_ros', 'models') for prefix in prefixes if prefix]
    for folder in (Path(name_or_folder), *(f / name_or_folder for f in (source, *installed))):
        if (folder / 'config.json').is_file():
            return folder
    shipped = sorted({f.parent.name for root in (source, *installed)
                      for f in root.glob('*/config.json')})
    raise CheckpointNotFoundError(
        f'checkpoint {name_or_folder!r} is neither a folder with a config.json nor one of the '
        f'shipped policies ({", ".join(shipped) or "none"})')
