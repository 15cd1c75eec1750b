"""Data: demonstrations on disk and the language of the tasks."""
