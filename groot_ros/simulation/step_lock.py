"""When step-locked simulation may go on: no later than the policy, however slow the machine.

The simulator sends a tick, waits until the controller reports it done and all its commands are
here, and only then steps the physics. An image may take `vision_delay_ticks` until its goal
tokens must have reached the controller. So results do not depend on the load of the machine. A
replay does the same with the ticks of its bag.
"""


class StepLock:
    """Bookkeeping of one graph; all stamps are in nanoseconds of simulated time.

    Args:
        vision_delay_ticks: Ticks from an image to the tick that waits for its goal tokens.
    """

    def __init__(self, vision_delay_ticks: int) -> None:
        self._delay = vision_delay_ticks
        self.reset()

    def reset(self) -> None:
        """Forget ticks and images in flight."""
        self._tick_stamp = 0
        self._done_stamp = 0
        self._tokens_stamp = 0
        self._commands_due = 0
        self._commands = 0
        self._images: list[tuple[int, int]] = []

    def image_sent(self, tick: int, stamp: int) -> None:
        """Note that the image of `tick` went out."""
        self._images.append((tick + self._delay, stamp))

    def require_tokens(self) -> None:
        """Let no further tick start before the tokens of every image sent so far are held."""
        self._images = [(0, stamp) for _, stamp in self._images]

    def tick_sent(self, stamp: int) -> None:
        """Note that the joint state of a tick goes out; count its commands from here."""
        self._tick_stamp = stamp
        self._commands = 0

    def command_received(self) -> None:
        """Count one command message."""
        self._commands += 1

    def step_done(self, stamp: int, tokens_stamp: int, commands: int) -> None:
        """Note what the controller reported: tick done, newest tokens held, commands sent."""
        self._tokens_stamp = max(self._tokens_stamp, tokens_stamp)
        if stamp == self._tick_stamp and stamp > self._done_stamp:
            self._done_stamp = stamp
            self._commands_due = commands

    def tokens_are_here(self, tick: int) -> bool:
        """Return whether `tick` may start: the tokens of every image due by then are held."""
        self._images = [image for image in self._images if image[1] > self._tokens_stamp]
        return all(due > tick for due, _ in self._images)

    def forgive(self) -> None:
        """Wait no longer for the tokens of images sent so far, nor for the last tick."""
        self._images.clear()
        self._done_stamp, self._commands_due = self._tick_stamp, 0

    def tick_is_done(self) -> bool:
        """Return whether the tick sent last is reported done and all its commands are here."""
        return self._done_stamp == self._tick_stamp and self._commands >= self._commands_due
