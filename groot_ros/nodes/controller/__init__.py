"""System 1, the control tick, and what stops it."""
