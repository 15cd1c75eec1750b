"""Training: demonstrations to a checkpoint, System 1 and System 2 in one loss."""
