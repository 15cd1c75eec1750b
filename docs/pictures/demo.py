"""Make demo.png and demo.webp again: the shipped policy, filmed by the demo.

    scripts/env python docs/pictures/demo.py [--film FILM] [--real-time-factor X]

Runs `scripts/demo` with the sentence of the README, unless its film is given.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / 'docs' / 'images'
INSTRUCTION = 'grab the crimson cube and drop it into the yellow container'
EPISODES = 2
FRAMES_PER_S, FILM_PER_S = 10, 20
SIZE = (480, 360)
QUALITY = 55
STILL = 0.76
"""Where in the first episode the still is taken, as a share of it."""


def film(path: Path, factor: float) -> None:
    """Film the demo at `factor` simulated seconds per second."""
    subprocess.run(
        [ROOT / 'scripts' / 'demo', '--instruction', INSTRUCTION, '--episodes', str(EPISODES),
         '--real-time-factor', str(factor), '--video', path], check=True)


def write_still(pictures: NDArray[np.uint8], path: Path) -> None:
    """Write one picture of the first episode."""
    Image.fromarray(pictures[int(STILL * len(pictures) / EPISODES)]).save(path, optimize=True)


def write_animation(pictures: NDArray[np.uint8], path: Path) -> None:
    """Write every picture that is shown, smaller."""
    shown = pictures[::FILM_PER_S // FRAMES_PER_S]
    first, *rest = (Image.fromarray(each).resize(SIZE, Image.Resampling.LANCZOS)
                    for each in shown)
    first.save(path, save_all=True, append_images=rest, duration=1000 // FRAMES_PER_S, loop=0,
               quality=QUALITY, method=4)


def main() -> None:
    """Film and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--film', type=Path, help='film that scripts/demo wrote')
    parser.add_argument('--real-time-factor', type=float, default=1.0,
                        help='simulated seconds per second: less on a busy machine')
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = given.film or Path(folder, 'demo.mp4')
        if given.film is None:
            film(path, given.real_time_factor)
        pictures = imageio.imread(path)
    write_still(pictures, IMAGES / 'demo.png')
    write_animation(pictures, IMAGES / 'demo.webp')
    for name in ('demo.png', 'demo.webp'):
        print(f'{IMAGES / name}: {(IMAGES / name).stat().st_size / 1e6:.2f} MB')


if __name__ == '__main__':
    main()
