"""A person's hands as joint targets: poses, jogging, clutch, inverse kinematics. No rclpy."""
