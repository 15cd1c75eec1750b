"""System 2 and the instruction in force."""
