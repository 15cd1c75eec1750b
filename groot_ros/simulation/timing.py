"""How control ticks and physics steps go together."""

CONTROL_HZ = 120.0
STEPS_PER_SECOND = 500


def steps_until(tick: int) -> int:
    """Return the physics steps before a control tick: 500 a second do not divide by 120."""
    return round(tick * STEPS_PER_SECOND / CONTROL_HZ)
