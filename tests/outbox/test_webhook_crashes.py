"""A worker that dies at any named point on the way in and out of a webhook channel: tests/crash kills its intake."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.kernel.crash import POINTS
from hub.kernel.http import Door
from hub.kernel.hub import Hub
from hub.outbox.model import State
from hub.testing.server import FakeServer
from tests.outbox.world import World
from tests.plugins.webhook_desk import WebhookDesk

HELLO = {"id": "17", "text": "Where is my order?", "author": {"id": "lena", "name": "Lena Brandt"}}
HERE = [point for point in POINTS if point.partition(".")[0] in ("pull", "send", "resolve")]


@pytest.fixture
def receiver(hub: Hub) -> Iterator[FakeServer]:
    with FakeServer() as receiver:
        hub.door = Door(allow=[receiver.address])
        yield receiver


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("point", HERE)
def test_a_delivery_comes_in_once_and_its_answer_leaves_under_one_id_although_a_worker_died_at(
    point: str, hub: Hub, receiver: FakeServer
) -> None:
    if point.startswith("resolve."):
        receiver.on("POST", "/replies").drops()
    receiver.on("POST", "/replies").answers(200, json={"id": "r9"})
    desk = WebhookDesk(hub, reply_url=f"{receiver.url}/replies", repeats="yes")
    world = World(hub=hub, fake=desk.fake, desk=desk)

    desk.is_sent(HELLO)
    world.pulls(dies_at=point)
    world.pulls()
    assert (desk.texts(), desk.waiting()) == (["Where is my order?"], 0)
    outbox_id = desk.answers("On its way.")
    world.ticks(11)
    world.sends("anna", dies_at=point)
    world.passes_every_deadline()
    world.resolves("anna", dies_at=point)
    world.dies("anna")
    for _ in range(6):
        world.passes_every_deadline()
        world.resolves("clara")
        world.sends("clara")
    assert desk.item(outbox_id).state is State.SENT
    (name,) = {arrival.headers["webhook-id"] for arrival in receiver.arrivals}
    assert name == desk.item(outbox_id).key
    assert len(receiver.arrivals) == (2 if point == "send.answered" or point.startswith("resolve.") else 1)
    desk.is_sent({**HELLO, "text": "Where is order 5?"}, name="d2")
    world.pulls()
    assert desk.texts() == ["Where is order 5?", "On its way."]
