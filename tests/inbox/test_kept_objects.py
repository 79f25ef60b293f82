"""Messages and lines that are made once for as long as their row says the same are made anew when it says another."""

from __future__ import annotations

from hub.inbox.model import Line, Message
from hub.inbox.store import conversations, messages
from hub.kernel.html import CLEAN_VERSION
from hub.testing.fake import FakeNetwork
from tests.desk import Desk

OF_A_MESSAGE = {
    "messages": {
        "text": "'Another text'",
        "html": "'<p>Another text</p>'",
        "content_warning": "'Spoilers'",
        "visibility": "'direct'",
        "language": "'de'",
        "moderation": "'spam'",
        "done": """'["like"]'""",
        "reply": """'{"allowed": false, "why_not": "read_only"}'""",
        "permalink": "'https://social.example/1'",
        "created_at": "created_at + 1",
        "edited_at": "1800000000000000",
        "deleted_at": "1800000000000000",
        "date_guessed": "1",
    },
    "identities": {"name": "'Petra Novak'", "handle": "'@petra'", "trust": "'claimed'"},
}
OF_A_LINE = {
    "conversations": {
        "state": "'waiting'",
        "snippet": "'Another text'",
        "last_direction": "'out'",
        "last_at": "last_at + 1",
        "unread": "5",
        "visibility": "'direct'",
        "language": "'de'",
        "version": "version + 1",
    },
    "identities": {"name": "'Petra Novak'", "handle": "'@petra'"},
    "channels": {"name": "'@brightwater@other.example'"},
}


def columns(of: dict[str, dict[str, str]]) -> list[tuple[str, str, str]]:
    return [(table, column, value) for table, found in of.items() for column, value in found.items()]


def change(desk: Desk, table: str, column: str, value: str) -> None:
    with desk.hub.database.transaction() as session:
        assert session.run(f"UPDATE {table} SET {column} = {value}") >= 1  # noqa: S608 - only from the tables above


def read(desk: Desk, line: Line) -> tuple[Message, Message | None]:
    """A message as a page reads it, and as it is read alone, which keeps nothing."""
    with desk.hub.database.reading() as session:
        [found] = messages.of_conversation(session, line.conversation.id)
        return found, messages.message(session, found.id)


def test_a_message_is_made_anew_when_anything_of_it_changes(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("Is it reef safe?")
    desk.pulls()
    [line] = desk.lines()
    change(desk, "messages", "html_version", str(CLEAN_VERSION))
    for table, column, value in columns(OF_A_MESSAGE):
        before, _ = read(desk, line)
        change(desk, table, column, value)
        after, alone = read(desk, line)
        assert after == alone, column
        assert after != before, column


def test_a_message_cleaned_by_rules_of_before_is_never_kept(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("Is it reef safe?")
    desk.pulls()
    [line] = desk.lines()
    change(desk, "messages", "html", "'<p>dirty</p>'")
    change(desk, "messages", "source_html", "'<p>as it came</p>'")
    change(desk, "messages", "html_version", str(CLEAN_VERSION))
    assert read(desk, line)[0].html == "<p>dirty</p>"
    change(desk, "messages", "html_version", str(CLEAN_VERSION - 1))
    assert read(desk, line)[0].html == '<p dir="auto">as it came</p>'


def test_a_line_of_the_list_is_made_anew_when_anything_of_it_changes(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("Is it reef safe?")
    desk.pulls()
    for table, column, value in columns(OF_A_LINE):
        [before] = desk.lines()
        change(desk, table, column, value)
        [after] = desk.lines()
        with desk.hub.database.reading() as session:
            assert after == conversations.these_lines(session, [after.conversation.id])[after.conversation.id], column
        assert after != before, column
