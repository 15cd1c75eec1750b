"""A robot that a person leads: what keeps it from following, one fact spoiled at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from healthy_graph import HEALTHY, ROBOT, end

from groot_ros.diagnosis import (
    Finding,
    GraphFacts,
    Heard,
    HeardJoy,
    Level,
    NodeFacts,
    NodeStatus,
    Topic,
    diagnose,
)
from groot_ros.diagnosis.gamepad import KIND as JOY
from groot_ros.diagnosis.outputs import KINDS
from groot_ros.diagnosis.teleoperation import CLUTCH, POSE

TARGET, ENGAGED = '/teleoperator/right/target_pose', '/teleoperator/engaged'
POSES, GAMEPAD = Heard(120, 60.0, 0.001, 0.002), HeardJoy(40, 20.0, 0.001, 0.002, buttons=11)
PARAMETERS = {
    'embodiment': 'unitree_g1', 'use_sim_time': False, 'input': 'pose', 'clutch_button': -1}
PERSON = NodeFacts(
    'teleoperator', 1, 'active', PARAMETERS, NodeStatus('RUNNING', 'NONE', '', 120.0))
COMMANDS = {
    f'/{output.topic}': Topic(
        (end('/teleoperator', KINDS[output.interface]),),
        (end('/driver', KINDS[output.interface]),)) for output in ROBOT.outputs}
DEVICES = {
    TARGET: Topic((end('/bridge', POSE),)), ENGAGED: Topic((end('/bridge', CLUTCH),)),
    '/teleoperator/right/pose': Topic((end('/teleoperator', POSE),)),
    '/joy': Topic((end('/joy_node', JOY),))}
LED = replace(
    HEALTHY, nodes=tuple(NodeFacts(each.name) for each in HEALTHY.nodes), others=(PERSON,),
    topics={**HEALTHY.topics, **COMMANDS, **DEVICES},
    heard={**HEALTHY.heard, TARGET: POSES, '/joy': GAMEPAD})


def person(reason: str = 'NONE', **parameters: Any) -> NodeFacts:
    state = 'RUNNING' if reason == 'NONE' else 'HOLDING'
    return replace(
        PERSON, parameters={**PARAMETERS, **parameters},
        status=NodeStatus(state, reason, 'as it said'))


def led_by(node: NodeFacts, **changed: Any) -> GraphFacts:
    return replace(LED, others=(node,), **changed)


def without(*names: str, **instead: Topic) -> dict[str, Topic]:
    kept = {name: topic for name, topic in LED.topics.items() if name not in names}
    return kept | {f'/{name}': topic for name, topic in instead.items()}


def hearing(topic: str, heard: Heard) -> dict[str, Heard]:
    return {**LED.heard, topic: heard}


def odd(facts: GraphFacts) -> list[Finding]:
    return [each for each in diagnose(facts, ROBOT) if each.level > Level.OK]


@pytest.mark.parametrize('parameters', [
    {}, {'clutch_button': 4}, {'input': 'joy'}, {'input': 'keyboard'}])
def test_nothing_is_wrong_with_a_robot_that_is_led(parameters: dict[str, Any]) -> None:
    findings = diagnose(led_by(person(**parameters)), ROBOT)
    assert all(each.level == Level.OK for each in findings)
    subjects = [each.subject for each in findings]
    assert {'clutch', 'teleoperator'} <= set(subjects)
    assert 'planner' not in subjects


FAULTS: dict[str, tuple[GraphFacts, str, str]] = {
    'no keyboard': (
        led_by(person(input='keyboard'), topics=without(ENGAGED)), 'clutch',
        'run ros2 run groot_ros teleoperate_keyboard'),
    'no clutch of the bridge': (
        led_by(PERSON, topics=without(ENGAGED)), 'clutch', "let the device's bridge report"),
    'no gamepad': (
        led_by(person(input='joy'), topics=without('/joy')), 'clutch',
        'nobody publishes /joy'),
    'a gamepad that fell silent': (
        led_by(person(input='joy'), heard=hearing('/joy', HeardJoy(1, 0.5, 0.0, 0.0, 11))),
        'clutch', '/joy: 0.5 Hz, and a silence of 0.5 s counts as a release'),
    'a gamepad that repeats nothing': (
        led_by(person(input='joy'), heard=hearing('/joy', HeardJoy())),
        'clutch', 'autorepeat_rate:=20.0'),
    'a gamepad without the button': (
        led_by(person(clutch_button=12)), 'clutch',
        '/joy has 11 buttons, the one with index 12'),
    'nobody sends poses': (
        led_by(PERSON, topics=without(TARGET)), 'device', f'nobody publishes {TARGET}; no other'),
    'poses under another name': (
        led_by(PERSON, topics=without(TARGET, **{
            'vision/right/target_pose': Topic((end('/bridge', POSE),))})),
        'device', 'did you mean /vision/right/target_pose?'),
    'poses of another type': (
        led_by(PERSON, topics={**LED.topics, TARGET: Topic((end('/bridge', 'a/msg/Pose'),))}),
        'device', f'has type a/msg/Pose (from /bridge), wanted {POSE}'),
    'no pose comes': (
        led_by(PERSON, heard=hearing(TARGET, Heard())), 'device',
        f'{TARGET}: nothing comes, although /bridge publishes it'),
    'old poses': (
        led_by(PERSON, heard=hearing(TARGET, Heard(9, 60.0, 0.4, 0.5))), 'device',
        'even the newest stamp was 0.40 s old on arrival, 0.25 s are allowed'),
    'a complaint': (
        led_by(person('OUT_OF_REACH')), 'teleoperator', 'lead the hand back'),
    'not active': (
        led_by(replace(PERSON, lifecycle='inactive')), 'teleoperator',
        'ros2 lifecycle set /teleoperator activate'),
    'a stop': (
        led_by(person('EMERGENCY_STOP')), 'teleoperator', '/teleoperator/reset_emergency_stop'),
}


@pytest.mark.parametrize('name', FAULTS)
def test_a_fault_is_named_once_and_alone(name: str) -> None:
    facts, subject, words = FAULTS[name]
    finding, = odd(facts)
    assert (finding.subject, finding.level) == (subject, Level.ERROR)
    assert words in f'{finding.found} {finding.remedy}'


def test_who_drives_beside_the_policy_is_named_first() -> None:
    both = replace(HEALTHY, others=(person('COMMANDED_ELSEWHERE'),), topics=LED.topics,
                   heard=LED.heard)
    first, second = odd(both)
    assert '/controller and /teleoperator both command the robot' in first.found
    assert second.subject == 'teleoperator'


def test_a_released_clutch_comes_before_a_device_that_is_silent_because_of_it() -> None:
    facts = led_by(person('DEADMAN_RELEASED'), heard=hearing(TARGET, Heard()))
    assert [each.subject for each in odd(facts)] == ['teleoperator', 'device']


def test_a_clutch_that_nobody_reports_comes_before_its_release() -> None:
    facts = led_by(person('DEADMAN_RELEASED'), topics=without(ENGAGED))
    assert [each.subject for each in odd(facts)] == ['clutch', 'teleoperator']


def test_a_person_needs_no_camera() -> None:
    camera = ROBOT.cameras[0].topic
    finding, = odd(led_by(PERSON, topics=without(f'/{camera}')))
    assert finding.level == Level.WARN


def test_one_hand_may_be_left_alone() -> None:
    left = TARGET.replace('right', 'left')
    facts = led_by(PERSON, topics={**LED.topics, left: Topic((end('/bridge', POSE),))},
                   heard=hearing(left, Heard()))
    assert not odd(facts)
