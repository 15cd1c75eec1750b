"""The simulated humanoid on the topics of a real one."""
