"""One compiled world for all tests of this room: compiling takes most of their time."""

from collections.abc import Iterator

import pytest

from groot_ros.simulation.world import TabletopWorld


@pytest.fixture(scope='session')
def world() -> Iterator[TabletopWorld]:
    with TabletopWorld() as shared:
        yield shared
