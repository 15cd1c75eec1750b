"""Static frames of several publishers are all kept."""

from geometry_msgs.msg import TransformStamped
from rclpy.serialization import deserialize_message, serialize_message
from tf2_msgs.msg import TFMessage

from groot_ros.nodes.shared.static_frames import StaticFrames


def message(*frames, parent='base', height=0.0):
    transforms = []
    for frame in frames:
        transform = TransformStamped(child_frame_id=frame)
        transform.header.frame_id = parent
        transform.transform.translation.z = height
        transforms.append(transform)
    return serialize_message(TFMessage(transforms=transforms))


def seen(cdr):
    return {each.child_frame_id: each.transform.translation.z
            for each in deserialize_message(cdr, TFMessage).transforms}


def test_a_second_publisher_does_not_hide_the_first():
    frames = StaticFrames()
    assert seen(frames.merge(message('left', 'right'))) == {'left': 0.0, 'right': 0.0}
    assert seen(frames.merge(message('camera', height=1.0))) == {
        'left': 0.0, 'right': 0.0, 'camera': 1.0}


def test_the_newest_transform_to_a_frame_counts():
    frames = StaticFrames()
    frames.merge(message('left', 'right'))
    assert seen(frames.merge(message('left', height=2.0))) == {'left': 2.0, 'right': 0.0}
