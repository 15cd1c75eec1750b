"""What the robot achieved, counted: episodes, failures by kind, intervals, tables; no ROS."""
