"""Notes: beside a conversation, for colleagues' eyes, and never at a network, in a list or in what is searched."""

from __future__ import annotations

import pytest

from hub.errors import Absent, Conflict, Invalid
from hub.inbox import indexing
from hub.inbox.model import ConversationState, Direction
from hub.inbox.note import LONGEST_NOTE, NoteDraft, write_note
from hub.inbox.search import search_conversations
from hub.inbox.version import version_of
from hub.kernel import log
from hub.people.model import OPERATOR
from tests.desk import Desk


@pytest.fixture
def asked(desk: Desk) -> Desk:
    desk.fake.says("is the light normal?")
    desk.pulls()
    return desk


def note(desk: Desk, text: str, *, key: str = "k1", conversation_id: int = 0) -> int:
    draft = NoteDraft(
        conversation_id=conversation_id or desk.lines()[0].conversation.id,
        agent_id=desk.agent,
        text=text,
        client_key=key,
    )
    return write_note(desk.hub, draft)


def test_a_note_stands_among_the_messages_with_who_wrote_it(asked: Desk) -> None:
    note_id = note(asked, "  20 °dH in her town.\r\nCall her.  ")
    theirs, written = asked.conversation()
    assert (theirs.direction, written.direction, written.id) == (Direction.IN, Direction.NOTE, note_id)
    assert (written.text, written.author_name) == ("20 °dH in her town.\nCall her.", "Ana Kovač")


def test_a_note_changes_nothing_the_list_shows(asked: Desk) -> None:
    before = asked.lines()[0].conversation
    note(asked, "secret")
    after = asked.lines()[0].conversation
    assert (after.snippet, after.state, after.last_at, after.unread, after.last_direction) == (
        before.snippet,
        ConversationState.OPEN,
        before.last_at,
        before.unread,
        Direction.IN,
    )
    assert after.version == before.version + 1


def test_a_note_that_is_the_newest_of_all_is_still_not_what_the_list_shows(asked: Desk) -> None:
    note(asked, "secret")
    asked.fake.says("is the RED light normal?", id="m1", revision="2")
    asked.pulls()
    after = asked.lines()[0].conversation
    assert (after.snippet, after.state, after.last_direction, after.unread) == (
        "is the RED light normal?",
        ConversationState.OPEN,
        Direction.IN,
        1,
    )


def test_a_note_never_leaves(asked: Desk) -> None:
    note(asked, "secret")
    asked.waits(60)
    asked.pulls()
    asked.answers("Yes, it is.")
    asked.waits(60)
    assert [arrival.text for arrival in asked.fake.arrivals] == ["Yes, it is."]
    assert [message.text for message in asked.conversation()] == ["is the light normal?", "secret", "Yes, it is."]


def test_a_note_is_not_found_by_a_search(asked: Desk) -> None:
    note(asked, "secret")
    indexing.sweep(asked.hub)
    with asked.hub.database.reading() as session:
        assert search_conversations(session, OPERATOR, "secret").hits == ()
        assert len(search_conversations(session, OPERATOR, "light").hits) == 1


def test_a_note_is_told_to_those_who_look(asked: Desk) -> None:
    with asked.hub.database.reading() as session:
        before = log.newest(session)
    note_id = note(asked, "Call her.")
    with asked.hub.database.reading() as session:
        [told] = log.read(session, before)
    assert (told.kind, told.event.message_id) == ("note_written", note_id)  # type: ignore[attr-defined]


def test_whoever_answers_has_to_have_seen_the_note(asked: Desk) -> None:
    conversation = asked.lines()[0].conversation
    with asked.hub.database.reading() as session:
        before = version_of(session, conversation)
    note(asked, "Do not answer, she called.")
    with asked.hub.database.reading() as session:
        after = version_of(session, asked.lines()[0].conversation)
    assert (after.number, after.newest) > (before.number, before.newest)


def test_a_button_pressed_twice_writes_one_note(asked: Desk) -> None:
    assert note(asked, "Call her.") == note(asked, " Call her. ")
    with pytest.raises(Conflict):
        note(asked, "Another one")
    assert len(asked.conversation()) == 2


@pytest.mark.parametrize(
    ("text", "reason"), [("", "empty"), (" \r\n ", "empty"), ("x" * (LONGEST_NOTE + 1), "too_long")]
)
def test_a_note_says_something_and_not_too_much(asked: Desk, text: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        note(asked, text)
    assert (refused.value.field, refused.value.reason) == ("text", reason)


def test_a_note_needs_its_conversation(asked: Desk) -> None:
    with pytest.raises(Absent):
        note(asked, "Call her.", conversation_id=4711)
