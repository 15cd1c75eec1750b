"""Cameras and joints to observations."""
