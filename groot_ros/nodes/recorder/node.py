"""Record what the robot sees, is told and does: one bag per episode."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy
from rclpy.serialization import deserialize_message
from std_srvs.srv import SetBool, Trigger

from groot_ros.data.bags import BagError, BagWriter, MessageTypes
from groot_ros.data.bags.queue import BagQueue
from groot_ros.embodiment import load_embodiment
from groot_ros.msg import Instruction, RecordingStatus
from groot_ros.nodes.recorder.facts import SUCCESS, free_bytes, gather_facts, next_episode
from groot_ros.nodes.recorder.parameters import RecorderParams
from groot_ros.nodes.recorder.samples import SampleMaker
from groot_ros.nodes.recorder.topics import RecordedTopic, recorded_topics
from groot_ros.nodes.shared.lifecycle import Interfaces, run
from groot_ros.nodes.shared.parameters import declare_parameters
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.nodes.shared.stamps import now, stamp_at
from groot_ros.nodes.shared.static_frames import STATIC_FRAMES, StaticFrames
from groot_ros.nodes.shared.status import STATUS_PERIOD_S

DISCARDED = 'discarded'
FAILURES = (BagError, OSError)
"""What ends an episode, or the wish for one, and not the recorder."""
Answer = Callable[[Trigger.Request, Trigger.Response], Trigger.Response]


class RecorderNode(LifecycleNode):
    """Writes every topic of the policy to a bag while an episode lasts."""

    def __init__(self) -> None:
        super().__init__('recorder')
        self._params = declare_parameters(self, RecorderParams)
        self._interfaces = Interfaces(self)
        self._samples = SampleMaker(self, self._params)
        self._queue: BagQueue | None = None
        self._bag: Path | None = None
        self._facts: dict[str, str] = {}
        self._began = 0.0
        self._problem = ''

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe to what there is to record."""
        try:
            self._embodiment = load_embodiment(self._params.embodiment)
            self._origin = gather_facts(self._params, self._embodiment)
        except (OSError, ValueError) as error:
            self.get_logger().fatal(str(error))
            return TransitionCallbackReturn.FAILURE
        self._types = MessageTypes()
        self._topics = recorded_topics(self._embodiment)
        self._latched: dict[str, tuple[RecordedTopic, bytes]] = {}
        self._static_frames = StaticFrames()
        for topic in self._topics:
            self._interfaces.subscribe(
                topic.kind, topic.name, partial(self._on_message, topic), topic.qos, raw=True)
        self._status = self._interfaces.publish_always(RecordingStatus, '~/status', NEWEST)
        for name, act in (('start', self._start), ('stop', self._stop),
                          ('discard', self._discard)):
            self._interfaces.serve(Trigger, f'~/{name}', self._answer(act))
        self._interfaces.serve(SetBool, '~/success', self._on_success)
        self._interfaces.repeat(STATUS_PERIOD_S, self._report)
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin at once if the parameters say so."""
        try:
            if self._params.begin:
                self._start()
        except BagError as error:
            self.get_logger().fatal(str(error))
            return TransitionCallbackReturn.FAILURE
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Finish the episode under way."""
        self._finish()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close every interface."""
        self._interfaces.close()
        return super().on_cleanup(state)

    def destroy_node(self) -> None:
        """Finish the episode under way: an interrupted recording is a whole bag."""
        self._finish()
        super().destroy_node()

    def _start(self) -> str:
        if self._queue is not None:
            raise BagError(f'{self._bag} is being recorded: call stop or discard first')
        self._problem = ''
        self._bag = next_episode(Path(self._params.folder))
        self._facts = self._origin | {SUCCESS: 'unknown'}
        try:
            self._queue = BagQueue(BagWriter(self._bag, self._types, self._facts))
        except OSError as error:
            raise BagError(f'cannot record to {self._bag}: {error}') from None
        self._began = now(self)
        for topic, cdr in self._latched.values():
            self._put(topic, cdr)
        return f'recording {self._bag}'

    def _stop(self) -> str:
        if self._queue is None:
            raise BagError('nothing is being recorded: call start')
        self._finish()
        if self._problem:
            raise BagError(self._problem)
        return f'recorded {self._bag}'

    def _discard(self) -> str:
        """Put the episode under way, or the newest one, aside: nothing is deleted."""
        self._finish()
        if self._bag is None or not self._bag.is_dir():
            raise BagError('there is no episode to discard')
        aside = self._bag.parent / DISCARDED
        aside.mkdir(exist_ok=True)
        self._bag = self._bag.rename(next_episode(aside))
        return f'moved to {self._bag}'

    def _on_success(
        self, request: SetBool.Request, response: SetBool.Response
    ) -> SetBool.Response:
        """Note whether the episode under way succeeded."""
        response.success = self._queue is not None
        if self._queue is None:
            response.message = 'nothing is being recorded: say it before you call stop'
            return response
        self._note(SUCCESS, str(request.data).lower())
        response.message = self._problem or f'{self._bag}: success {self._facts[SUCCESS]}'
        response.success = not self._problem
        return response

    def _answer(self, act: Callable[[], str]) -> Answer:
        def answer(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
            try:
                response.message, response.success = act(), True
            except FAILURES as error:
                response.message, response.success = str(error), False
            self.get_logger().info(response.message)
            return response

        return answer

    def _on_message(self, topic: RecordedTopic, cdr: bytes) -> None:
        """Queue a serialized message; keep what late subscribers would be given."""
        if topic.qos is STATIC_FRAMES:
            cdr = self._static_frames.merge(cdr)
        if topic.qos.durability == DurabilityPolicy.TRANSIENT_LOCAL:
            self._latched[topic.name] = (topic, cdr)
        if self._queue is not None:
            self._put(topic, cdr)

    def _put(self, topic: RecordedTopic, cdr: bytes) -> None:
        if topic.kind is Instruction and not self._params.task:
            text = deserialize_message(cdr, Instruction).text
            if text:  # an empty one only ends the task
                self._note('task', text)
        if self._queue is not None:
            self._queue.put(
                self.get_clock().now().nanoseconds, lambda: self._samples.make(topic, cdr))

    def _note(self, name: str, value: str) -> None:
        """Say something more of the episode under way; a full disk ends it."""
        assert self._queue is not None
        self._facts[name] = value
        try:
            self._queue.bag.update_facts(self._facts)
        except OSError as error:
            self._finish(error)

    def _finish(self, failure: Exception | None = None) -> None:
        """Write what waits, if the disk takes it, and end the episode; say why if it failed."""
        queue, self._queue = self._queue, None
        if queue is None:
            return
        try:
            queue.close()
            queue.check()
        except FAILURES as error:
            failure = failure or error
        if failure is not None:
            self._problem = f'{self._bag} ended early: {failure}'
            self.get_logger().error(
                f'{self._problem}; ros2 run groot_ros repair_bag {self._bag} saves what is there')

    def _report(self) -> None:
        try:
            if self._queue is not None:
                self._queue.check()
        except FAILURES:
            self._finish()
        message = RecordingStatus(
            recording=self._queue is not None, bag=str(self._bag or ''), problem=self._problem,
            free_bytes=free_bytes(Path(self._params.folder)))
        message.header.stamp = stamp_at(now(self))
        if self._queue is not None:
            message.elapsed = now(self) - self._began
            message.messages = sum(self._queue.bag.messages.values())
            message.dropped = self._queue.dropped
        self._status.publish(message)


def main() -> int:
    """Record until interrupted."""
    return run(RecorderNode)
