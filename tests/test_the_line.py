"""The line through the house, on both engines: a mention comes in, an answer goes out, once."""

from __future__ import annotations

import pytest

from hub.connector import Plan, Receipt, ReplyRules, Visibility
from hub.errors import Conflict, Invalid, StorageFull
from hub.inbox.model import ConversationState, Direction
from hub.inbox.store import replies
from hub.inbox.undo import undo_reply
from hub.kernel import log
from hub.outbox import decide
from hub.outbox import store as outbox
from hub.outbox.model import State
from hub.testing.fake import FakeConnector, FakeNetwork
from tests.desk import Desk


def test_a_mention_arrives_is_answered_and_its_echo_is_recognised(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("my cartridge light is red")
    assert desk.pulls().new == 1
    assert desk.lines()[0].conversation.unread == 1
    outbox_id = desk.answers("It is time for a new one.")
    desk.waits(11)
    assert [arrival.text for arrival in fake.arrivals] == ["It is time for a new one."]
    assert desk.item(outbox_id).state is State.SENT
    desk.pulls()
    assert desk.texts() == ["my cartridge light is red", "It is time for a new one."]
    assert desk.lines()[0].conversation.state is ConversationState.WAITING


def test_a_reply_taken_back_in_time_never_leaves(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello")
    desk.pulls()
    outbox_id = desk.answers("too hasty")
    desk.works()
    desk.waits(9)
    assert undo_reply(desk.hub, outbox_id).text == "too hasty"
    desk.waits(60)
    assert fake.arrivals == []
    assert desk.texts() == ["hello"]
    assert desk.lines()[0].conversation.state is ConversationState.OPEN


def test_a_reply_cannot_be_taken_back_once_it_left(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello")
    desk.pulls()
    outbox_id = desk.answers("there you go")
    desk.waits(11)
    with pytest.raises(Conflict):
        undo_reply(desk.hub, outbox_id)


@pytest.mark.parametrize(
    ("visibility", "proposed", "sent"),
    [
        (Visibility.PUBLIC, None, Visibility.PUBLIC),
        (Visibility.PUBLIC, Visibility.UNLISTED, Visibility.UNLISTED),
        (Visibility.DIRECT, Visibility.UNLISTED, Visibility.DIRECT),
    ],
)
def test_an_answer_goes_to_whom_the_network_proposes_and_never_wider(
    desk: Desk, fake: FakeNetwork, visibility: Visibility, proposed: Visibility | None, sent: Visibility
) -> None:
    fake.says("hello", visibility=visibility, reply=ReplyRules(visibility=proposed))
    desk.pulls()
    assert desk.item(desk.answers("yes")).request.visibility is sent


def test_a_reply_is_stored_with_what_sends_it_or_not_at_all(
    desk: Desk, fake: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StorageFull("full")

    fake.says("Is that normal?")
    desk.pulls()
    for place, name in ((replies, "add_reply"), (outbox, "add"), (log, "append")):
        with monkeypatch.context() as patched:
            patched.setattr(place, name, full)
            with pytest.raises(StorageFull):
                desk.answers("It is.", key="pressed")
        with desk.hub.database.reading() as session:
            assert session.all("SELECT id FROM outbox") == []
        assert desk.texts() == ["Is that normal?"]
    desk.answers("It is.", key="pressed")
    desk.waits(11)
    assert [arrival.text for arrival in fake.arrivals] == ["It is."]


def test_a_button_pressed_twice_sends_once(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello")
    desk.pulls()
    assert desk.answers("yes", key="form-1") == desk.answers("yes", key="form-1")
    desk.waits(11)
    assert len(fake.arrivals) == 1


def test_a_reply_whose_answer_was_lost_is_looked_up_and_never_sent_again(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello").fails("drop")
    desk.pulls()
    outbox_id = desk.answers("yes")
    desk.waits(11)
    assert desk.item(outbox_id).state is State.SENDING
    expire(desk)
    desk.resolves()
    assert desk.item(outbox_id).state is State.SENT
    assert len(fake.arrivals) == 1


def test_a_network_that_is_down_gets_the_reply_later(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello").fails("down", "down")
    desk.pulls()
    outbox_id = desk.answers("yes")
    desk.waits(11)
    assert desk.item(outbox_id).state is State.QUEUED
    desk.waits(60)
    desk.waits(60)
    assert desk.item(outbox_id).state is State.SENT
    assert len(fake.arrivals) == 1


def test_a_refused_reply_keeps_its_text_and_reason_and_a_retry_arrives_once(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello").fails("refuse")
    desk.pulls()
    outbox_id = desk.answers("yes")
    desk.waits(11)
    failed = desk.item(outbox_id)
    assert (failed.state, failed.request.text) == (State.FAILED, "yes")
    assert failed.trouble is not None and failed.trouble.detail == "no, thank you"
    decide.retry(desk.hub, outbox_id)
    desk.waits(1)
    assert [arrival.text for arrival in fake.arrivals] == ["yes"]


def test_a_rate_limit_keeps_the_whole_channel_quiet_until_it_ends(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello").fails("limit")
    desk.pulls()
    outbox_id = desk.answers("yes")
    desk.waits(11)
    desk.waits(60)
    assert desk.item(outbox_id).state is State.QUEUED
    desk.waits(31)
    assert desk.item(outbox_id).state is State.SENT


def test_a_rate_limit_that_never_ends_gives_the_reply_up_after_a_day(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello").fails(*["limit"] * 100)
    desk.pulls()
    outbox_id = desk.answers("yes")
    for _ in range(30):
        desk.waits(3600)
    failed = desk.item(outbox_id)
    assert (failed.state, fake.arrivals) == (State.FAILED, [])


def test_an_expired_sign_in_stops_the_channel_and_keeps_the_reply(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello").fails("signed_out")
    desk.pulls()
    outbox_id = desk.answers("yes")
    desk.waits(11)
    assert desk.channel.state == "signed_out"
    desk.waits(3600)
    assert desk.item(outbox_id).state is State.QUEUED
    assert fake.arrivals == []


def test_a_reply_in_parts_goes_on_at_the_part_that_failed(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello").fails("ok", "down")
    desk.pulls()
    desk.answers("first\n---\nsecond\n---\nthird")
    desk.waits(11)
    desk.waits(60)
    assert [arrival.text for arrival in fake.arrivals] == ["first", "second", "third"]


def test_each_part_of_a_reply_is_told_what_it_follows_also_after_a_pause(
    desk: Desk, fake: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[str | None] = []

    def send(self: FakeConnector, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        followed.append(None if previous is None else previous.remote_id)
        return self.network.accept(plan, part)

    monkeypatch.setattr(FakeConnector, "send", send)
    fake.says("hello").fails("ok", "ok", "down")
    desk.pulls()
    desk.answers("first\n---\nsecond\n---\nthird")
    desk.waits(11)
    desk.waits(60)
    assert followed == [None, "a1", "a2", "a2"]


def test_an_answer_written_in_the_networks_own_app_settles_the_conversation(desk: Desk, fake: FakeNetwork) -> None:
    from hub.testing.fake import US

    fake.says("hello", id="q").says("we are on it", by=US, parent="q")
    desk.pulls()
    assert [message.direction for message in desk.conversation()] == [Direction.IN, Direction.OUT]
    line = desk.lines()[0].conversation
    assert (line.state, line.unread) == (ConversationState.WAITING, 0)


def test_an_empty_or_overlong_reply_is_refused_where_it_is_written(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello")
    desk.pulls()
    with pytest.raises(Invalid, match="empty"):
        desk.answers("  \n ")
    with pytest.raises(Invalid, match="too_long"):
        desk.answers("x" * 501)


def expire(desk: Desk) -> None:
    """Let the deadline of everything that is being sent pass, which no test can wait for."""
    with desk.hub.database.transaction() as session:
        session.run("UPDATE outbox SET sending_until_ms = 0")
