"""What a person has sent again: under the ids it has where it may have arrived, and late echoes find their message."""

from __future__ import annotations

import pytest

from hub.connector import Features, Incoming
from hub.inbox.model import Message, Origin
from hub.inbox.store import messages
from hub.inbox.undo import cancel_reply
from hub.kernel.hub import Hub
from hub.outbox import decide
from hub.outbox.model import State
from hub.testing.fake import US, FakeNetwork
from tests.desk import Desk
from tests.outbox.networks import LooseNetwork

BLIND = Features(send=True, reconcile=False, reserves=True, threads=True)


def unsure(hub: Hub, fake: FakeNetwork, *, features: Features = BLIND) -> tuple[Desk, int]:
    """A reply that arrived while nobody knows: its answer was lost, and the network cannot be asked."""
    desk = Desk(hub, fake, features=features)
    fake.says("a question")
    desk.pulls()
    outbox_id = desk.answers("the answer")
    fake.fails("drop")
    works(desk)
    assert desk.item(outbox_id).state is State.UNKNOWN
    return desk, outbox_id


def works(desk: Desk) -> None:
    """Send what is due and look after what became of it."""
    desk.waits(11)
    with desk.hub.database.transaction() as session:
        session.run("UPDATE outbox SET sending_until_ms = 0")
    desk.resolves()


def said_by_us(desk: Desk) -> list[Message]:
    return [message for message in shown(desk) if message.origin is not Origin.REMOTE]


def shown(desk: Desk) -> list[Message]:
    with desk.hub.database.reading() as session:
        found = messages.of_conversation(session, desk.lines()[0].conversation.id, limit=100)
    return sorted(found, key=lambda message: message.id)


def holds_back(fake: FakeNetwork) -> list[object]:
    """The network has it, and does not tell yet: its echoes so far."""
    echoes = [told for told in fake.feed if isinstance(told, Incoming) and told.author.is_us]
    for echo in echoes:
        fake.feed.remove(echo)
    return list(echoes)


def test_what_may_have_arrived_goes_out_again_under_the_id_it_has(hub: Hub) -> None:
    fake = FakeNetwork(hub.clock)
    desk, outbox_id = unsure(hub, fake)
    decide.retry(hub, outbox_id)
    works(desk)
    assert desk.item(outbox_id).state is State.SENT
    assert [arrival.text for arrival in fake.arrivals] == ["the answer"]


def test_what_was_surely_refused_is_planned_anew_under_another_id(hub: Hub) -> None:
    fake = FakeNetwork(hub.clock)
    desk = Desk(hub, fake)
    fake.says("a question")
    desk.pulls()
    outbox_id = desk.answers("the answer")
    fake.fails("refuse")
    works(desk)
    refused = desk.item(outbox_id).plan
    decide.retry(hub, outbox_id)
    works(desk)
    again = desk.item(outbox_id).plan
    assert refused is not None
    assert again is not None
    assert refused.parts[0].reserved != again.parts[0].reserved
    assert len(fake.arrivals) == 1


def test_an_id_that_belongs_to_something_else_is_not_taken_again(hub: Hub) -> None:
    fake = FakeNetwork(hub.clock)
    desk, outbox_id = unsure(hub, fake)
    with hub.database.transaction() as session:
        session.run("UPDATE outbox SET error_reason = 'another_record' WHERE id = :id", id=outbox_id)
    before = desk.item(outbox_id).key
    decide.retry(hub, outbox_id)
    assert desk.item(outbox_id).key != before


@pytest.mark.parametrize("network", [FakeNetwork, LooseNetwork])
def test_a_late_echo_ends_the_sending_again_before_it_leaves(hub: Hub, network: type[FakeNetwork]) -> None:
    fake = network(hub.clock)
    desk, outbox_id = unsure(hub, fake)
    decide.retry(hub, outbox_id)
    desk.pulls()
    works(desk)
    assert desk.item(outbox_id).state is State.SENT
    assert len(fake.arrivals) == 1
    assert [(message.origin, message.outbox_id) for message in said_by_us(desk)] == [(Origin.HUB, outbox_id)]


@pytest.mark.parametrize("network", [FakeNetwork, LooseNetwork])
def test_a_late_echo_of_what_was_planned_anew_finds_its_message(hub: Hub, network: type[FakeNetwork]) -> None:
    fake = network(hub.clock)
    desk, outbox_id = unsure(hub, fake)
    with hub.database.transaction() as session:
        session.run("UPDATE outbox SET state = 'failed', error_code = NULL WHERE id = :id", id=outbox_id)
    decide.retry(hub, outbox_id)
    desk.pulls()
    works(desk)
    assert desk.item(outbox_id).state is State.SENT
    assert len(fake.arrivals) == 1
    assert [(message.origin, message.outbox_id) for message in said_by_us(desk)] == [(Origin.HUB, outbox_id)]


def test_what_stands_there_twice_is_shown_twice_and_both_as_ours(hub: Hub) -> None:
    fake = LooseNetwork(hub.clock)
    desk, outbox_id = unsure(hub, fake)
    late = holds_back(fake)
    decide.retry(hub, outbox_id)
    works(desk)
    desk.pulls()
    assert len(fake.arrivals) == 2
    fake.feed.extend(late)  # type: ignore[arg-type]
    desk.pulls()
    ours = said_by_us(desk)
    assert [message.text for message in ours] == ["the answer", "the answer"]
    assert {message.origin for message in ours} == {Origin.HUB}
    assert {message.agent_id for message in ours} == {desk.agent}


def test_what_somebody_writes_there_after_all_tries_are_told_is_theirs(hub: Hub) -> None:
    fake = LooseNetwork(hub.clock)
    desk, outbox_id = unsure(hub, fake)
    decide.retry(hub, outbox_id)
    works(desk)
    desk.pulls()
    asked = shown(desk)[0].remote_id
    fake.says("the answer", id="typed there", by=US, parent=asked)
    desk.pulls()
    assert [message.origin for message in said_by_us(desk)] == [Origin.HUB, Origin.HUB, Origin.NATIVE]


def test_a_look_up_goes_back_to_an_earlier_try_under_the_same_id(hub: Hub) -> None:
    fake = FakeNetwork(hub.clock)
    desk, outbox_id = unsure(hub, fake)
    first = desk.item(outbox_id).sending_since
    decide.retry(hub, outbox_id)
    fake.fails("down")
    desk.waits(60)
    assert first is not None
    again = desk.item(outbox_id)
    assert again.sending_since is not None
    assert again.sending_since > first
    assert again.looked_for_since is not None
    assert again.looked_for_since <= first


@pytest.mark.parametrize("network", [FakeNetwork, LooseNetwork])
def test_what_was_given_up_and_had_arrived_is_ours_when_it_shows(hub: Hub, network: type[FakeNetwork]) -> None:
    fake = network(hub.clock)
    desk, outbox_id = unsure(hub, fake)
    cancel_reply(hub, outbox_id)
    desk.pulls()
    assert desk.item(outbox_id).state is State.SENT
    assert [(message.origin, message.outbox_id) for message in said_by_us(desk)] == [(Origin.HUB, outbox_id)]


def test_what_never_arrived_and_was_given_up_is_not_what_somebody_writes_there(hub: Hub) -> None:
    fake = LooseNetwork(hub.clock)
    desk = Desk(hub, fake)
    fake.says("a question", id="asked")
    desk.pulls()
    outbox_id = desk.answers("the answer")
    fake.fails("refuse")
    works(desk)
    cancel_reply(hub, outbox_id)
    fake.says("the answer", id="typed there", by=US, parent="asked")
    desk.pulls()
    assert desk.item(outbox_id).state is State.CANCELLED
    assert [message.origin for message in said_by_us(desk)] == [Origin.NATIVE]
