"""Names of message types."""


def type_name(kind: type) -> str:
    """Return the ROS name of a message class, such as 'sensor_msgs/msg/Image'."""
    package, _, _ = kind.__module__.split('.', 2)
    return f'{package}/msg/{kind.__name__}'
