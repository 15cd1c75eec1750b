"""A small part of benchmarks/limits.py: no chunk makes a limit break."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groot_ros.control.limit_check import Violations

BENCHMARK = Path(__file__).resolve().parents[3] / 'benchmarks' / 'limits.py'


@pytest.fixture(scope='module')
def attack():
    specification = importlib.util.spec_from_file_location('benchmark_of_limits', BENCHMARK)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return lambda seed, block: module.run_block((seed, block), chunks=40)


def violations(found):
    return Violations(**{name: found[name] for name in Violations._fields})


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), block=st.integers(0, 7))
def test_no_chunk_breaks_a_limit(attack, seed, block):
    found = attack(seed, block)
    assert violations(found) == Violations()
    assert found['endless_stops'] == 0
    assert found['accepted'] + found['refused'] == 40
