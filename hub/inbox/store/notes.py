"""Notes: messages among us, in the table of messages, so that they stand where they were written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.kernel.database import Session

# Kind and visibility say nothing of a note; the columns want a word.
_INSERT = """
    INSERT INTO messages (
        channel_id, revision, thread_id, conversation_id, agent_id, direction, origin, kind, visibility, text,
        client_key, created_at, received_at)
    VALUES (
        :channel_id, '', :thread_id, :conversation_id, :agent_id, 'note', 'hub', 'reply', 'direct', :text,
        :client_key, :now, :now)
    ON CONFLICT (client_key) WHERE client_key IS NOT NULL DO NOTHING RETURNING id"""

_BY_KEY = "SELECT id, conversation_id, text FROM messages WHERE client_key = :client_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A note that was written under a key."""

    id: int
    conversation_id: int
    text: str


def add(
    session: Session,
    *,
    channel_id: int,
    thread_id: int,
    conversation_id: int,
    agent_id: int,
    client_key: str,
    text: str,
    now: datetime,
) -> int | None:
    """Keep a note and return its message id; None when one was written under this key."""
    row = session.one(
        _INSERT,
        channel_id=channel_id,
        thread_id=thread_id,
        conversation_id=conversation_id,
        agent_id=agent_id,
        client_key=client_key,
        text=text,
        now=now,
    )
    return None if row is None else int(row["id"])


def by_key(session: Session, client_key: str) -> Written | None:
    """The note a form was sent for already."""
    row = session.one(_BY_KEY, client_key=client_key)
    return None if row is None else Written(id=row["id"], conversation_id=row["conversation_id"], text=row["text"])
