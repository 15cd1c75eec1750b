"""Settings of all tests."""

from hypothesis import settings

# No assertion here may depend on how busy the machine is.
settings.register_profile('groot_ros', deadline=None)
settings.load_profile('groot_ros')
