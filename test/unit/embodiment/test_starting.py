"""A first embodiment file says what the URDF says, marks the rest, and is never guessed."""

import json
from pathlib import Path

import pytest

from groot_ros.embodiment import EmbodimentError, load_embodiment
from groot_ros.embodiment.errors import OPEN
from groot_ros.embodiment.starting import Wishes, draft, read_tree
from groot_ros.embodiment.starting.command import main

LINKS = ('base', 'torso', 'left_upper', 'left_fore', 'left_tip', 'left_pad', 'right_upper')


def joint(name: str, parent: str, child: str, limit: str = '', kind: str = 'revolute') -> str:
    return (f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>'
            f'{limit}</joint>')


LIMIT = '<limit lower="-1.23456" upper="2.34567" velocity="3.14159"/>'
FINGER = '<limit lower="0" upper="0.8" velocity="0"/>'
JOINTS = [
    joint('left_elbow', 'left_upper', 'left_fore', LIMIT),
    joint('torso_R', 'base', 'torso', LIMIT),
    joint('L_shoulder_R', 'torso', 'left_upper', LIMIT),
    joint('R_shoulder_R', 'torso', 'right_upper', LIMIT),
    joint('left_gripper_1', 'left_fore', 'left_tip', FINGER),
    joint('left_gripper_2', 'left_fore', 'left_pad', f'{FINGER}<mimic joint="left_gripper_1"/>')]


def urdf(joints: list[str] = JOINTS, links: tuple[str, ...] = LINKS) -> str:
    parts = [*(f'<link name="{link}"/>' for link in links), *joints]
    return f'<robot name="r">{"".join(parts)}</robot>'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / 'urdf' / 'r.urdf'
    file.parent.mkdir()
    file.write_text(urdf())
    return file


COMPLETE = ('--acceleration', '5', '--home', '0', '--velocity', 'left_gripper*=1',
            '--camera', 'head', 'head/image_raw/compressed', 'head_optical',
            '--controller', 'waist,left_arm,right_arm=body_controller/joint_trajectory',
            '--controller', 'left_hand=grip_controller/commands')


def run(file: Path, *arguments: str, output: str = 'new.yaml') -> tuple[int, Path]:
    target = file.parents[1] / output
    return main([str(file), '--output', str(target), *arguments]), target


def refusal(file: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    code, target = run(file, *arguments)
    assert code == 2
    assert not target.exists()
    said = capsys.readouterr().err
    assert said.startswith('new_embodiment: ')
    assert said.count('\n') == 1
    return said


def test_a_file_with_everything_loads_and_is_the_robot(file):
    code, target = run(file, *COMPLETE)
    assert code == 0
    robot = load_embodiment(target)
    assert robot.tag == 'new'
    assert robot.base_frame == 'base'
    assert robot.groups == {
        'waist': ('torso_R',), 'left_arm': ('L_shoulder_R', 'left_elbow'),
        'left_hand': ('left_gripper_1',), 'right_arm': ('R_shoulder_R',)}
    assert {output.name: (output.interface, output.topic, output.joints)
            for output in robot.outputs} == {
        'body': ('joint_trajectory', 'body_controller/joint_trajectory',
                 ('torso_R', 'L_shoulder_R', 'left_elbow', 'R_shoulder_R')),
        'grip': ('float64_multi_array', 'grip_controller/commands', ('left_gripper_1',))}
    (camera,) = robot.cameras
    assert (camera.topic, camera.transport, camera.frame_id, camera.video_key) == (
        'head/image_raw', 'compressed', 'head_optical', 'head')


def test_limits_are_rounded_inward(file):
    _, target = run(file, *COMPLETE)
    elbow = next(each for each in load_embodiment(target).joints if each.name == 'left_elbow')
    assert (elbow.lower, elbow.upper, elbow.velocity) == (-1.2345, 2.3456, 3.1415)


def test_the_urdf_is_named_so_that_every_start_checks_against_it(file):
    _, target = run(file, *COMPLETE)
    file.write_text(urdf().replace('2.34567', '2.0'))
    with pytest.raises(EmbodimentError, match="torso_R.upper: 2.3456 is beyond the robot's 2.0"):
        load_embodiment(target)


def test_what_nobody_knows_is_marked_listed_and_refused_at_the_start(file, capsys):
    code, target = run(file)
    assert code == 1
    said = capsys.readouterr().out
    for key in ('joints.left_elbow.acceleration', 'joints.left_elbow.home',
                'joints.left_gripper_1.velocity', 'cameras', 'outputs.left_arm'):
        assert f'  {key}\n' in said + '\n'
    assert 'joints.left_elbow.velocity' not in said
    with pytest.raises(EmbodimentError, match=f'torso_R.acceleration: is still {OPEN}'):
        load_embodiment(target)


def test_each_listed_key_is_one_that_the_loader_asks_for(file):
    """Fill in one after the other, as the errors say, until the robot loads."""
    code, target = run(file, *COMPLETE[:-4])
    assert code == 1
    for _ in range(20):
        try:
            load_embodiment(target)
            break
        except EmbodimentError as error:
            value = {'interface': 'joint_trajectory'}.get(
                error.key.rpartition('.')[2], error.key.replace('.', '/'))
            text = target.read_text()
            assert OPEN in text
            target.write_text(text.replace(OPEN, value, 1))
    assert len(load_embodiment(target).outputs) == 4


def test_a_machine_reads_the_same_as_json(file, capsys):
    run(file, *COMPLETE[:-2], '--json')
    said = json.loads(capsys.readouterr().out)
    assert said['open'] == ['outputs.left_hand']
    assert said['groups']['left_arm'] == ['L_shoulder_R', 'left_elbow']
    assert said['left_out'] == {'follow left_gripper_1': ['left_gripper_2']}


def test_a_joint_that_follows_another_is_left_out_with_the_reason(file, capsys):
    run(file, *COMPLETE)
    assert 'follow left_gripper_1: left_gripper_2' in capsys.readouterr().out


@pytest.mark.parametrize(('names', 'groups'), [
    (('left_wrist_yaw_joint', 'right_wrist_yaw_joint'), ('left_arm', 'right_arm')),
    (('arm_l_1', 'arm_r_1'), ('left_arm', 'right_arm')),
    (('LShoulderPitch', 'RShoulderPitch'), ('left_arm', 'right_arm')),
    (('R_UTHUMB', 'L_UTHUMB'), ('right_hand', 'left_hand')),
    (('R_ff_j1', 'L_ff_j1'), ('right_hand', 'left_hand')),
    (('shoulder_lift_joint', 'gripper'), ('arm', 'hand')),
    (('WAIST_R', 'NECK_R'), ('waist', 'head')),
    (('WRIST_R', 'ELBOW'), ('arm', 'arm')),
    (('torso_lift_joint', 'head_pan'), ('waist', 'head')),
])
def test_names_tell_part_and_side(tmp_path, names, groups):
    file = tmp_path / 'r.urdf'
    file.write_text(urdf([joint(names[0], 'base', 'torso', LIMIT),
                          joint(names[1], 'torso', 'left_upper', LIMIT)], LINKS[:3]))
    made = draft(read_tree(file), Wishes())
    assert {name: group for group, members in made.groups.items() for name in members} == dict(
        zip(names, groups, strict=True))


def test_names_that_tell_nothing_are_asked_for(file, capsys):
    file.write_text(urdf().replace('left_elbow', 'joint_a3'))
    assert "group of joint_a3: give it, for example --group arm='joint_a3'" in refusal(
        file, capsys)
    code, target = run(file, *COMPLETE, '--group', 'left_arm=joint_a*')
    assert code == 0
    assert load_embodiment(target).groups['left_arm'] == ('L_shoulder_R', 'joint_a3')


def test_legs_are_never_commanded_unasked(file, capsys):
    file.write_text(urdf().replace('torso_R', 'left_hip_yaw'))
    said = refusal(file, capsys)
    assert 'left_leg' in said
    assert '--only left_arm left_hand right_arm' in said
    code, target = run(file, '--only', 'left_arm')
    assert code == 1
    assert 'left_hip_yaw' not in target.read_text()
    assert 'not commanded, left_leg: left_hip_yaw' in capsys.readouterr().out


@pytest.mark.parametrize(('arguments', 'why'), [
    (('--only', 'left_amr'), "no group 'left_amr': did you mean 'left_arm'?"),
    (('--home', 'left_elbwo=0'), "no joint fits 'left_elbwo': did you mean 'left_elbow'?"),
    (('--home', '2.4'), 'joints.torso_R.home: 2.4 must lie within [-1.23456, 2.34567]'),
    (('--velocity', '4'), "joints.torso_R.velocity: 4 is beyond the robot's 3.14159"),
    (('--group', 'arm=x*'), "no joint fits 'x*'"),
    (('--controller', 'left_arm=arm_controller/follow'), "'follow' does not tell"),
    (('--controller', 'arm=arm_controller/commands'), "no group 'arm'"),
    ((*COMPLETE, '--controller', 'left_arm=b/commands'), "'L_shoulder_R' appears twice"),
])
def test_a_wish_that_does_not_fit_is_refused(file, capsys, arguments, why):
    assert why in refusal(file, capsys, *arguments)


@pytest.mark.parametrize(('text', 'why'), [
    ('not xml', 'is not XML'),
    ('<mujoco/>', 'a URDF is needed'),
    ('<robot><xacro:include filename="a"/></robot>', 'is xacro'),
    (urdf(JOINTS[1:]), 'has 2 links that no joint carries'),
    (urdf(JOINTS, LINKS[:-1]), "joins 'torso' and 'right_upper'"),
    (urdf([], ('base',)), 'none that moves by itself'),
])
def test_a_urdf_of_no_robot_is_refused(file, capsys, text, why):
    file.write_text(text)
    assert why in refusal(file, capsys)


def test_a_file_that_is_there_is_not_overwritten(file, capsys):
    _, target = run(file, *COMPLETE)
    before = target.read_text()
    assert run(file)[0] == 2
    assert 'exists' in capsys.readouterr().err
    assert target.read_text() == before


@pytest.mark.parametrize('arguments', [
    ('--home', 'fast'), ('--home', 'nan'), ('--group', 'arm'), ('--controller', 'left_arm'),
    ('--controller', 'left_arm=/body/commands')])
def test_arguments_of_the_wrong_form_are_refused(file, arguments):
    with pytest.raises(SystemExit):
        run(file, *arguments)


def test_a_joint_without_end_stops_is_asked_for_its_limits(file, capsys):
    file.write_text(urdf([*JOINTS[:-2], joint(
        'left_wrist', 'left_fore', 'left_tip', kind='continuous')], LINKS[:5] + LINKS[6:]))
    assert run(file)[0] == 1
    said = capsys.readouterr().out
    assert all(f'joints.left_wrist.{key}' in said for key in ('lower', 'upper', 'velocity'))
