"""The Foxglove layout that ships shows what the package publishes; a planted fault is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from foxglove_layouts import Layout, faults
from sensor_msgs.msg import CompressedImage, Image

from groot_ros.embodiment import known_embodiments, load_embodiment
from groot_ros.msg import PolicyStatus
from groot_ros.nodes.recorder.topics import recorded_topics
from groot_ros.nodes.viewer.node import viewed_name, viewed_topics
from groot_ros.nodes.visualizer.drawing import FLOOR_FRAME

FILE = Path(__file__).parents[2] / 'config/foxglove/humanoid.json'
ROBOT = load_embodiment('unitree_g1')
LIVE = {viewed_name(each.name): each.kind for each in viewed_topics(ROBOT)}
RECORDED = {
    viewed_name(each.name) + '/compressed' * (each.kind is Image):
    CompressedImage if each.kind is Image else each.kind for each in recorded_topics(ROBOT)}


@pytest.fixture
def layout() -> Layout:
    return json.loads(FILE.read_text())


def panel(layout: Layout, name: str) -> dict[str, Any]:
    return layout['configById'][name]


def test_the_layout_that_ships_has_no_fault(layout: Layout) -> None:
    assert faults(layout, LIVE, RECORDED) == []


def test_it_fits_every_robot_but_for_joints_and_the_recorded_camera(layout: Layout) -> None:
    for tag in known_embodiments():
        live = {viewed_name(each.name): each.kind for each in viewed_topics(load_embodiment(tag))}
        assert faults(layout, live, RECORDED) == []


def test_the_view_stands_in_the_frame_that_every_robot_has(layout: Layout) -> None:
    assert panel(layout, '3D!live')['followTf'] == FLOOR_FRAME


def test_every_state_of_the_controller_has_its_name(layout: Layout) -> None:
    rules = panel(layout, 'Indicator!state')['rules']
    assert [getattr(PolicyStatus, rule['label']) for rule in rules] == list(range(6))
    assert [int(rule['rawValue']) for rule in rules] == list(range(6))


def test_joints_are_those_of_the_humanoid(layout: Layout) -> None:
    for line in panel(layout, 'Plot!joints')['paths']:
        index = list(ROBOT.joint_names).index(line['label'])
        assert line['value'] == f'/{ROBOT.joint_state_topic}.position[{index}]'


@pytest.mark.parametrize(('plant', 'words'), [
    (lambda layout: layout['configById'].pop('Plot!times'), 'no settings'),
    (lambda layout: panel(layout, 'Tab!view')['tabs'].pop(), 'shown 0 times'),
    (lambda layout: layout['configById'].update({'RosOut!log': {}}), 'no panel RosOut'),
    (lambda layout: panel(layout, 'Plot!times').update(legend='left'), 'key legend is not read'),
    (lambda layout: panel(layout, '3D!live')['scene'].pop('meshUpAxis'), 'on their side'),
    (lambda layout: panel(layout, '3D!live')['topics'].update({'/markers': {}}),
     '/markers brings no MarkerArray'),
    (lambda layout: panel(layout, '3D!recording')['topics'].update({'/visualizer/markers': {}}),
     'brings no MarkerArray'),
    (lambda layout: panel(layout, 'Image!overlay').update(cameraTopic='/joint_states'),
     'brings no images'),
    (lambda layout: panel(layout, 'Image!camera')['imageMode'].update(
        imageTopic='/camera/head/image_raw'), 'brings no images'),
    (lambda layout: panel(layout, 'Indicator!state').update(path='/control/status.state'),
     'no topic /control/status'),
    (lambda layout: panel(layout, 'Indicator!state').update(path='/controller/status.text'),
     'is string'),
    (lambda layout: panel(layout, 'RawMessages!reason').update(topicPath='/controller/status'),
     'no path of a field'),
    (lambda layout: panel(layout, 'Plot!joints')['paths'][0].update(
        value='/joint_states.name[3]'), 'is string'),
    (lambda layout: panel(layout, 'Plot!joints')['paths'][0].update(
        value='/joint_states.angle[3]'), 'nothing, no array'),
])
def test_a_planted_fault_is_found(
    layout: Layout, plant: Callable[[Layout], object], words: str
) -> None:
    plant(layout)
    assert any(words in fault for fault in faults(layout, LIVE, RECORDED)), faults(
        layout, LIVE, RECORDED)
