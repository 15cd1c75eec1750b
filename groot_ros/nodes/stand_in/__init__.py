"""What takes the place of a robot that is not there."""
