"""A person's hands in, joint commands out."""
