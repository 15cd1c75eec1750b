"""The view that ships is one that RViz reads whole; a planted fault is found."""

import copy
from pathlib import Path

import pytest
import yaml
from rviz_files import faults, topics

FILE = Path(__file__).parents[3] / 'config/rviz/humanoid.rviz'


@pytest.fixture
def view():
    return copy.deepcopy(yaml.safe_load(FILE.read_text()))


def display(view, name):
    return next(each for each in view['Visualization Manager']['Displays']
                if each['Name'] == name)


def test_the_view_that_ships_has_no_fault(view):
    assert faults(view) == []
    assert 'visualizer/markers' in [name for name, *_ in topics(view)]


def test_every_topic_is_relative_so_that_a_namespace_works(view):
    assert [name for name, *_ in topics(view) if name.startswith('/')] == []


@pytest.mark.parametrize(('plant', 'words'), [
    (lambda view: view.pop('Panels'), 'section Panels'),
    (lambda view: view['Panels'][0].pop('Name'), 'has no Name'),
    (lambda view: display(view, 'Robot').update({'Class': 'rviz/RobotModel'}), 'is unknown'),
    (lambda view: display(view, 'Robot').update({'Robot Description': 'x'}), 'is not read'),
    (lambda view: display(view, 'Robot')['Description Topic'].update(
        {'Durability Policy': 'Volatile'}), 'no robot'),
    (lambda view: display(view, 'Head camera')['Topic'].update(
        {'Reliability Policy': 'Best-Effort'}), 'is no Reliability Policy'),
    (lambda view: display(view, 'Head camera').update({'Name': 'Robot'}), 'two displays'),
    (lambda view: display(view, 'Frames').update({'Value': True}), 'differ'),
    (lambda view: view['Visualization Manager']['Global Options'].pop('Fixed Frame'),
     'no Fixed Frame'),
    (lambda view: view['Visualization Manager']['Views']['Current'].update({'Class': 'Orbit'}),
     'view class Orbit'),
])
def test_a_planted_fault_is_found(view, plant, words):
    plant(view)
    assert any(words in fault for fault in faults(view)), faults(view)
