"""Writes a note: what colleagues tell each other beside a conversation. It stands among its messages, and stays."""

from __future__ import annotations

from dataclasses import dataclass

from hub.errors import Conflict, Invalid
from hub.events import NoteWritten
from hub.inbox.store import conversations, notes
from hub.kernel import log
from hub.kernel.hub import Hub

LONGEST_NOTE = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteDraft:
    """`client_key` names one press of the button: pressed twice, it counts once."""

    conversation_id: int
    agent_id: int
    text: str
    client_key: str


def write_note(hub: Hub, draft: NoteDraft) -> int:
    """Keep a note and return its message id. What the list shows of the conversation stays as it is.

    Raises Invalid at `text` (empty, too_long), Conflict for another text under the same key, Absent for an unknown
    conversation.
    """
    text = draft.text.replace("\r\n", "\n").strip()
    if not text:
        raise Invalid("text", "empty")
    if len(text) > LONGEST_NOTE:
        raise Invalid("text", "too_long", limit=LONGEST_NOTE)
    now = hub.clock()
    with hub.database.transaction() as session:
        written = notes.by_key(session, draft.client_key)
        if written is not None:
            return _same(written, text)
        conversation = conversations.conversation(session, draft.conversation_id)
        conversations.move_on(session, conversation.id)
        note_id = notes.add(
            session,
            channel_id=conversation.channel_id,
            thread_id=conversation.thread_id,
            conversation_id=conversation.id,
            agent_id=draft.agent_id,
            client_key=draft.client_key,
            text=text,
            now=now,
        )
        if note_id is None:
            return _same(notes.by_key(session, draft.client_key), text)
        event = NoteWritten(channel_id=conversation.channel_id, conversation_id=conversation.id, message_id=note_id)
        log.append(session, event, at=now)
    return note_id


def _same(written: notes.Written | None, text: str) -> int:
    """The button was pressed twice: one note. Another text under the same key is a mistake of the caller."""
    if written is None or written.text != text:
        raise Conflict("this form was sent already with another text", reason="already_sent")
    return written.id
