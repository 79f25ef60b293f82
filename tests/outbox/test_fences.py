"""A worker that lost its claim and does not know it yet: each thing it goes on to do is refused."""

from __future__ import annotations

from typing import Any

import pytest

from hub.channels.model import ChannelState
from hub.connector import Receipt
from hub.errors import Unavailable
from hub.kernel.hub import Hub
from hub.outbox.model import OutboxItem, State
from hub.outbox.resolve import claim_stuck, resolve_item
from hub.outbox.send import claim_due, send_item
from tests.desk import Desk, inline
from tests.outbox.networks import LooseNetwork
from tests.outbox.world import Meanwhile, World


@pytest.fixture
def world(hub: Hub) -> World:
    fake = LooseNetwork(hub.clock)
    world = World(hub=hub, fake=fake, desk=Desk(hub, fake))
    fake.says("a question")
    world.pulls()
    return world


def claimed(world: World, worker: str) -> OutboxItem:
    world.beats(worker)
    (item,) = claim_due(world.hub, worker)
    return item


def texts(world: World) -> list[str]:
    return [arrival.text for arrival in world.fake.arrivals]


def test_it_plans_nothing_and_leaves_the_claim_to_who_has_it_now(world: World) -> None:
    world.writes()
    world.ticks(11)
    stale = claimed(world, "anna")
    world.dies("anna")
    fresh = claimed(world, "boris")
    send_item(world.hub, world.desk.connectors, "anna", stale)
    assert world.item(world.written[0]).plan is None
    world.beats("boris")
    assert claim_due(world.hub, "clara") == []
    send_item(world.hub, world.desk.connectors, "boris", fresh)
    assert texts(world) == [world.written[0].text]


def test_it_begins_nothing_that_was_planned_before(world: World) -> None:
    world.writes()
    world.ticks(11)
    world.fake.fails("down")
    world.sends("anna")
    world.ticks(60)
    stale = claimed(world, "anna")
    assert stale.plan is not None
    world.dies("anna")
    fresh = claimed(world, "boris")
    send_item(world.hub, world.desk.connectors, "anna", stale)
    assert texts(world) == []
    send_item(world.hub, world.desk.connectors, "boris", fresh)
    assert texts(world) == [world.written[0].text]


def test_its_own_claim_of_before_is_a_lost_one_too(world: World) -> None:
    world.writes()
    world.ticks(11)
    world.fake.fails("down")
    world.sends("anna")
    world.ticks(60)
    stale = claimed(world, "anna")
    world.dies("anna")
    (again,) = claim_due(world.hub, "anna")
    send_item(world.hub, world.desk.connectors, "anna", stale)
    assert texts(world) == []
    send_item(world.hub, world.desk.connectors, "anna", again)
    assert texts(world) == [world.written[0].text]


def test_what_was_claimed_before_the_machine_was_started_again_is_free(world: World) -> None:
    world.writes()
    world.ticks(11)
    claimed(world, "anna")
    world.beats("anna")
    assert claim_due(world.hub, "boris") == []
    with world.hub.database.transaction() as session:
        session.run("UPDATE workers SET epoch = 'another boot' WHERE id = 'anna'")
    assert [item.id for item in claim_due(world.hub, "boris")] == [world.written[0].outbox_id]


def test_a_call_of_before_the_machine_was_started_again_is_over(world: World) -> None:
    """Its deadline was measured from another start: by ours it may be years ahead."""
    world.writes()
    world.ticks(11)
    world.sends("anna", dies_at="send.begun")
    world.beats("boris")
    assert claim_stuck(world.hub, "boris") == []
    with world.hub.database.transaction() as session:
        session.run("UPDATE outbox SET sending_epoch = 'another boot', sending_until_ms = :ms", ms=2**60)
    assert [item.id for item in claim_stuck(world.hub, "boris")] == [world.written[0].outbox_id]


def test_its_look_up_of_before_counts_no_more(world: World) -> None:
    world.writes()
    world.ticks(11)
    world.sends("anna", dies_at="send.begun")
    world.passes_every_deadline()
    world.beats("anna")
    (stale,) = claim_stuck(world.hub, "anna")
    world.passes_every_deadline()
    (again,) = claim_stuck(world.hub, "anna")
    resolve_item(world.hub, world.desk.connectors, "anna", stale)
    assert world.item(world.written[0]).state is State.SENDING
    resolve_item(world.hub, world.desk.connectors, "anna", again)
    assert world.item(world.written[0]).state is State.QUEUED


def test_its_failure_does_not_end_the_call_of_another(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.writes()
    world.ticks(11)

    def fails_when_another_has_begun(*_: object) -> None:
        monkeypatch.undo()
        world.desk.connectors = inline(world.hub)
        world.passes_every_deadline()
        world.resolves("boris")
        world.ticks(60)
        world.sends("boris", dies_at="send.begun")
        raise Unavailable("unreachable")

    monkeypatch.setattr(world.fake, "accept", fails_when_another_has_begun)
    world.sends("anna")
    assert world.item(world.written[0]).state is State.SENDING, "boris's call may be under way"
    world.recovers()
    assert texts(world) == [world.written[0].text]


def test_nobody_looks_after_a_call_before_its_time_is_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the network has not taken yet would seem not to have arrived, and be sent again beside it."""
    world.writes()
    world.ticks(11)
    accept, found = world.fake.accept, list[OutboxItem]()

    def is_slow(*arguments: Any) -> Receipt:
        world.ticks(3600)  # of the clock people set, which no deadline is measured by
        world.beats("boris")
        found.extend(claim_stuck(world.hub, "boris"))
        return accept(*arguments)

    monkeypatch.setattr(world.fake, "accept", is_slow)
    world.sends("anna")
    assert found == []
    assert texts(world) == [world.written[0].text]


def test_a_part_whose_echo_came_meanwhile_is_not_sent_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox_id = world.desk.answers("one\n---\ntwo")
    world.ticks(11)
    world.fake.fails("drop")
    with monkeypatch.context() as patched:
        # A network that shows what it has a moment later.
        patched.setattr(world.fake, "look_up", lambda *_: None)
        world.sends("anna")
        world.passes_every_deadline()
        world.resolves("anna")
    world.ticks(60)
    claim = claimed(world, "anna")
    assert claim.parts == (None, None)
    world.pulls()
    send_item(world.hub, world.desk.connectors, "anna", claim)
    assert texts(world) == ["one"]
    world.sends("anna")
    assert texts(world) == ["one", "two"]
    assert world.desk.item(outbox_id).state is State.SENT


def test_a_channel_that_is_paused_or_asked_for_silence_sends_nothing(world: World) -> None:
    world.writes()
    world.ticks(11)
    for column, value, free in (("state", "paused", "active"), ("quiet_until", 2**60, None)):
        set_channel(world, column, value)
        world.sends("anna")
        assert texts(world) == []
        set_channel(world, column, free)
    world.sends("anna")
    assert texts(world) == [world.written[0].text]


def set_channel(world: World, column: str, value: object) -> None:
    with world.hub.database.transaction() as session:
        session.run(f"UPDATE channels SET {column} = :value", value=value)  # noqa: S608


def test_what_was_claimed_before_a_channel_was_paused_waits_until_it_goes_on(world: World) -> None:
    world.writes(parts=2)
    world.ticks(11)
    stale = claimed(world, "anna")
    world.pauses()
    send_item(world.hub, world.desk.connectors, "anna", stale)
    assert texts(world) == []
    world.resumes()
    world.sends("anna", meanwhile=Meanwhile("send.settled", world.pauses))
    assert texts(world) == world.written[0].parts[:1], "paused between two parts"
    world.recovers()
    assert texts(world) == world.written[0].parts[:1]
    world.resumes()
    world.recovers()
    assert texts(world) == world.written[0].parts
    assert world.item(world.written[0]).state is State.SENT


def test_a_pause_outlasts_what_a_call_under_way_brings(world: World) -> None:
    world.writes()
    world.ticks(11)
    world.fake.fails("signed_out")
    world.sends("anna", meanwhile=Meanwhile("send.begun", world.pauses))
    world.signs_in()
    world.recovers()
    assert texts(world) == []
    assert world.desk.channel.state is ChannelState.PAUSED
    world.resumes()
    world.recovers()
    assert texts(world) == [world.written[0].text]
