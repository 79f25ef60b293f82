"""The same, told as often and by as many ways as networks do, much of it while nobody works, and none for hours."""

from __future__ import annotations

import os
import threading
from collections import Counter

import pytest

from hub.channels.model import ChannelState
from hub.channels.webhook.store import HANDED_OVER_MOST
from hub.engine import store as workers
from hub.errors import Unavailable
from hub.inbox.pull import claim_due, pull_leased
from hub.kernel.hub import Hub
from hub.outbox.model import State
from hub.outbox.send import send_due
from hub.testing.fake import FakeNetwork
from tests.desk import Desk
from tests.inbox.post_office import PostOffice

BACKLOG = int(os.environ.get("HUB_BACKLOG", "450"))
"""Deliveries that came while no worker ran; 100,000 take some minutes."""


def test_what_is_delivered_a_hundred_times_at_once_and_polled_as_well_is_there_once(
    hub: Hub, fake: FakeNetwork
) -> None:
    office = PostOffice(hub, fake)
    office.told = ["hello"]
    at_work, answers = threading.Event(), []

    def post(sender: int) -> None:
        # Under names of their own and under the same one: a network may do either.
        answers.extend([office.is_sent("hello", name=f"{sender}.{n}" if n % 2 else "again") for n in range(10)])

    def pull(worker: str) -> None:
        with hub.database.transaction() as session:
            workers.beat(session, worker, role="worker", now=hub.clock())
        while not at_work.is_set() or office.waiting():
            for lease in claim_due(hub, worker):
                pull_leased(hub, office.connectors, lease)

    posting = [threading.Thread(target=post, args=(number,)) for number in range(10)]
    pulling = [threading.Thread(target=pull, args=(name,)) for name in ("anna", "boris")]
    for thread in (*posting, *pulling):
        thread.start()
    for thread in posting:
        thread.join()
    at_work.set()
    for thread in pulling:
        thread.join()
    assert len(answers) == 100
    assert Counter(answer.is_new for answer in answers) == {True: 51, False: 49}
    assert office.texts() == ["hello"]


def test_what_came_while_nobody_worked_comes_in_whole_in_order_and_by_portions(hub: Hub, fake: FakeNetwork) -> None:
    office = PostOffice(hub, fake)
    for number in range(BACKLOG):
        office.is_sent(f"message {number}")
    while office.waiting():
        for lease in claim_due(hub, "worker"):
            pull_leased(hub, office.connectors, lease)
    with hub.database.reading() as session:
        rows = session.all("SELECT text FROM messages WHERE direction = 'in' ORDER BY id")
    assert [row["text"] for row in rows] == [f"message {number}" for number in range(BACKLOG)]
    assert max(office.portions) == HANDED_OVER_MOST < BACKLOG


@pytest.mark.parametrize("hours", [6])
def test_a_network_that_was_away_for_hours_is_caught_up_with_and_answered_once_and_in_order(
    desk: Desk, fake: FakeNetwork, hours: int
) -> None:
    fake.says("before")
    desk.pulls()
    conversation_id = desk.lines()[0].conversation.id
    for number in range(3):
        desk.answers(f"answer {number}", conversation_id=conversation_id)
    fake.says("meanwhile")
    tries = 0
    for _ in range(hours * 60):
        fake.fails_to_pull(Unavailable("unreachable"))
        fake.fails("down")
        desk.hub.clock.tick(60)  # type: ignore[attr-defined]
        for lease in claim_due(desk.hub, desk.worker):
            pull_leased(desk.hub, desk.connectors, lease)
            tries += 1
        send_due(desk.hub, desk.connectors, desk.worker)
        fake.recovers()
    assert desk.channel.state is ChannelState.ACTIVE
    assert desk.channel.trouble is not None and desk.channel.trouble.code == "unavailable"
    assert tries < 30, "it was asked as if it were there"
    assert fake.arrivals == []
    for _ in range(8):
        desk.hub.clock.tick(3600)  # type: ignore[attr-defined]
        for lease in claim_due(desk.hub, desk.worker):
            pull_leased(desk.hub, desk.connectors, lease)
        send_due(desk.hub, desk.connectors, desk.worker)
    assert [arrival.text for arrival in fake.arrivals] == ["answer 0", "answer 1", "answer 2"]
    with desk.hub.database.reading() as session:
        assert {row["state"] for row in session.all("SELECT state FROM outbox")} == {State.SENT}
    assert "meanwhile" in desk.texts()
    assert desk.channel.trouble is None
