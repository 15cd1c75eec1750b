"""Recorder, visualizer and viewer: the robot moves without them, and they are looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from healthy_graph import HEALTHY, ROBOT, end

from groot_ros.diagnosis import (
    Finding,
    GraphFacts,
    Level,
    NodeFacts,
    Recording,
    Topic,
    diagnose,
)

WRITING = Recording(True, 'recordings/episode_000003', 4000, 0, 40 * 10**9)
TIME = {'use_sim_time': False}
WATCHERS = (
    NodeFacts('recorder', 1, 'active', TIME, recording=WRITING),
    NodeFacts('visualizer', 1, 'active', TIME),
    NodeFacts('viewer', 1, 'active', TIME | {'host': '127.0.0.1', 'port': 8765}))
WATCHED = replace(
    HEALTHY, others=WATCHERS, topics={
        **HEALTHY.topics, '/robot_description': Topic((end('/driver', 'x', latched=True),)),
        '/visualizer/markers': Topic((end('/visualizer', 'x'),))})


def with_watcher(name: str, **changed: Any) -> GraphFacts:
    return replace(WATCHED, others=tuple(
        replace(each, **changed) if each.name == name else each for each in WATCHERS))


def recording(**changed: Any) -> GraphFacts:
    return with_watcher('recorder', recording=replace(WRITING, **changed))


def odd(facts: GraphFacts) -> list[Finding]:
    return [each for each in diagnose(facts, ROBOT) if each.level > Level.OK]


def test_it_is_well_that_nobody_looks() -> None:
    found = {each.subject: each for each in diagnose(WATCHED, ROBOT)}
    assert not odd(WATCHED)
    assert found['recorder'].found == (
        'writes recordings/episode_000003, 4000 messages, 40.0 GB free')
    assert found['visualizer'].found == '0 look at the markers'
    assert found['viewer'].found == 'serves on 127.0.0.1, port 8765'


FAULTS: dict[str, tuple[GraphFacts, str, str]] = {
    'a disk that is nearly full': (
        recording(free_bytes=10**8), 'recorder', '0.1 GB free where the episodes go'),
    'a disk that was full': (
        recording(under_way=False, problem='a/episode_000003 ended early: no space'), 'recorder',
        'repair_bag recordings/episode_000003'),
    'a slow disk': (
        recording(dropped=12), 'recorder', '12 messages were not written, 4000 were'),
    'a recorder that says nothing': (
        with_watcher('recorder', recording=None), 'recorder', '/recorder/status'),
    'two recorders': (with_watcher('recorder', instances=2), 'recorder', '2 nodes are called'),
    'a viewer that is not active': (
        with_watcher('viewer', lifecycle='unconfigured'), 'viewer',
        'ros2 lifecycle set /viewer configure'),
    'nothing to draw': (
        replace(WATCHED, topics=HEALTHY.topics), 'visualizer',
        'nobody publishes /robot_description'),
    'a view that gets nothing': (
        replace(WATCHED, topics={**WATCHED.topics, '/robot_description': Topic(
            (end('/driver', 'x'),), (end('/visualizer', 'x', latched=True),))}),
        'delivery', 'offered volatile, wanted transient local on /robot_description'),
}


@pytest.mark.parametrize('name', FAULTS)
def test_a_fault_is_named_and_called_odd_because_the_robot_moves(name: str) -> None:
    facts, subject, words = FAULTS[name]
    finding, = odd(facts)
    assert (finding.subject, finding.level) == (subject, Level.WARN)
    assert words in f'{finding.found} {finding.remedy}'


def test_a_recorder_that_waits_is_well() -> None:
    found = {each.subject: each.found for each in diagnose(recording(under_way=False), ROBOT)}
    assert found['recorder'] == 'waits for recorder/start, 40.0 GB free'
