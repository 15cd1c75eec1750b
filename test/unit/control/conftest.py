import pytest

from groot_ros.embodiment import (
    Camera,
    CommandOutput,
    Embodiment,
    Joint,
    ModelMapping,
    Rates,
)


@pytest.fixture
def robot():
    """Three joints; the policy moves the first two, the third goes home to 0.3 rad."""
    joints = (
        Joint('shoulder', -1.0, 1.0, velocity=2.0, acceleration=10.0, home=0.0),
        Joint('elbow', 0.0, 2.0, velocity=1.0, acceleration=20.0, home=0.5),
        Joint('neck', -0.5, 0.5, velocity=1.0, acceleration=5.0, home=0.3))
    names = ('shoulder', 'elbow', 'neck')
    return Embodiment(
        tag='robot', base_frame='base', joint_state_topic='joint_states', imu_topic=None,
        joints=joints, groups={'arm': names[:2], 'neck': names[2:]},
        cameras=(Camera('head', 'image', 'raw', 'optical', 'ego_view'),),
        outputs=(CommandOutput('all', 'joint_trajectory', 'joint_trajectory', names),),
        rates=Rates(100.0, 10.0, 5.0), model=ModelMapping('robot', ('arm',), ('arm',)))
