"""A page in the browser for who operates the robot."""
