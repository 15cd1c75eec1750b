"""Each robot without a policy of its own: a skeleton makes the commands of its bag, exactly."""

import sys

import pytest
from replay_launch import BAGS, TIMEOUT_S, replay

sys.path[:0] = [str(BAGS)]
pytestmark = pytest.mark.timeout(TIMEOUT_S)
ROBOTS = ('fourier_gr1', 'franka_droid', 'so101')


@pytest.mark.parametrize('robot', ROBOTS)
def test_an_exact_replay_of_a_skeleton_equals_the_shipped_bag(robot, tmp_path):
    from make_skeleton_bags import PERIOD_S, make_skeleton
    checkpoint = make_skeleton(tmp_path / 'skeleton', robot)
    replayed = replay(
        tmp_path, bag=BAGS / robot, checkpoint=checkpoint, action_period_s=PERIOD_S)
    assert replayed.code == 0, replayed.output
    assert 'as recorded' in replayed.report['about']['policy']
    assert all(each['recorded'] for each in replayed.report['outputs'].values())
