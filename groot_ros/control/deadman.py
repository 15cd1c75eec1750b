"""A button that somebody has to hold while the robot moves."""

from __future__ import annotations

from groot_ros.control.watchdog import Hold, HoldReason


class Deadman:
    """Lets the robot move while the button is reported as pressed.

    Args:
        timeout: Silence of the input that counts as a release [s].
        name: What is held, for messages.
        advice: What to do when nothing is heard of it.
    """

    def __init__(
        self, timeout: float, name: str = 'deadman button',
        advice: str = 'is joy running, with autorepeat_rate set?',
    ) -> None:
        self._timeout = timeout
        self._name = name
        self._advice = advice
        self._pressed = False
        self._heard: float | None = None

    def update(self, pressed: bool, now: float) -> None:
        """Take the button as it is at `now` [s]."""
        self._pressed, self._heard = pressed, now

    def forget(self) -> None:
        """Count as released until the button is reported again."""
        self._heard = None

    def check(self, now: float) -> Hold | None:
        """Return why the robot must rest at `now` [s], None while the button is held."""
        if self._heard is None:
            return _released(f'nothing is heard of the {self._name}: {self._advice}')
        silence = now - self._heard
        if silence > self._timeout:
            return _released(
                f'nothing is heard of the {self._name} for {silence:.2f} s, '
                f'{self._timeout:.2f} s are allowed: {self._advice}')
        if not self._pressed:
            return _released(f'the {self._name} is released: hold it to move')
        return None


def _released(text: str) -> Hold:
    return Hold(HoldReason.DEADMAN_RELEASED, text)
