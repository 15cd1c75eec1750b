"""The one error of this room, and the sentence that offers what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

OPEN = 'FILL_IN'
"""What `new_embodiment` writes where the robot's description does not say a value."""


class EmbodimentError(ValueError):
    """An embodiment that no robot can be driven with: names the file, the key and the remedy.

    Attributes:
        file: The YAML file, or None for an embodiment made in code.
        key: Path of the offending key, for example `joints.left_elbow_joint.lower`.
        problem: What was expected, what came and what to do.
    """

    def __init__(self, key: str, problem: str, file: str | None = None) -> None:
        """Keep the facts; the sentence is made when it is printed."""
        super().__init__(key, problem, file)
        self.key = key
        self.problem = problem
        self.file = file

    def __str__(self) -> str:
        """Return `file: key: problem`."""
        return ': '.join(part for part in (self.file, self.key, self.problem) if part)

    def in_file(self, file: str) -> EmbodimentError:
        """Return the same error with the file it was found in."""
        return EmbodimentError(self.key, self.problem, file)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a sentence that names the closest of the known names, else all of them."""
    names = list(known)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    return f'known: {", ".join(names)}' if names else 'there are none'
