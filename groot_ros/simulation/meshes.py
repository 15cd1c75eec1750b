"""Meshes with few faces, made once and kept in the cache.

Software rendering is bound by vertices: the full meshes give 1.5 images per second, 600 faces
each give about 90.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

FACES = 600


def cache_folder() -> Path:
    """Return the folder for files that can be made again: GROOT_ROS_CACHE or ~/.cache."""
    return Path(os.environ.get('GROOT_ROS_CACHE') or Path.home() / '.cache' / 'groot_ros')


def decimated_meshes(source: Path, faces: int = FACES) -> Path:
    """Return a folder with every STL of `source`, reduced to at most `faces` faces each.

    The folder is named after the content, built aside and renamed, so that an interrupted or a
    second process leaves no half of it.
    """
    files = sorted(path for path in source.iterdir() if path.suffix.lower() == '.stl')
    digest = hashlib.sha256(str(faces).encode())
    for path in files:
        digest.update(path.name.encode() + path.read_bytes())
    folder = cache_folder() / 'simulation' / digest.hexdigest()[:16]
    if not folder.is_dir():
        _build(files, folder, faces)
    return folder


def _build(files: list[Path], folder: Path, faces: int) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix='.meshes-') as aside:
        for path in files:
            _decimate(path, Path(aside) / path.name, faces)
        Path(aside).chmod(0o755)
        try:
            Path(aside).rename(folder)
        except OSError:
            # Another process was faster: its folder holds the same content.
            if not folder.is_dir():
                raise
        else:
            Path(aside).mkdir()


def _decimate(source: Path, target: Path, faces: int) -> None:
    # Only the process that fills the cache needs the mesh packages.
    import trimesh

    mesh = trimesh.load_mesh(source)
    if len(mesh.faces) > faces:
        mesh = mesh.simplify_quadric_decimation(face_count=faces)
    mesh.export(target)
