"""A wrong embodiment file is refused by an error that names file, key, joint and remedy."""

import re

import pytest

from groot_ros.embodiment import EmbodimentError, known_embodiments, load_embodiment

ROBOT = """
base_frame: base
joint_state_topic: joint_states
joints:
  elbow_joint: {lower: -1.0, upper: 2.0, velocity: 3.0, acceleration: 20.0, home: 0.5}
  wrist_joint: {lower: -0.5, upper: 0.5, velocity: 3.0, acceleration: 20.0, home: 0.0}
groups:
  arm: [elbow_joint, wrist_joint]
cameras:
  head: {topic: image, transport: raw, frame_id: optical, video_key: ego_view}
outputs:
  arm: {interface: joint_trajectory, topic: arm/joint_trajectory, groups: [arm]}
rates: {control_hz: 120.0, observation_hz: 10.0, planner_hz: 5}
model: {embodiment_tag: robot, state: [arm], action: [arm]}
"""


@pytest.fixture
def load(tmp_path):
    def from_text(text):
        file = tmp_path / 'robot.yaml'
        file.write_text(text)
        return load_embodiment(file)
    return from_text


def test_a_correct_file_loads(load):
    robot = load(ROBOT)
    assert robot.tag == 'robot'
    assert robot.joint_names == ('elbow_joint', 'wrist_joint')
    assert robot.imu_topic is None
    assert robot.outputs[0].joints == ('elbow_joint', 'wrist_joint')
    assert robot.rates.planner_hz == 5.0
    assert robot.home.tolist() == [0.5, 0.0]


def test_a_joint_without_jerk_reaches_its_acceleration_within_10_ms(load):
    given = 'velocity: 3.0, acceleration: 20.0, home: 0.5'
    robot = load(ROBOT.replace(given, f'{given}, jerk: 150.0'))
    assert robot.max_jerk.tolist() == [150.0, 2000.0]


LIMITS = 'lower: -1.0, upper: 2.0, velocity: 3.0, '
URDF = """
<robot name="robot">
  <joint name="elbow_joint" type="revolute"><limit lower="-1.5" upper="2.5" velocity="4"/></joint>
  <joint name="wrist_joint" type="revolute"><limit lower="-1" upper="1" velocity="5"/></joint>
  <joint name="wheel_joint" type="continuous"/>
</robot>
"""
DESCRIBED = 'description: urdf/robot.urdf\n' + ROBOT


@pytest.fixture
def urdf(tmp_path):
    file = tmp_path / 'urdf/robot.urdf'
    file.parent.mkdir()
    file.write_text(URDF)
    return file


@pytest.mark.usefixtures('urdf')
def test_limits_left_out_are_those_of_the_description(load):
    robot = load(DESCRIBED.replace(LIMITS, ''))
    assert robot.lower.tolist() == [-1.5, -0.5]
    assert robot.upper.tolist() == [2.5, 0.5]
    assert robot.max_velocity.tolist() == [4.0, 3.0]


def test_a_description_of_a_package_is_found(load, urdf, monkeypatch):
    share = urdf.parents[1] / 'share/robot_description'
    share.mkdir(parents=True)
    urdf.rename(share / 'robot.urdf')
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(urdf.parents[1]))
    text = DESCRIBED.replace('urdf/robot.urdf', 'package://robot_description/robot.urdf')
    assert load(text.replace(LIMITS, '')).upper[0] == 2.5


@pytest.mark.usefixtures('urdf')
@pytest.mark.parametrize(
    ('text', 'remedy'),
    [
        (ROBOT.replace(LIMITS, ''),
         "elbow_joint.lower: is missing: give it, or name the robot's URDF under description"),
        (DESCRIBED.replace('robot.urdf', 'robt.urdf'), "no file 'urdf/robt.urdf': give a path"),
        (DESCRIBED.replace('elbow_joint', 'elbo_joint').replace(LIMITS, ''),
         "elbo_joint: is not in robot.urdf: did you mean 'elbow_joint'?"),
        (DESCRIBED.replace('  elbow_joint: {', '  elbo_joint: {'),
         "joints.elbo_joint: is not in robot.urdf: did you mean 'elbow_joint'?"),
        (DESCRIBED.replace('elbow_joint', 'wheel_joint').replace(LIMITS, ''),
         'wheel_joint.lower: is missing, in robot.urdf too: give it'),
        (DESCRIBED.replace('upper: 2.0', 'upper: 2.6'),
         "elbow_joint.upper: 2.6 is beyond the robot's 2.5"),
    ],
)
def test_what_the_description_does_not_say_is_named(load, text, remedy):
    with pytest.raises(EmbodimentError, match=re.escape(remedy)):
        load(text)


@pytest.mark.parametrize(
    ('correct', 'wrong', 'key', 'remedy'),
    [
        ('base_frame: base', 'bas_frame: base', 'bas_frame', "did you mean 'base_frame'?"),
        ('base_frame: base', '', 'base_frame', 'is missing'),
        ('base_frame: base', 'base_frame: 3', 'base_frame', 'must be text'),
        ('velocity: 3.0, acceleration: 20.0, home: 0.5', 'velocit: 3.0',
         'joints.elbow_joint.velocit', "did you mean 'velocity'?"),
        ('lower: -1.0, upper: 2.0', 'lower: 2.0, upper: -1.0',
         'joints.elbow_joint.lower', 'swap them'),
        ('lower: -1.0, upper: 2.0', 'lower: 2.0, upper: 2.0',
         'joints.elbow_joint.lower', 'must lie below upper'),
        ('home: 0.5', 'home: 2.5', 'joints.elbow_joint.home', 'within [-1.0, 2.0]'),
        ('home: 0.5', 'home: half', 'joints.elbow_joint.home', 'must be a number'),
        ('home: 0.5', 'home: true', 'joints.elbow_joint.home', 'must be a number'),
        ('home: 0.5', 'home: .nan', 'joints.elbow_joint.home', 'finite'),
        ('home: 0.5', 'home: 0.5, jerk: 0', 'joints.elbow_joint.jerk', 'greater than 0'),
        ('home: 0.5', 'home: 0.5, jerk: .inf', 'joints.elbow_joint.jerk', 'finite'),
        ('velocity: 3.0, acceleration: 20.0, home: 0.5',
         'velocity: 0.0, acceleration: 20.0, home: 0.5',
         'joints.elbow_joint.velocity', 'greater than 0'),
        ('  wrist_joint: {', '  elbow_joint: {', 'elbow_joint', 'given twice (line 6)'),
        ('arm: [elbow_joint, wrist_joint]', 'arm: [elbow_joint, wirst_joint]',
         'groups.arm', "did you mean 'wrist_joint'?"),
        ('arm: [elbow_joint, wrist_joint]', 'arm: [elbow_joint, elbow_joint]',
         'groups.arm', "'elbow_joint' appears twice"),
        ('arm: [elbow_joint, wrist_joint]', 'arm: elbow_joint', 'groups.arm', 'list of names'),
        ('arm: [elbow_joint, wrist_joint]', 'arm: [elbow_joint]',
         'outputs', "joint 'wrist_joint' goes to no output"),
        ('transport: raw', 'transport: row', 'cameras.head.transport', "did you mean 'raw'?"),
        ('frame_id: optical', 'frame: optical', 'cameras.head.frame', "did you mean 'frame_id'?"),
        ('joint_trajectory, topic', 'joint_trajectories, topic',
         'outputs.arm.interface', "did you mean 'joint_trajectory'?"),
        ('groups: [arm]', 'groups: [arms]', 'outputs.arm.groups', "did you mean 'arm'?"),
        ('control_hz: 120.0', 'control_hz: 0', 'rates.control_hz', 'greater than 0'),
        ('control_hz: 120.0', 'control_hz: -1.0', 'rates.control_hz', 'greater than 0'),
        ('action: [arm]', 'action: [amr]', 'model.action', "did you mean 'arm'?"),
        ('state: [arm]', 'state: []', 'model.state', 'list of names'),
        ('rates: {control_hz: 120.0, observation_hz: 10.0, planner_hz: 5}', 'rates: 120',
         'rates', 'must hold keys and values'),
    ],
)
def test_a_mistake_is_named(load, correct, wrong, key, remedy):
    assert correct in ROBOT
    with pytest.raises(EmbodimentError, match=re.escape(remedy)) as error:
        load(ROBOT.replace(correct, wrong, 1))
    assert error.value.key == key
    assert 'robot.yaml' in str(error.value)


def test_two_cameras_cannot_be_one_picture(load):
    second = (
        '\n  wrist: {topic: other, transport: raw, frame_id: wrist, video_key: ego_view}\noutputs')
    with pytest.raises(EmbodimentError, match="'ego_view' appears twice"):
        load(ROBOT.replace('\noutputs', second, 1))


def test_a_joint_goes_to_one_output_only(load):
    second = (
        '\n  again: {interface: joint_trajectory, topic: b, groups: [arm]}\nrates')
    with pytest.raises(EmbodimentError, match="'elbow_joint' appears twice"):
        load(ROBOT.replace('\nrates', second, 1))


def test_broken_yaml_names_the_file(load):
    with pytest.raises(EmbodimentError, match=r'robot\.yaml: is not YAML'):
        load(ROBOT + '  : [')


@pytest.mark.parametrize('content', [b'? [a, b]\n: 1\n', b'base_frame: \xff\n'])
def test_yaml_that_no_mapping_or_text_can_be_made_of_is_refused(tmp_path, content):
    file = tmp_path / 'robot.yaml'
    file.write_bytes(content)
    with pytest.raises(EmbodimentError, match=r'robot\.yaml: is not YAML'):
        load_embodiment(file)


def test_an_empty_file_is_refused(load):
    with pytest.raises(EmbodimentError, match='must hold keys and values, got None'):
        load('')


def test_an_unknown_tag_offers_the_nearest_one():
    with pytest.raises(EmbodimentError, match="did you mean 'unitree_g1'"):
        load_embodiment('unitree_g2')


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(EmbodimentError, match=r'absent\.yaml: no such embodiment file'):
        load_embodiment(tmp_path / 'absent.yaml')


def test_installed_robots_are_found(tmp_path, monkeypatch):
    folder = tmp_path / 'share/groot_ros/config/embodiments'
    folder.mkdir(parents=True)
    (folder / 'robot.yaml').write_text(ROBOT)
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    assert known_embodiments()['robot'] == folder / 'robot.yaml'
    assert load_embodiment('robot').base_frame == 'base'
