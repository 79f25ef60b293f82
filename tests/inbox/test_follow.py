"""What becomes of a reply shows in the list: a question whose answer failed is still a question."""

from __future__ import annotations

from hub.inbox.follow import follow_outbox
from hub.inbox.model import ConversationState
from hub.kernel import log
from hub.outbox import decide
from hub.testing.fake import FakeNetwork
from tests.desk import Desk


def state(desk: Desk) -> ConversationState:
    follow_outbox(desk.hub)
    return desk.lines()[0].conversation.state


def test_a_reply_that_failed_leaves_its_conversation_open(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("where is my parcel?").fails("refuse")
    desk.pulls()
    desk.answers("on its way")
    assert state(desk) is ConversationState.WAITING
    desk.waits(11)
    assert state(desk) is ConversationState.OPEN
    assert desk.lines()[0].conversation.snippet == "where is my parcel?"


def test_sent_again_it_waits_again(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("where is my parcel?").fails("refuse")
    desk.pulls()
    outbox_id = desk.answers("on its way")
    desk.waits(11)
    decide.retry(desk.hub, outbox_id)
    assert state(desk) is ConversationState.WAITING
    desk.waits(1)
    assert state(desk) is ConversationState.WAITING


def test_everything_is_told_once_and_nothing_twice(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("where is my parcel?")
    desk.pulls()
    desk.answers("on its way")
    desk.waits(11)
    state(desk)
    version = desk.lines()[0].conversation.version
    state(desk)
    state(desk)
    assert desk.lines()[0].conversation.version == version


def test_it_goes_on_where_it_was_and_comes_to_the_end(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("where is my parcel?").fails("refuse")
    desk.pulls()
    desk.answers("on its way")
    desk.waits(11)
    for _ in range(2):  # what it tells itself is read the next time
        follow_outbox(desk.hub)
    with desk.hub.database.reading() as session:
        assert log.reader_position(session, "inbox") == log.newest(session)
        told = [each.kind for each in log.read(session, log.START)]
    follow_outbox(desk.hub)
    with desk.hub.database.reading() as session:
        assert [each.kind for each in log.read(session, log.START)] == told
