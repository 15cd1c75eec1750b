"""Record test/bags/unitree_g1 again: three simulated seconds of the shipped policy.

    scripts/env python3 test/bags/record_g1.py [FOLDER]

Camera images are kept as they came, so that a replay sees what the policy saw, and commands lie
at the ticks that they were made in. So an exact replay equals the run itself, bit for bit.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from groot_ros.data.bags import Bag, BagWriter, MessageTypes
from groot_ros.data.datasets.stamps import stamp_of
from groot_ros.data.instructions import Request, plain
from groot_ros.evaluation.plan import Condition, PlannedEpisode
from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_process import Domain, GraphProcess
from groot_ros.replay.recording import Recording, header_stamp

DURATION_S = 3.0
START_S = 120.0
SEED, COLOUR = 1_000_003, 'red'
KEPT = ('joint_states', 'camera/head/image_raw', 'current_instruction', 'goal_tokens',
        'action_chunk')
"""What a replay plays and compares."""
PLANS = ('/goal_tokens', '/action_chunk')


def record(folder: Path) -> Path:
    """Record one episode from its first tick on and return its bag."""
    words = plain(Request('touch', COLOUR))
    arguments = {'use_sim_time': 'true', 'record': 'true', 'folder': str(folder / 'recordings'),
                 'operator': 'record_g1.py', 'licence': 'Apache-2.0'}
    domain = Domain()
    with (
        GraphProcess(domain.number, arguments, {'step_locked': True, 'camera_format': 'raw'},
                     folder) as process,
        GraphClient(domain.number, process.check) as client,
    ):
        client.wait_until_active(START_S)
        client.start_episode(PlannedEpisode(Condition.TRAIN, 'touch', SEED, COLOUR, '', words))
        client.spin_until(
            lambda: client.task_state is not None and client.task_state.elapsed > DURATION_S + 0.2,
            START_S, 'the episode')
        client.freeze()
    domain.close()
    return folder / 'recordings' / 'episode_000000'


def trimmed(recording: Recording) -> Iterator[tuple[str, int, bytes]]:
    """Yield topic, time [ns] and bytes of the first `DURATION_S`, each at its own tick."""
    with Bag(recording.folder) as bag:
        steps = [each.message for each in bag.messages(['/step_done'])]
        ticks = [stamp_of(each) for each in steps if each.commands]
        first = next(header_stamp(cdr) for _, _, cdr in bag.serialized(['/joint_states']))
        last = first + round(DURATION_S * 1e9)
        for topic in recording.outputs:
            commands = [cdr for _, _, cdr in bag.serialized([topic])]
            assert len(commands) == len(ticks), f'{topic}: {len(commands)} for {len(ticks)} ticks'
            yield from ((topic, stamp, cdr) for stamp, cdr in zip(ticks, commands, strict=True)
                        if stamp < last)
        for topic, received, cdr in bag.serialized([f'/{name}' for name in KEPT]):
            stamp = header_stamp(cdr)
            if topic == '/current_instruction' and stamp <= first:
                told = cdr
            elif topic in PLANS and first <= received < last:
                yield topic, received, cdr
            elif topic not in PLANS and first <= stamp < last:
                yield topic, stamp, cdr
        yield '/current_instruction', first, told


def main() -> None:
    """Record, trim, and put the result in the place of the bag that was there."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / 'unitree_g1')
    with tempfile.TemporaryDirectory(prefix='groot_ros_') as folder:
        recording = Recording(record(Path(folder)))
        messages = sorted(trimmed(recording), key=lambda each: each[1])
        shutil.rmtree(target, ignore_errors=True)
        facts = {name: value for name, value in recording.facts.items() if name != 'machine'}
        with BagWriter(target, MessageTypes(), facts | {'success': 'unknown'}) as bag:
            for topic in dict.fromkeys(each[0] for each in messages):
                bag.add_topic(topic, recording.kind(topic),
                              latched=topic == '/current_instruction')
            for message in messages:
                bag.write(*message)
    size = sum(file.stat().st_size for file in target.iterdir())
    print(f'{target}: {len(messages)} messages, {size / 1e6:.2f} MB')


if __name__ == '__main__':
    main()
