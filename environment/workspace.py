"""Build the package with colcon once per content and link the result to this checkout.

The build is keyed by what is compiled: messages, CMake files, package.xml. Python modules,
launch and configuration files are then linked from the checkout, as `colcon build
--symlink-install` would, so that an edit is seen at once and a second checkout needs no build.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path

from layers import Layer, SetupError, content_key, say
from python_packages import INTERPRETER, run
from ros import SYSTEM_PREFIX, build_tools, is_system_ros

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGE = 'groot_ros'
SHARED_FOLDERS = ('launch', 'config', 'models')
COMPILED = ('CMakeLists.txt', 'package.xml', 'resource/*', 'msg/*.msg', 'srv/*.srv',
            'action/*.action')


def compiled_package() -> Layer:
    """Return the layer with the package as colcon built it."""
    files = [file for pattern in COMPILED for file in CHECKOUT.glob(pattern)]
    under = str(SYSTEM_PREFIX) if is_system_ros() else build_tools().key
    key = content_key([*files, Path(__file__)], under, INTERPRETER)
    return Layer('package', key, _build_package)


def linked_package() -> Layer:
    """Return the layer with the built package, its Python and data linked to this checkout."""
    children = [f'{folder}/{child.name}' for folder in (PACKAGE, 'executables', *SHARED_FOLDERS)
                for child in sorted((CHECKOUT / folder).glob('[!_.]*'))]
    key = content_key([Path(__file__)], compiled_package().key, str(CHECKOUT), *children)
    return Layer('checkout', key, _link_package)


def _build_package(part: Path, final: Path) -> None:
    _check_compilers()
    say('package: colcon build (messages and package, 20-40 s)')
    build = part / 'build'
    run(['bash', '-c', _build_environment() + 'exec "$@"', 'build', 'colcon',
         '--log-base', build / 'log', 'build', '--base-paths', CHECKOUT,
         '--packages-select', PACKAGE, '--build-base', build / 'build',
         '--install-base', build / 'install', '--cmake-args', '-DBUILD_TESTING=OFF',
         '-DCMAKE_BUILD_TYPE=Release'], part / 'log',
        # Else colcon lets make wait for an idle machine: on a busy one it hardly moves.
        MAKEFLAGS=f'-j{os.cpu_count()}')
    (build / 'install' / PACKAGE).rename(part / PACKAGE)
    shutil.rmtree(build)


def _build_environment() -> str:
    """Return shell lines that show colcon its tools and nothing else of ROS."""
    if is_system_ros():
        return f'source {SYSTEM_PREFIX}/setup.bash; '
    venv = build_tools().ready() / 'venv'
    return (f'unset PYTHONPATH AMENT_CURRENT_PREFIX COLCON_PREFIX_PATH; '
            f'export PATH="{venv}/bin:$PATH" LD_LIBRARY_PATH="{venv}/lib" '
            f'AMENT_PREFIX_PATH="{venv}" CMAKE_PREFIX_PATH="{venv}"; ')


def _check_compilers() -> None:
    needed = {'cmake': 'cmake', 'cc': 'build-essential', 'c++': 'build-essential',
              'make': 'build-essential'}
    if is_system_ros():
        needed['colcon'] = 'python3-colcon-common-extensions'
    missing = [name for name in needed if not shutil.which(name)]
    if missing:
        packages = ' '.join(sorted({needed[name] for name in missing}))
        raise SetupError(
            f'{", ".join(missing)}: not found, and messages must be compiled. '
            f'On Debian or Ubuntu: sudo apt install {packages}')
    header = Path(sysconfig.get_path('include'), 'Python.h')
    if not header.is_file():
        raise SetupError(f'{header}: not found, and messages are compiled against it. '
                         'On Debian or Ubuntu: sudo apt install python3.12-dev')


def _link_package(part: Path, final: Path) -> None:
    shutil.copytree(compiled_package().ready() / PACKAGE, part / PACKAGE, symlinks=True)
    prefix = part / PACKAGE
    (modules,) = prefix.glob(f'lib/python3*/site-packages/{PACKAGE}')
    _link_children(CHECKOUT / PACKAGE, modules)
    _link_children(CHECKOUT / 'executables', prefix / 'lib' / PACKAGE)
    for folder in SHARED_FOLDERS:
        _link(CHECKOUT / folder, prefix / 'share' / PACKAGE / folder)


def _link_children(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for child in source.iterdir():
        if child.name != '__pycache__' and not child.name.startswith('.'):
            _link(child, target / child.name)


def _link(source: Path, target: Path) -> None:
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    elif os.path.lexists(target):
        target.unlink()
    if source.exists():
        target.symlink_to(source)
