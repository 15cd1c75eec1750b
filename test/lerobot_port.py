"""The independent port of N1.7's action head: one module of the lerobot package (Apache-2.0)."""

import functools
import importlib
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

# Packages whose own __init__ files import far more than the head.
PACKAGES = ('lerobot', 'lerobot.utils', 'lerobot.policies', 'lerobot.policies.groot')


def is_here() -> bool:
    """Tell whether the package can be found, without importing it."""
    return importlib.util.find_spec('lerobot') is not None


@functools.cache
def import_port() -> types.ModuleType:
    """Import the port's module without its packages' own __init__ files.

    Raises:
        ModuleNotFoundError: If the package is missing.
    """
    found = importlib.util.find_spec('lerobot')
    if found is None or found.origin is None:
        raise ModuleNotFoundError('the package lerobot is missing: run scripts/test parity, or '
                                  'scripts/env --with parity')
    folder = Path(found.origin).parents[1]
    for name in PACKAGES:
        package = types.ModuleType(name)
        package.__path__ = [str(folder / name.replace('.', '/'))]
        sys.modules[name] = package
    constants: Any = types.ModuleType('lerobot.policies.groot.configuration_groot')
    constants.N1_7_DEFAULT_IMAGE_CROP_SIZE = (230, 230)
    constants.N1_7_DEFAULT_IMAGE_TARGET_SIZE = (256, 256)
    sys.modules[constants.__name__] = constants
    return importlib.import_module('lerobot.policies.groot.groot_n1_7')
