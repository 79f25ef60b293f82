"""Messages as pages and use cases read them. What ingest does is in intake.py, what we write in replies.py."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from hub.channels.emoji import read_emoji
from hub.connector import Attachment, DeletedBy, Kind, Moderation, ReplyRules, Trust, Visibility
from hub.inbox.model import Direction, Message, Origin
from hub.inbox.polls import read_poll
from hub.inbox.summary import Utterance
from hub.kernel.clock import from_micros, from_micros_or_none
from hub.kernel.database import Row, Session
from hub.kernel.html import CLEAN_VERSION, clean

# What is said in a conversation: not a reply that was taken back (its text is kept in the outbox), nor the further
# parts of a reply, which its message holds already.
SAID = """
    (outbox.state IS NULL OR outbox.state <> 'cancelled')
    AND NOT EXISTS (SELECT 1 FROM outbox_parts WHERE outbox_parts.outbox_id = messages.outbox_id
                    AND outbox_parts.part > 0 AND outbox_parts.remote_id = messages.remote_id)"""

_UTTERANCES = f"""
    SELECT messages.direction, messages.kind, messages.visibility, messages.language, messages.text,
        messages.content_warning, messages.emoji, messages.moderation, messages.created_at, messages.received_at,
        messages.deleted_at, messages.history, messages.remote_id, messages.id
    FROM messages LEFT JOIN outbox ON outbox.id = messages.outbox_id
    WHERE messages.conversation_id = :conversation_id AND {SAID}
      AND (outbox.state IS NULL OR outbox.state <> 'failed') AND messages.direction <> 'note'
    ORDER BY messages.created_at DESC, messages.id DESC LIMIT 100"""  # noqa: S608

# What says whether a message may be kept comes first: a page of them is looked through in no time.
_SHOWN = """
    messages.text, messages.html, messages.html_version, messages.id, messages.channel_id, messages.conversation_id,
    messages.thread_id, messages.remote_id, messages.parent_remote_id, messages.revision, messages.identity_id,
    messages.agent_id, messages.outbox_id, messages.direction, messages.origin, messages.kind, messages.visibility,
    messages.language, messages.content_warning, messages.emoji, messages.poll, messages.polled_at,
    messages.attachments, messages.moderation, messages.done, messages.reply, messages.permalink, messages.created_at,
    messages.edited_at, messages.deleted_at, messages.deleted_by, messages.date_guessed,
    identities.name AS author_name, identities.emoji AS author_emoji, identities.handle AS author_handle,
    identities.trust AS author_trust, agents.name AS agent_name"""

_JOINS = """
    FROM messages LEFT JOIN identities ON identities.id = messages.identity_id
    LEFT JOIN agents ON agents.id = messages.agent_id LEFT JOIN outbox ON outbox.id = messages.outbox_id"""

_OF_CONVERSATION = f"""
    SELECT {_SHOWN} {_JOINS}
    WHERE messages.conversation_id = :conversation_id AND {SAID}
    ORDER BY messages.created_at DESC, messages.id DESC LIMIT :limit"""

_EARLIER = f"""
    SELECT {_SHOWN} {_JOINS} JOIN messages mark ON mark.id = :before
    WHERE messages.conversation_id = :conversation_id AND {SAID}
      AND (messages.created_at < mark.created_at OR (messages.created_at = mark.created_at AND messages.id < mark.id))
    ORDER BY messages.created_at DESC, messages.id DESC LIMIT :limit"""

_THEIRS = f"""
    SELECT {_SHOWN} {_JOINS}
    WHERE messages.conversation_id = :conversation_id AND messages.direction = 'in' AND {SAID}"""
_LAST_OF_THEIRS = f"{_THEIRS} ORDER BY messages.created_at DESC, messages.id DESC LIMIT 1"
_LAST_THAT_IS_THERE = f"""
    {_THEIRS} AND messages.deleted_at IS NULL ORDER BY messages.created_at DESC, messages.id DESC LIMIT 1"""

_AROUND = f"""
    SELECT {_SHOWN} {_JOINS}
    WHERE messages.thread_id = :thread_id
      AND (messages.conversation_id IS NULL OR messages.conversation_id <> :conversation_id)
      AND (messages.remote_id IN {{texts parents}} OR messages.parent_remote_id IN {{texts own}}) AND {SAID}
    ORDER BY messages.created_at DESC, messages.id DESC LIMIT 50"""

_ONE = f"SELECT {_SHOWN} {_JOINS} WHERE messages.id = :id"

_NEWEST_IDS = """
    SELECT conversation_id, max(id) AS newest FROM messages
    WHERE conversation_id IN {ids wanted} GROUP BY conversation_id"""

LONGEST_KEPT = 4000
"""Characters of a message that is kept to be shown again."""

_TOLD = """
    SELECT messages.raw, threads.root_remote_id FROM messages JOIN threads ON threads.id = messages.thread_id
    WHERE messages.id = :id"""

_STALE_HTML = "SELECT source_html FROM messages WHERE id = :id"


def utterances(session: Session, conversation_id: int) -> list[Utterance]:
    """The newest hundred messages of a conversation, newest first, as its summary needs them."""
    rows = session.all(_UTTERANCES, conversation_id=conversation_id)
    return [_utterance(row) for row in sorted(rows, key=_in_time, reverse=True)]


def of_conversation(
    session: Session, conversation_id: int, *, before: int | None = None, limit: int = 100
) -> list[Message]:
    """A conversation's messages, newest first; replies that were taken back are left out.

    before: our id of the message an earlier page ended with.
    """
    if before is None:
        return _messages(session, _OF_CONVERSATION, conversation_id=conversation_id, limit=limit)
    return _messages(session, _EARLIER, conversation_id=conversation_id, before=before, limit=limit)


def newest_ids(session: Session, conversation_ids: Sequence[int]) -> dict[int, int]:
    """The highest message id of each of these conversations."""
    rows = session.all(_NEWEST_IDS, wanted=list(conversation_ids)) if conversation_ids else []
    return {row["conversation_id"]: row["newest"] for row in rows}


def last_of_theirs(session: Session, conversation_id: int) -> Message | None:
    """Their newest message that is still there, else their newest; None when all are ours."""
    there = session.one(_LAST_THAT_IS_THERE, conversation_id=conversation_id)
    row = there or session.one(_LAST_OF_THEIRS, conversation_id=conversation_id)
    return None if row is None else _message(session, row)


def around(
    session: Session, thread_id: int, conversation_id: int, *, parents: Sequence[str], own: Sequence[str]
) -> list[Message]:
    """What others said next to a conversation in its thread: what it answers, and what answers it."""
    return _messages(
        session, _AROUND, thread_id=thread_id, conversation_id=conversation_id, parents=list(parents), own=list(own)
    )


def message(session: Session, message_id: int) -> Message | None:
    row = session.one(_ONE, id=message_id)
    return None if row is None else _message(session, row)


def told_of(session: Session, message_id: int) -> tuple[dict[str, object], str]:
    """The item as the network sent it, and what names its thread there: what was told, else its first message."""
    row = session.one(_TOLD, id=message_id)
    assert row is not None  # messages reference their thread, and are never taken away
    return json.loads(row["raw"]) if row["raw"] else {}, row["root_remote_id"]


def _in_time(row: Row) -> tuple[int, bool, int, str, int]:
    """Networks that tell only seconds count their ids up: what has the same instant stands in the order of ids."""
    remote_id = row["remote_id"] or ""
    return row["created_at"], not remote_id, len(remote_id), remote_id, row["id"]


def _utterance(row: Row) -> Utterance:
    return Utterance(
        direction=Direction(row["direction"]),
        kind=Kind(row["kind"]),
        visibility=Visibility(row["visibility"]),
        language=row["language"],
        text=row["text"],
        content_warning=row["content_warning"],
        emoji=read_emoji(row["emoji"]),
        moderation=row["moderation"],
        created_at=from_micros(row["created_at"]),
        received_at=from_micros(row["received_at"]),
        deleted_at=from_micros_or_none(row["deleted_at"]),
        history=bool(row["history"]),
    )


def _messages(session: Session, statement: str, **params: object) -> list[Message]:
    names, rows = session.tuples(statement, **params)
    return [_kept_or_made(session, names, row) for row in rows]


def _kept_or_made(session: Session, names: tuple[str, ...], values: tuple[Any, ...]) -> Message:
    """A message as its row says. A short one is made once for as long as the row stays the same."""
    text, html, html_version = values[:3]
    if len(text) + len(html or "") > LONGEST_KEPT or (html is not None and html_version != CLEAN_VERSION):
        return _message(session, dict(zip(names, values, strict=True)))
    return _kept(names, values)


@lru_cache(maxsize=4096)
def _kept(names: tuple[str, ...], values: tuple[Any, ...]) -> Message:
    row = dict(zip(names, values, strict=True))
    return _made(row, row["html"])


def _message(session: Session, row: Row) -> Message:
    return _made(row, _clean_html(session, row))


def _made(row: Row, html: str | None) -> Message:
    return Message(
        id=row["id"],
        channel_id=row["channel_id"],
        conversation_id=row["conversation_id"],
        thread_id=row["thread_id"],
        remote_id=row["remote_id"],
        parent_remote_id=row["parent_remote_id"],
        revision=row["revision"],
        identity_id=row["identity_id"],
        agent_id=row["agent_id"],
        outbox_id=row["outbox_id"],
        direction=Direction(row["direction"]),
        origin=Origin(row["origin"]),
        kind=Kind(row["kind"]),
        visibility=Visibility(row["visibility"]),
        language=row["language"],
        content_warning=row["content_warning"],
        text=row["text"],
        html=html,
        emoji=read_emoji(row["emoji"]),
        poll=read_poll(row["poll"]),
        polled_at=from_micros_or_none(row["polled_at"]),
        attachments=msgspec.json.decode(row["attachments"], type=tuple[Attachment, ...]),
        moderation=Moderation(row["moderation"]) if row["moderation"] else None,
        done=tuple(msgspec.json.decode(row["done"], type=list[str])),
        reply=msgspec.json.decode(row["reply"], type=ReplyRules),
        permalink=row["permalink"],
        created_at=from_micros(row["created_at"]),
        edited_at=from_micros_or_none(row["edited_at"]),
        deleted_at=from_micros_or_none(row["deleted_at"]),
        deleted_by=DeletedBy(row["deleted_by"]) if row["deleted_by"] else None,
        date_guessed=bool(row["date_guessed"]),
        author_name=row["agent_name"] or row["author_name"] or "",
        author_emoji=() if row["agent_name"] else read_emoji(row["author_emoji"] or "[]"),
        author_handle=row["author_handle"] or "",
        author_trust=Trust(row["author_trust"] or "network"),
    )


def _clean_html(session: Session, row: Row) -> str | None:
    """The stored clean form; made again from the source when the sanitiser has changed since."""
    if not _is_stale(row):
        html: str | None = row["html"]
        return html
    source = session.one(_STALE_HTML, id=row["id"])
    return clean(source["source_html"] or "") if source else None


def _is_stale(row: Row) -> bool:
    return row["html"] is not None and row["html_version"] != CLEAN_VERSION
