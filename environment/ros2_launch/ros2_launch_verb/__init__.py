"""`ros2 launch` for a ROS 2 that comes without it."""
