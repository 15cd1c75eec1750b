"""A bag in the place of the robot."""
