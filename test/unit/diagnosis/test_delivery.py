"""Offered against requested QoS."""

import pytest

from groot_ros.diagnosis import Delivery, domain_of_port, mismatch


@pytest.mark.parametrize(('offered', 'wanted', 'said'), [
    (Delivery(True), Delivery(True), ''),
    (Delivery(True), Delivery(False), ''),
    (Delivery(False), Delivery(True), 'offered best effort, wanted reliable'),
    (Delivery(True, latched=True), Delivery(True), ''),
    (Delivery(True), Delivery(True, latched=True), 'offered volatile, wanted transient local'),
    (Delivery(True), Delivery(True, deadline=0.5),
     'offered no deadline, wanted a deadline of 0.5 s'),
    (Delivery(True, deadline=0.1), Delivery(True, deadline=0.5), ''),
    (Delivery(False), Delivery(True, latched=True),
     'offered best effort, wanted reliable; offered volatile, wanted transient local'),
])
def test_what_keeps_messages_away_is_named(
    offered: Delivery, wanted: Delivery, said: str
) -> None:
    assert mismatch(offered, wanted) == said


@pytest.mark.parametrize(('port', 'domain'), [
    (7410, 0), (7411, None), (7660, 1), (17910, 42), (7400, None), (7160, None), (65660, None)])
def test_a_port_tells_its_domain(port: int, domain: int | None) -> None:
    assert domain_of_port(port) == domain
