"""System 1: the flow-matching diffusion transformer that turns goal tokens into motion."""
