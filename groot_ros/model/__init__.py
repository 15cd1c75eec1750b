"""The model: configuration, System 1, System 2, processor, checkpoints and runtimes."""
