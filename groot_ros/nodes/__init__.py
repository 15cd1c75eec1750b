"""The ROS side: thin lifecycle nodes around the pure rooms. The only room that imports rclpy."""
