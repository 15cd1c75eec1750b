import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groot_ros.control import (
    ActionChunk,
    ChunkError,
    Hold,
    HoldReason,
    Playback,
    PlaybackSettings,
    StopSettings,
    TokenOrigin,
)
from groot_ros.embodiment import load_embodiment

TICK = 0.01
START = np.array([0.0, 0.5, 0.0])


class Bench:
    """A playback with inputs that arrive as they should, unless a test leaves some out."""

    def __init__(self, robot):
        self.playback = Playback(robot, ['arm'], 'abc', PlaybackSettings(
            stops=StopSettings(max_token_age=0.5)))
        self.now = 100.0
        self.epoch = 1

    def state(self, positions=START):
        return self.playback.on_state(np.asarray(positions, float), self.now)

    def tokens(self, **changes):
        origin = {'checkpoint': 'abc', 'embodiment': 'robot', 'epoch': self.epoch,
                  'stamp': self.now} | changes
        return self.playback.on_tokens(TokenOrigin(**origin), self.now)

    def chunk(self, target=(0.2, 0.6), epoch=None, stamp=None, horizon=16):
        return self.playback.on_chunk(ActionChunk(
            self.now if stamp is None else stamp, 0.05, np.tile(target, (horizon, 1)),
            self.epoch if epoch is None else epoch), self.now)

    def tick(self):
        command = self.playback.tick(self.now)
        self.now += TICK
        return command

    def run(self, seconds, *, state=True, tokens=True, chunk=True):
        """Tick with the named inputs coming; return the commands."""
        commands = []
        for _ in range(round(seconds / TICK)):
            if state:
                self.state()
            if tokens:
                self.tokens()
            if chunk:
                self.chunk()
            commands.append(self.tick())
        return commands


@pytest.fixture
def bench(robot):
    return Bench(robot)


def reason(command):
    return command.hold and command.hold.reason


def assert_rests(command):
    assert not command.velocities.any()


def test_nothing_is_commanded_before_the_pose_is_known(bench):
    assert bench.tick() is None
    assert bench.playback.hold(bench.now).reason is HoldReason.NO_STATE


def test_the_plan_is_played_and_the_other_joints_go_home(bench):
    command = bench.run(2.0)[-1]
    assert command.hold is None
    np.testing.assert_allclose(command.positions, [0.2, 0.6, 0.3], atol=1e-3)


def test_the_first_command_is_the_measured_pose(bench):
    bench.state([0.7, 1.5, -0.4])
    np.testing.assert_allclose(bench.tick().positions, [0.7, 1.5, -0.4])


def test_reasons_follow_the_order_of_the_inputs(bench):
    bench.state()
    assert reason(bench.tick()) is HoldReason.NO_TOKENS
    bench.tokens()
    assert reason(bench.tick()) is HoldReason.NO_CHUNK
    bench.chunk()
    assert bench.tick().hold is None


@pytest.mark.parametrize(
    ('absent', 'expected'),
    [('state', 'STALE_STATE'), ('tokens', 'STALE_TOKENS'), ('chunk', 'CHUNK_ENDED')])
def test_it_rests_when_an_input_stops_and_goes_on_when_it_is_back(bench, absent, expected):
    bench.run(0.3)
    commands = bench.run(2.0, **{absent: False})
    assert reason(commands[-1]) is HoldReason[expected]
    assert_rests(commands[-1])
    assert bench.run(0.5)[-1].hold is None


def test_a_wrong_state_is_not_used(bench):
    for wrong in ([0.0, np.nan, 0.0], [0.0, 0.5]):
        hold = bench.state(wrong)
        assert hold.reason is HoldReason.BAD_STATE
    assert bench.tick() is None


def test_a_chunk_needs_the_columns_of_the_policy(bench):
    bench.run(0.1)
    hold = bench.chunk(target=(0.1, 0.1, 0.1))
    assert hold.reason is HoldReason.BAD_CHUNK
    assert bench.tick().hold is None  # the plan at hand goes on


def test_a_chunk_of_an_old_epoch_is_not_played(bench):
    bench.run(0.1)
    assert bench.chunk(epoch=0).reason is HoldReason.OLD_EPOCH


def test_a_chunk_that_comes_too_late_is_not_played(bench):
    bench.run(0.1)
    assert bench.chunk(stamp=bench.now - 0.9).reason is HoldReason.CHUNK_ENDED


def test_a_new_epoch_stops_the_old_plan_at_once(bench):
    bench.run(0.1)
    bench.playback.require_epoch(2)
    assert reason(bench.tick()) is HoldReason.NO_TOKENS
    assert bench.tokens().reason is HoldReason.OLD_EPOCH
    bench.epoch = 2
    assert bench.run(0.1)[-1].hold is None


def test_tokens_of_a_new_epoch_stop_the_old_plan(bench):
    bench.run(0.1)
    bench.epoch = 2
    bench.tokens()
    assert reason(bench.tick()) is HoldReason.NO_CHUNK


def test_a_failure_is_told_when_the_plan_ends(bench):
    bench.run(0.1)
    bench.playback.on_failure(Hold(HoldReason.SOLVER_FAILED, 'out of memory'))
    commands = bench.run(1.0, chunk=False)
    assert commands[0].hold is None
    assert commands[-1].hold.text == 'out of memory'


@pytest.mark.parametrize(('moved', 'first'), [
    ([0.5, 1.0, 0.1], [0.5, 1.0, 0.1]),  # somebody took the arm elsewhere
    ([0.02, 0.5, 0.0], None)])           # the arm sagged: to follow it would let go of things
def test_pause_rests_and_resume_goes_on_from_where_the_robot_is(bench, moved, first):
    bench.run(0.3)
    bench.playback.pause(Hold(HoldReason.PAUSED_BY_USER, 'paused'))
    commands = bench.run(1.0)
    assert reason(commands[-1]) is HoldReason.PAUSED_BY_USER
    assert_rests(commands[-1])
    rested = commands[-1].positions
    bench.playback.resume()
    bench.state(moved)
    bench.tokens()
    bench.chunk()
    command = bench.tick()
    assert command.hold is None
    np.testing.assert_allclose(command.positions, first or rested, atol=2e-3)


@pytest.mark.parametrize('standing', [0.1, 1.0])
def test_a_robot_moved_before_its_first_plan_starts_from_where_it_is(bench, standing):
    moved = [-0.4, 0.9, 0.2]
    bench.run(0.1, tokens=False, chunk=False)
    for _ in range(round(standing / TICK)):
        bench.state(moved)
        bench.tick()
    bench.state(moved)
    bench.tokens()
    bench.chunk(target=(-0.6, 0.9))
    commands = [bench.tick() for _ in range(5)]
    assert commands[0].hold is None
    np.testing.assert_allclose(commands[0].positions, moved, atol=2e-3)
    assert max(command.positions[0] for command in commands) <= moved[0]


def test_a_robot_that_stands_starts_from_where_it_was_seen_first(bench):
    noise = np.array([4e-4, -4e-4, 4e-4])  # runs must not differ by the noise of the last encoder
    bench.run(0.1, tokens=False, chunk=False)
    bench.state(START + noise)
    np.testing.assert_array_equal(bench.tick().positions, START)


def test_after_an_emergency_stop_no_plan_leads_back_to_where_it_was_called(bench):
    bench.run(1.0)
    bench.playback.stops.emergency.engage()
    rested = bench.run(1.0)[-1].positions
    moved = rested - [0.7, 0.0, 0.0]
    bench.state(moved)
    bench.tick()
    bench.playback.stops.emergency.reset()
    bench.epoch = 2
    bench.playback.stops.emergency.on_instruction('wave', bench.epoch)
    bench.state(moved)
    bench.tokens()
    bench.chunk(target=(-0.8, 0.6))
    shoulder = [bench.tick().positions[0] for _ in range(10)]
    assert max(shoulder) <= moved[0] + 1e-9
    assert shoulder[-1] < moved[0] - 0.01


def test_a_clock_that_goes_back_in_an_emergency_stop_leaves_the_measured_pose_in_force(bench):
    bench.run(1.0)
    bench.playback.stops.emergency.engage()
    rested = bench.run(1.0)[-1].positions
    bench.now = 5.0
    bench.playback.stops.emergency.reset()
    bench.epoch = 2
    bench.playback.stops.emergency.on_instruction('wave', bench.epoch)
    moved = rested - [0.02, 0.0, 0.0]
    for _ in range(round(1.0 / TICK)):
        bench.state(moved)
        bench.tick()
    bench.state(moved)
    bench.tokens()
    bench.chunk()
    np.testing.assert_allclose(bench.tick().positions, moved, atol=2e-3)


def test_a_reset_is_no_stop(bench):
    bench.run(0.3)
    bench.playback.reset(bench.now)
    bench.now += TICK
    bench.run(0.1, tokens=False, chunk=False)
    assert bench.playback.stop_count == 0


def test_nothing_from_before_a_reset_acts(bench):
    bench.run(0.3)
    origin = TokenOrigin('abc', 'robot', 1, bench.now)
    bench.playback.reset(bench.now)
    assert bench.playback.tick(bench.now) is None
    assert bench.playback.on_tokens(origin, bench.now).reason is HoldReason.OLD_EPOCH
    bench.now += TICK
    bench.state([0.5, 1.0, 0.1])
    np.testing.assert_allclose(bench.tick().positions, [0.5, 1.0, 0.1])


def test_a_clock_that_goes_back_stops_until_there_is_a_new_plan(bench):
    bench.run(0.3)
    bench.now = 5.0
    bench.state()
    assert reason(bench.tick()) is HoldReason.CLOCK_JUMPED
    assert bench.run(0.1)[-1].hold is None


def test_seams_are_counted(bench):
    bench.run(0.1)
    assert bench.playback.seams == 9


G1 = load_embodiment('unitree_g1')
G1_TICK = 1.0 / G1.rates.control_hz
ACTION_GROUPS = ('waist', 'right_arm', 'right_hand')

chunk_kinds = st.sampled_from(['good', 'huge', 'nan', 'shape', 'old', 'late', 'none', 'silence'])


def send(playback, kind, now, generator):
    """Send one chunk of a kind, as System 1 might return it."""
    horizon, columns = int(generator.integers(1, 40)), 17
    positions = generator.normal(scale=0.5, size=(horizon, columns))
    if kind == 'huge':
        positions *= 1e30
    elif kind == 'nan':
        positions[0, 0] = np.nan
    elif kind == 'shape':
        positions = positions[:, :3]
    stamp = now - (60.0 if kind == 'late' else generator.uniform(0.0, 0.2))
    try:
        playback.on_chunk(ActionChunk(stamp, 0.05, positions, epoch=kind != 'old'), now)
    except ChunkError as error:
        playback.on_failure(Hold(HoldReason.BAD_CHUNK, str(error)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(chunk_kinds, min_size=3, max_size=25))
def test_no_stream_of_chunks_breaks_a_limit(seed, kinds):
    generator = np.random.default_rng(seed)
    playback = Playback(G1, ACTION_GROUPS, 'abc')
    measured = generator.uniform(G1.lower, G1.upper)
    commands, now = [measured], 50.0
    for kind in kinds:
        if kind not in ('none', 'silence'):
            send(playback, kind, now, generator)
        for _ in range(int(generator.integers(1, 30))):
            if kind != 'silence':
                playback.on_state(measured, now)
                playback.on_tokens(TokenOrigin('abc', G1.tag, 1, now), now)
            command = playback.tick(now)
            if command is not None:
                measured = command.positions
                commands.append(measured)
            now += G1_TICK
    positions = np.array(commands)
    velocities = np.diff(positions, axis=0, prepend=positions[:1]) / G1_TICK
    accelerations = np.diff(velocities, axis=0) / G1_TICK
    assert np.isfinite(positions).all()
    assert (positions >= G1.lower - 1e-9).all()
    assert (positions <= G1.upper + 1e-9).all()
    assert (np.abs(velocities) <= G1.max_velocity * (1 + 1e-6)).all()
    assert (np.abs(accelerations) <= G1.max_acceleration * (1 + 1e-6)).all()
