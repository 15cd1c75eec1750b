"""What holds for the package as a whole: its versions and which room imports what."""

import ast
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / 'groot_ros'
ROS = {'rclpy', 'launch', 'launch_ros', 'ament_index_python', 'sensor_msgs', 'std_msgs'}
WITHOUT_TORCH = [
    'groot_ros.control', 'groot_ros.data', 'groot_ros.diagnosis', 'groot_ros.embodiment',
    'groot_ros.evaluation',
    'groot_ros.model', 'groot_ros.model.policy', 'groot_ros.model.processor',
    'groot_ros.observation', 'groot_ros.serving', 'groot_ros.simulation']
MAY_IMPORT_TORCH = re.compile(
    r'model/(torch_\w+|groot|checkpoint|weight_files|export|system[12]/\w+)\.py|training/.*')


def imports(file: Path) -> Iterator[str]:
    """Yield the top-level name of everything that a file imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split('.')[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split('.')[0]


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob('*.py'))


def name(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


def test_the_version_is_the_same_everywhere():
    manifest = ElementTree.parse(ROOT / 'package.xml').findtext('version')
    setup = re.search(r"version='([^']+)'", (ROOT / 'setup.py').read_text())
    newest = re.search(r'^(\d+\.\d+\.\d+) \(', (ROOT / 'CHANGELOG.rst').read_text(), re.M)
    cited = yaml.safe_load((ROOT / 'CITATION.cff').read_text())['version']
    assert setup is not None
    assert newest is not None
    assert manifest == setup[1] == newest[1] == cited


def test_rosdoc2_finds_the_site():
    named = ElementTree.parse(ROOT / 'package.xml').findtext('export/rosdoc2')
    kind, config = yaml.safe_load_all((ROOT / named).read_text())
    assert kind == {'type': 'rosdoc2 config', 'version': 1}
    (builder,) = config['builders']
    assert (ROOT / builder['sphinx']['sphinx_sourcedir'] / 'conf.py').is_file()
    # rosdoc2 writes an index.rst, which only a file of the same name replaces.
    assert (ROOT / builder['sphinx']['sphinx_sourcedir'] / 'index.rst').is_file()


@pytest.mark.parametrize('file', sorted(ROOT.glob('*.md')), ids=lambda file: file.name)
def test_links_of_a_document_lead_somewhere(file):
    linked = re.findall(r'\]\(([^)#\s]+)', file.read_text())
    assert [each for each in linked if '://' not in each and not (ROOT / each).exists()] == []


@pytest.mark.parametrize('file', modules(), ids=name)
def test_only_nodes_import_ros(file):
    if not name(file).startswith('nodes/'):
        assert not ROS & set(imports(file))


@pytest.mark.parametrize('file', modules(), ids=name)
def test_only_the_model_and_its_training_import_torch(file):
    if not MAY_IMPORT_TORCH.fullmatch(name(file)):
        assert 'torch' not in set(imports(file))


def test_what_runs_a_policy_starts_without_torch():
    code = f'import sys\nfor room in {WITHOUT_TORCH}: __import__(room)\n' \
        "sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr or 'something imported torch'


@pytest.mark.parametrize('file', modules(), ids=name)
def test_no_module_hides_a_generated_one(file):
    assert not name(file).startswith(('msg/', 'srv/', 'action/'))


def test_every_executable_can_be_started():
    for file in (ROOT / 'executables').iterdir():
        assert file.stat().st_mode & 0o111, f'{file.name} needs the execute bit'
        assert file.read_text().startswith('#!/usr/bin/env python3\n')


def test_every_python_dependency_of_a_node_is_declared():
    declared = {element.text for element in ElementTree.parse(ROOT / 'package.xml').iter()
                if element.tag.endswith('depend')}
    used = {module for file in modules() for module in imports(file)
            if module.endswith(('_msgs', '_interfaces', '_srvs')) or module in ROS}
    assert used <= declared
