"""The instruction in force, and the epoch that voids plans of earlier ones."""

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assignment:
    """An instruction with its place in history.

    Attributes:
        text: The sentence; empty means nothing to do.
        instruction_id: Identifies this setting of an instruction.
        epoch: Grows with every new instruction or reset.
    """

    text: str
    instruction_id: int
    epoch: int


class InstructionRegister:
    """Holds the newest assignment; may be set from any thread.

    Args:
        first_epoch: Start of the epochs. A process that starts later must begin higher, else
            nobody would accept its tokens.
    """

    def __init__(self, first_epoch: int) -> None:
        self._lock = threading.Lock()
        self._current = Assignment('', 0, first_epoch)

    @property
    def current(self) -> Assignment:
        """The assignment in force."""
        return self._current

    def assign(self, text: str) -> Assignment:
        """Put `text` in force under a new id and epoch."""
        with self._lock:
            old = self._current
            self._current = Assignment(text.strip(), old.instruction_id + 1, old.epoch + 1)
            return self._current

    def renew(self) -> Assignment:
        """Keep the instruction and void every plan made for it so far."""
        with self._lock:
            old = self._current
            self._current = Assignment(old.text, old.instruction_id, old.epoch + 1)
            return self._current
