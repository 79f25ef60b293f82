"""Messages that were written here: stored before they leave, given the network's ids when proof of arrival came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from hub.connector import Attachment, Kind, Visibility
from hub.inbox.store import search
from hub.kernel.database import Row, Session, storable
from hub.kernel.html import MAX_HTML

_INSERT = """
    INSERT INTO messages (
        channel_id, revision, thread_id, parent_remote_id, conversation_id, agent_id, outbox_id, direction, origin,
        kind, visibility, language, content_warning, text, attachments, created_at, received_at)
    VALUES (
        :channel_id, '', :thread_id, :parent_remote_id, :conversation_id, :agent_id, :outbox_id, 'out', 'hub', :kind,
        :visibility, :language, :content_warning, :text, :attachments, :now, :now)
    RETURNING id"""

# Only the first part stands in the message that was written here, so only it can be without an id.
_PROVED = """
    SELECT messages.outbox_id AS id FROM messages
    JOIN outbox_parts ON outbox_parts.outbox_id = messages.outbox_id AND outbox_parts.part = 0
    WHERE messages.channel_id = :channel_id AND messages.remote_id IS NULL AND messages.direction = 'out'
      AND outbox_parts.remote_id IS NOT NULL"""

_PROVED_BY = """
    SELECT outbox_id AS id FROM outbox_parts
    WHERE channel_id = :channel_id AND remote_id IN {texts remote_ids}
      AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.channel_id = outbox_parts.channel_id
                      AND messages.remote_id = outbox_parts.remote_id AND messages.origin = 'hub')"""

_RECEIPTS = """
    SELECT outbox_parts.part, outbox_parts.channel_id, outbox_parts.remote_id, outbox_parts.permalink,
        outbox_parts.revision, outbox_parts.sent_at, written.id AS written_id, written.thread_id,
        written.conversation_id, native.id AS native_id
    FROM outbox_parts
    JOIN messages written ON written.id = (SELECT min(id) FROM messages WHERE outbox_id = :outbox_id)
    LEFT JOIN messages native ON native.channel_id = outbox_parts.channel_id
        AND native.remote_id = outbox_parts.remote_id
    WHERE outbox_parts.outbox_id = :outbox_id AND outbox_parts.remote_id IS NOT NULL
      AND (native.origin IS NULL OR native.origin = 'native')
    ORDER BY outbox_parts.part"""

_MATCH = """
    UPDATE messages SET remote_id = :remote_id, permalink = COALESCE(:permalink, permalink), revision = :revision
    WHERE id = :id"""

# The network's own copy was stored before the proof came: it says more about the message than a receipt.
_ABSORB = """
    UPDATE messages SET pull = native.pull, identity_id = native.identity_id, edited_at = native.edited_at,
        deleted_at = native.deleted_at, deleted_by = native.deleted_by, moderation = native.moderation,
        reply = native.reply, permalink = native.permalink, source_html = native.source_html, emoji = native.emoji,
        raw = native.raw,
        parent_remote_id = COALESCE(native.parent_remote_id, messages.parent_remote_id),
        text = CASE WHEN native.edited_at IS NULL THEN messages.text ELSE native.text END,
        html = CASE WHEN native.edited_at IS NULL THEN messages.html ELSE native.html END,
        html_version = native.html_version
    FROM messages native WHERE messages.id = :id AND native.id = :native_id"""

_REVISION = "SELECT revision FROM messages WHERE id = :id"

_MOVE_VERSIONS = "UPDATE message_versions SET message_id = :id WHERE message_id = :native_id"

_DROP = "DELETE FROM messages WHERE id = :native_id"

_INSERT_PART = """
    INSERT INTO messages (
        channel_id, remote_id, revision, permalink, thread_id, parent_remote_id, conversation_id, agent_id, outbox_id,
        direction, origin, kind, visibility, language, text, created_at, received_at)
    SELECT :channel_id, :remote_id, :revision, :permalink, thread_id, :parent_remote_id, conversation_id, agent_id,
        outbox_id, 'out', 'hub', kind, visibility, language, :text, :at, :at
    FROM messages WHERE id = :written_id"""

_CLAIM_NATIVE = """
    UPDATE messages SET origin = 'hub', outbox_id = :outbox_id, conversation_id = :conversation_id WHERE id = :id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A message written here that got its id at the network."""

    remote_id: str
    thread_id: int
    conversation_id: int | None


def add_reply(
    session: Session,
    *,
    channel_id: int,
    thread_id: int,
    conversation_id: int,
    agent_id: int,
    outbox_id: int,
    parent_remote_id: str,
    text: str,
    visibility: Visibility,
    language: str | None,
    content_warning: str,
    attachments: tuple[Attachment, ...] = (),
    kind: Kind = Kind.REPLY,
    now: datetime,
) -> int:
    """Store a reply written here; it gets the network's id when it has arrived."""
    message_id = session.insert(
        _INSERT,
        channel_id=channel_id,
        thread_id=thread_id,
        conversation_id=conversation_id,
        agent_id=agent_id,
        outbox_id=outbox_id,
        parent_remote_id=parent_remote_id,
        text=storable(text[:MAX_HTML]),
        visibility=visibility.value,
        language=language,
        content_warning=content_warning,
        attachments=msgspec.json.encode(attachments).decode(),
        kind=kind.value,
        now=now,
    )
    search.enqueue(session, [message_id], are_new=True)
    return message_id


def proved(session: Session, channel_id: int, remote_ids: Iterable[str]) -> list[int]:
    """Outbox items that have arrived while their messages do not know yet under which ids.

    All of the channel whose first part has a receipt, and those whose receipts name one of the given ids.
    """
    first = session.all(_PROVED, channel_id=channel_id)
    named = session.all(_PROVED_BY, channel_id=channel_id, remote_ids=list(remote_ids))
    return sorted({row["id"] for row in [*first, *named]})


def adopt(session: Session, outbox_id: int, part_texts: list[str]) -> list[Adopted]:
    """Give the messages of one item the ids its receipts brought, so that answers to them find their parent.

    A reply in parts is one message here, under the id of its first part. The others are stored beside it under their
    own ids, only to be found: what pages show leaves them out.
    """
    receipts = session.all(_RECEIPTS, outbox_id=outbox_id)
    for row in receipts:
        if row["part"] == 0:
            _match(session, row)
        elif row["native_id"] is not None:
            session.run(_CLAIM_NATIVE, id=row["native_id"], outbox_id=outbox_id, conversation_id=row["conversation_id"])
        else:
            _add_part(session, row, part_texts[row["part"]] if row["part"] < len(part_texts) else "")
    search.enqueue(session, {row[name] for row in receipts for name in ("written_id", "native_id") if row[name]})
    return [
        Adopted(remote_id=row["remote_id"], thread_id=row["thread_id"], conversation_id=row["conversation_id"])
        for row in receipts
    ]


def _match(session: Session, row: Row) -> None:
    native = {"id": row["written_id"], "native_id": row["native_id"]}
    revision = row["revision"] or ""
    if row["native_id"] is not None:
        seen = session.one(_REVISION, id=row["native_id"])
        revision = seen["revision"] if seen else revision
        session.run(_ABSORB, **native)
        session.run(_MOVE_VERSIONS, **native)
        session.run(_DROP, native_id=row["native_id"])
    session.run(_MATCH, id=row["written_id"], remote_id=row["remote_id"], permalink=row["permalink"], revision=revision)


def _add_part(session: Session, row: Row, text: str) -> None:
    session.run(
        _INSERT_PART,
        channel_id=row["channel_id"],
        remote_id=row["remote_id"],
        revision=row["revision"] or "",
        permalink=row["permalink"],
        parent_remote_id=None,
        text=storable(text[:MAX_HTML]),
        at=row["sent_at"],
        written_id=row["written_id"],
    )
