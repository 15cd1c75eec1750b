"""System 1 in a process of its own, beside the tick."""
