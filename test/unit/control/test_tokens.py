from dataclasses import replace

import pytest

from groot_ros.control import HoldReason, TokenGate, TokenOrigin

GOOD = TokenOrigin(checkpoint='abc', embodiment='robot', epoch=3, stamp=10.0)


@pytest.fixture
def gate():
    gate = TokenGate('abc', 'robot', max_age=0.5)
    gate.require_epoch(3)
    return gate


def test_fresh_tokens_of_this_epoch_come_in(gate):
    assert gate.accept(GOOD, now=10.2) is None


@pytest.mark.parametrize(
    ('change', 'now', 'reason', 'advice'),
    [
        ({'checkpoint': 'xyz'}, 10.2, 'WRONG_CHECKPOINT', 'same checkpoint'),
        ({'embodiment': 'other'}, 10.2, 'WRONG_EMBODIMENT', 'same embodiment'),
        ({'epoch': 2}, 10.2, 'OLD_EPOCH', 'epoch 2, 3 is in force'),
        ({}, 10.6, 'STALE_TOKENS', '0.60 s ago, 0.50 s are allowed'),
        ({}, 9.5, 'CLOCK_JUMPED', '0.50 s ahead of this clock'),
    ],
)
def test_other_tokens_stay_out(gate, change, now, reason, advice):
    hold = gate.accept(replace(GOOD, **change), now)
    assert hold is not None
    assert hold.reason is HoldReason[reason]
    assert advice in hold.text


def test_newer_epochs_void_older_ones(gate):
    assert gate.accept(replace(GOOD, epoch=4), 10.2) is None
    assert gate.epoch == 4
    hold = gate.accept(GOOD, 10.2)
    assert hold is not None
    assert hold.reason is HoldReason.OLD_EPOCH


def test_refused_tokens_void_nothing(gate):
    gate.accept(replace(GOOD, epoch=9, checkpoint='xyz'), 10.2)
    assert gate.epoch == 3


def test_captures_from_before_a_reset_stay_out(gate):
    gate.void_captures_until(10.1)
    hold = gate.accept(GOOD, 10.2)
    assert hold is not None
    assert hold.reason is HoldReason.OLD_EPOCH
    assert gate.accept(replace(GOOD, stamp=10.15), 10.2) is None


def test_epochs_only_grow(gate):
    assert not gate.require_epoch(2)
    assert gate.epoch == 3
    assert gate.require_epoch(4)
