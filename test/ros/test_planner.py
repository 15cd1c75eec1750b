"""The planner over real topics, with a small System 2."""

from collections.abc import Callable
from threading import Event, Timer
from typing import Any

import numpy as np
import pytest
from conftest import Graph
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from numpy.typing import NDArray
from rosgraph_msgs.msg import Clock
from small_system1 import make_processor
from std_msgs.msg import String

from groot_ros.model.policy import GoalTokens as Tokens
from groot_ros.msg import GoalTokens, Instruction, Observation, PolicyStatus
from groot_ros.nodes.messages.goal_tokens import read_tokens
from groot_ros.nodes.messages.observations import image_message
from groot_ros.nodes.planner.node import PlannerNode
from groot_ros.nodes.shared.qos import LATCHED, NEWEST
from groot_ros.nodes.shared.stamps import now, seconds, stamp_at
from groot_ros.srv import SetInstruction

PATIENCE_S = 60.0
CLEANING_S = 0.3


class SmallSystem2:
    """Tokens that tell the mean of the image and the length of the instruction."""

    fingerprint = 'small'

    def __init__(self, *_: Any) -> None:
        self.processor = make_processor()
        self.gate = Event()
        self.gate.set()
        self.busy = Event()

    def encode(self, images: dict[str, NDArray[np.uint8]], instruction: str) -> Tokens:
        self.busy.set()
        self.gate.wait(PATIENCE_S)
        seen = np.array([[images['ego_view'].mean(), len(instruction)]], np.float32)
        return Tokens(seen, np.ones(1, bool), np.zeros(1, bool))


def change_state(graph: Graph, transition: int) -> bool:
    return graph.call(ChangeState, 'planner/change_state', ChangeState.Request(
        transition=Transition(id=transition))).success


def make_observation(graph: Graph, brightness: int = 7, age: float = 0.0) -> Observation:
    image = np.full((6, 8, 3), brightness, np.uint8)
    observation = Observation(embodiment='unitree_g1', image_names=['ego_view'])
    observation.header.stamp = stamp_at(now(graph.peer) - age)
    observation.images = [image_message(image, observation.header)]
    return observation


@pytest.fixture
def system2() -> SmallSystem2:
    return SmallSystem2()


@pytest.fixture
def start(
    make_graph: Callable[..., Graph], system2: SmallSystem2, small_checkpoint: str
) -> Callable[..., Graph]:
    """Start a planner with the given parameters; unless a test is about it, nothing is stale."""
    def start_planner(**parameters: Any) -> Graph:
        patient = {'max_observation_age_s': 10.0}
        graph = make_graph(checkpoint=small_checkpoint, **patient | parameters)
        graph.start(PlannerNode(load=lambda *_, **__: system2))
        return graph
    return start_planner


def test_tokens_carry_what_they_come_from(start: Callable[..., Graph]) -> None:
    graph = start(instruction='"touch red"')
    tokens = graph.listen(GoalTokens, 'goal_tokens', NEWEST)
    announced = graph.listen(Instruction, 'current_instruction', LATCHED)
    observation = make_observation(graph)
    graph.speak(Observation, 'observation', NEWEST)(observation)
    graph.wait_until(lambda: tokens and announced, 'no goal tokens')
    message = tokens[0]
    assert message.header.stamp == observation.header.stamp
    assert (message.checkpoint, message.embodiment) == ('small', 'unitree_g1')
    assert message.instruction == 'touch red'
    assert (message.instruction_id, message.epoch) == (
        announced[-1].instruction_id, announced[-1].epoch)
    np.testing.assert_array_equal(read_tokens(message).features, [[7.0, 9.0]])


def test_a_new_instruction_is_planned_at_once_in_a_new_epoch(start: Callable[..., Graph]) -> None:
    graph = start(instruction='"touch red"')
    tokens = graph.listen(GoalTokens, 'goal_tokens', NEWEST)
    graph.speak(Observation, 'observation', NEWEST)(make_observation(graph))
    graph.wait_until(lambda: tokens, 'no goal tokens')
    answer = graph.call(
        SetInstruction, 'set_instruction', SetInstruction.Request(instruction='touch green'))
    graph.wait_until(lambda: len(tokens) == 2, 'the new instruction was not planned')
    assert tokens[1].instruction == 'touch green'
    assert tokens[1].epoch == answer.epoch > tokens[0].epoch
    assert tokens[1].instruction_id == answer.instruction_id == tokens[0].instruction_id + 1


def test_the_topic_and_the_parameter_instruct_too(start: Callable[..., Graph]) -> None:
    graph = start()
    announced = graph.listen(Instruction, 'current_instruction', LATCHED)
    graph.speak(String, 'instruction')(String(data='push blue left'))
    graph.wait_until(
        lambda: announced and announced[-1].text == 'push blue left', 'topic not taken')


def test_the_service_answers_while_system_2_thinks(
    start: Callable[..., Graph], system2: SmallSystem2
) -> None:
    graph = start(instruction='"touch red"')
    system2.gate.clear()
    graph.speak(Observation, 'observation', NEWEST)(make_observation(graph))
    graph.wait_until(system2.busy.is_set, 'the observation was not encoded')
    assert graph.call(
        SetInstruction, 'set_instruction', SetInstruction.Request(instruction='stop')).success
    tokens = graph.listen(GoalTokens, 'goal_tokens', NEWEST)
    system2.gate.set()
    graph.wait_until(lambda: tokens, 'no goal tokens in the end')


@pytest.mark.parametrize(('parameters', 'age', 'reason'), [
    ({}, 0.0, PolicyStatus.NO_INSTRUCTION),
    ({'instruction': 'go'}, 50.0, PolicyStatus.STALE_OBSERVATION),
])
def test_nothing_is_planned_without_instruction_or_on_old_images(
    start: Callable[..., Graph], parameters: dict[str, Any], age: float, reason: int
) -> None:
    graph = start(**parameters)
    tokens = graph.listen(GoalTokens, 'goal_tokens', NEWEST)
    status = graph.listen(PolicyStatus, 'planner/status', NEWEST)
    graph.speak(Observation, 'observation', NEWEST)(make_observation(graph, age=age))
    graph.wait_until(
        lambda: status and status[-1].reason == reason and status[-1].inputs[0].age >= 0.0,
        'the refusal is not in the status')
    assert status[-1].text
    assert not tokens


def test_an_image_of_the_wrong_size_is_refused_with_its_name(start: Callable[..., Graph]) -> None:
    graph = start(instruction='go')
    status = graph.listen(PolicyStatus, 'planner/status', NEWEST)
    observation = make_observation(graph)
    observation.images[0].width, observation.images[0].height = 6, 8
    graph.speak(Observation, 'observation', NEWEST)(observation)
    graph.wait_until(
        lambda: status and status[-1].reason == PolicyStatus.BAD_OBSERVATION, 'not refused')
    assert "'ego_view' is 6 x 8" in status[-1].text


def test_observations_faster_than_the_rate_are_skipped(start: Callable[..., Graph]) -> None:
    graph = start(instruction='go', planner_hz=2.0)
    tokens = graph.listen(GoalTokens, 'goal_tokens', NEWEST)
    speak = graph.speak(Observation, 'observation', NEWEST)
    graph.wait_until(
        lambda: speak(make_observation(graph)) or len(tokens) >= 3, 'no goal tokens')
    stamps = [seconds(message.header.stamp) for message in tokens]
    assert stamps[2] - stamps[0] > 0.7


def test_a_clock_that_goes_back_voids_what_was_planned(start: Callable[..., Graph]) -> None:
    graph = start(instruction='go', use_sim_time=True)
    announced = graph.listen(Instruction, 'current_instruction', LATCHED)
    status = graph.listen(PolicyStatus, 'planner/status', NEWEST)
    send = graph.speak(Clock, '/clock', 1)

    def follows(time: float) -> bool:
        send(Clock(clock=stamp_at(time)))
        return bool(announced and status) and status[-1].header.stamp.sec == time

    graph.wait_until(lambda: follows(100.0), 'the clock is not followed')
    before = announced[-1]
    graph.wait_until(
        lambda: follows(5.0) and announced[-1].epoch > before.epoch, 'no new epoch')
    assert announced[-1].text == 'go'


def test_cleaning_up_waits_for_what_is_being_encoded(
    start: Callable[..., Graph], system2: SmallSystem2
) -> None:
    graph = start(instruction='go')
    tokens = graph.listen(GoalTokens, 'goal_tokens', NEWEST)
    system2.gate.clear()
    graph.speak(Observation, 'observation', NEWEST)(make_observation(graph))
    graph.wait_until(system2.busy.is_set, 'the observation was not encoded')
    assert change_state(graph, Transition.TRANSITION_DEACTIVATE), 'not while System 2 thinks'
    # Once it cleans up both threads of the graph wait, and nobody is left to hear of it.
    opening = Timer(CLEANING_S, system2.gate.set)
    opening.start()
    assert change_state(graph, Transition.TRANSITION_CLEANUP)
    assert system2.gate.is_set()
    opening.join()
    assert not tokens


def test_live_parameters_act_and_bad_ones_are_refused_with_the_reason(
    start: Callable[..., Graph]
) -> None:
    graph = start(instruction='go')
    tokens = graph.listen(GoalTokens, 'goal_tokens', NEWEST)
    assert graph.set_parameter('planner', 'token_dtype', 'float16').successful
    assert graph.set_parameter('planner', 'max_observation_age_s', 0.01).successful
    for name, value, said in (
            ('planner_hz', 100.0, 'Max: 60.0'), ('planner_hz', float('nan'), 'Max: 60.0'),
            ('planner_hz', 'fast', 'Type.DOUBLE'),
            ('token_dtype', 'float8', 'must be one of float32, float16'),
            ('embodiment', 'other', 'read-only'), ('checkpoint', 'other', 'read-only')):
        answer = graph.set_parameter('planner', name, value)
        assert not answer.successful, name
        assert said in answer.reason
    status = graph.listen(PolicyStatus, 'planner/status', NEWEST)
    graph.speak(Observation, 'observation', NEWEST)(make_observation(graph, age=1.0))
    graph.wait_until(
        lambda: status and status[-1].reason == PolicyStatus.STALE_OBSERVATION,
        'max_observation_age_s does not act')
    assert graph.set_parameter('planner', 'max_observation_age_s', 10.0).successful
    speak = graph.speak(Observation, 'observation', NEWEST)
    graph.wait_until(lambda: speak(make_observation(graph)) or tokens, 'no goal tokens')
    assert tokens[0].dtype == GoalTokens.FLOAT16


def test_the_parameter_instructs_while_the_planner_runs_and_only_then(
    start: Callable[..., Graph]
) -> None:
    graph = start(autostart=False)
    announced = graph.listen(Instruction, 'current_instruction', LATCHED)
    assert graph.set_parameter('planner', 'instruction', 'touch red').successful
    for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        assert change_state(graph, transition)
    graph.wait_until(
        lambda: announced and announced[-1].text == 'touch red', 'forgotten since it was set')
    assert len(announced) == 1
    assert graph.set_parameter('planner', 'instruction', 'touch green').successful
    graph.wait_until(lambda: announced[-1].text == 'touch green', 'the parameter does not act')


def test_an_emergency_stop_drops_the_instruction_that_it_stopped(
    start: Callable[..., Graph],
) -> None:
    graph = start(instruction='"touch red"')
    announced = graph.listen(Instruction, 'current_instruction', LATCHED)
    report = graph.speak(PolicyStatus, 'controller/status', NEWEST)
    graph.wait_until(lambda: announced, 'no instruction')
    status = PolicyStatus(
        state=PolicyStatus.FAULT, reason=PolicyStatus.EMERGENCY_STOP, epoch=announced[-1].epoch)

    def dropped() -> bool:
        report(status)
        return not announced[-1].text

    graph.wait_until(dropped, 'the instruction is still in force')
    request = SetInstruction.Request(instruction='touch green')
    answer = graph.call(SetInstruction, 'set_instruction', request)
    heard = graph.listen(PolicyStatus, 'planner/status', NEWEST)
    report(status)  # the controller has not heard of the fresh instruction yet
    graph.wait_until(
        lambda: len(heard) > 5 and heard[-1].epoch == answer.epoch, 'it was dropped as well')
    assert announced[-1].text == 'touch green'
