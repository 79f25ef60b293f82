"""A worker that stands still between its commit and its call: when it is woken, its time is over."""

from __future__ import annotations

from hub.channels.connectors import SECONDS
from hub.kernel.clock import uptime_ns
from hub.outbox.model import State
from hub.testing.fake import FakeNetwork
from tests.desk import Desk, inline


def test_a_worker_woken_after_its_deadline_sends_nothing(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello")
    desk.pulls()
    outbox_id = desk.answers("yes")
    desk.connectors = inline(desk.hub, seconds={**SECONDS, "send": 0.02})
    desk.hub.reach = stands_still
    desk.waits(11)
    assert fake.arrivals == []
    assert desk.item(outbox_id).state is State.QUEUED


def stands_still(point: str) -> None:
    """At the point between the commit and the call, until the call's time is over."""
    woken = uptime_ns() + 40_000_000
    while point == "send.begun" and uptime_ns() < woken:
        pass
