"""The tables messages, message_versions and tombstones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from hub.connector import Attachment, DeletedBy, Incoming, Kind, Moderation, ReplyRules, Trust, Visibility
from hub.inbox.model import Direction, Message, Origin
from hub.inbox.summary import Utterance
from hub.kernel.clock import from_micros
from hub.kernel.database import Row, Session
from hub.kernel.html import CLEAN_VERSION, MAX_HTML, clean, safe_link

_KNOWN = """
    SELECT id, remote_id, revision, pull, thread_id, conversation_id, direction, origin, text, html, edited_at,
           deleted_at, deleted_by
    FROM messages WHERE channel_id = :channel_id AND remote_id IN {texts remote_ids}"""

_CHILDREN = """
    SELECT id, remote_id, parent_remote_id, thread_id, conversation_id, direction
    FROM messages WHERE channel_id = :channel_id AND parent_remote_id IN {texts remote_ids}"""

_INSERT = """
    INSERT INTO messages (
        channel_id, remote_id, revision, pull, thread_id, parent_remote_id, conversation_id, identity_id, outbox_id,
        direction, origin, kind, addressed, visibility, language, content_warning, text, html, html_version,
        source_html, attachments, moderation, reply, permalink, created_at, received_at, edited_at, date_guessed,
        history, deleted_at, deleted_by, raw)
    VALUES (
        :channel_id, :remote_id, :revision, :pull, :thread_id, :parent_remote_id, :conversation_id, :identity_id,
        :outbox_id, :direction, :origin, :kind, :addressed, :visibility, :language, :content_warning, :text, :html,
        :html_version, :source_html, :attachments, :moderation, :reply, :permalink, :created_at, :received_at,
        :edited_at, :date_guessed, :history, :deleted_at, :deleted_by, :raw)
    RETURNING id"""

_INSERT_REPLY = """
    INSERT INTO messages (
        channel_id, revision, thread_id, parent_remote_id, conversation_id, agent_id, outbox_id, direction, origin,
        kind, visibility, language, content_warning, text, created_at, received_at)
    VALUES (
        :channel_id, '', :thread_id, :parent_remote_id, :conversation_id, :agent_id, :outbox_id, 'out', 'hub', 'reply',
        :visibility, :language, :content_warning, :text, :now, :now)
    RETURNING id"""

_KEEP_VERSION = """
    INSERT INTO message_versions (message_id, revision, text, html, replaced_at)
    SELECT id, revision, text, html, :now FROM messages WHERE id = :id"""

_REVISE = """
    UPDATE messages SET revision = :revision, pull = :pull, text = :text, html = :html, html_version = :html_version,
        source_html = :source_html, language = :language, content_warning = :content_warning, visibility = :visibility,
        attachments = :attachments, moderation = :moderation, reply = :reply, permalink = :permalink,
        edited_at = :edited_at, raw = :raw, deleted_at = :deleted_at, deleted_by = :deleted_by
    WHERE id = :id"""

_CONFIRM = """
    UPDATE messages SET remote_id = :remote_id, revision = :revision, pull = :pull, permalink = :permalink,
        moderation = :moderation, reply = :reply, source_html = :source_html
    WHERE id = :id"""

_DELETE = """
    UPDATE messages SET deleted_at = :deleted_at, deleted_by = :deleted_by, pull = :pull
    WHERE id = :id AND deleted_at IS NULL"""

_BURY = """
    INSERT INTO tombstones (channel_id, remote_id, deleted_at, deleted_by, pull)
    VALUES (:channel_id, :remote_id, :deleted_at, :deleted_by, :pull) ON CONFLICT (channel_id, remote_id) DO NOTHING"""

_TOMBS = """
    SELECT remote_id, deleted_at, deleted_by, pull FROM tombstones
    WHERE channel_id = :channel_id AND remote_id IN {texts remote_ids}"""

_OF_OUTBOX = """
    SELECT id, thread_id, conversation_id FROM messages WHERE outbox_id = :outbox_id AND remote_id IS NULL LIMIT 1"""

_UNMATCHED = """
    SELECT messages.id, messages.thread_id, messages.conversation_id, outbox_parts.remote_id, outbox_parts.permalink,
        outbox_parts.revision
    FROM messages JOIN outbox_parts ON outbox_parts.outbox_id = messages.outbox_id AND outbox_parts.part = 0
    WHERE messages.channel_id = :channel_id AND messages.remote_id IS NULL AND outbox_parts.remote_id IS NOT NULL"""

_MATCH = """
    UPDATE messages SET remote_id = :remote_id, permalink = COALESCE(:permalink, permalink), revision = :revision
    WHERE id = :id"""

_DROP_NATIVE = """
    DELETE FROM messages WHERE channel_id = :channel_id AND remote_id = :remote_id AND origin = 'native'"""

_SET_CONVERSATION = "UPDATE messages SET conversation_id = :conversation_id WHERE id = :id"

_SET_THREAD = "UPDATE messages SET thread_id = :into_id WHERE thread_id = :from_id"

_MOVE_CONVERSATION = "UPDATE messages SET conversation_id = :into_id WHERE conversation_id = :from_id"

# A reply that was taken back is no utterance; its text is kept in the outbox.
_UTTERANCES = """
    SELECT messages.direction, messages.kind, messages.visibility, messages.language, messages.text,
        messages.content_warning, messages.moderation, messages.created_at, messages.received_at, messages.deleted_at,
        messages.history
    FROM messages LEFT JOIN outbox ON outbox.id = messages.outbox_id
    WHERE messages.conversation_id = :conversation_id AND (outbox.state IS NULL OR outbox.state <> 'cancelled')
    ORDER BY messages.created_at DESC, messages.id DESC LIMIT 100"""

_SHOWN = """
    messages.id, messages.channel_id, messages.conversation_id, messages.thread_id, messages.remote_id,
    messages.parent_remote_id, messages.revision, messages.identity_id, messages.agent_id, messages.outbox_id,
    messages.direction, messages.origin, messages.kind, messages.visibility, messages.language,
    messages.content_warning, messages.text, messages.html, messages.html_version, messages.attachments,
    messages.moderation, messages.reply, messages.permalink, messages.created_at, messages.edited_at,
    messages.deleted_at, messages.date_guessed, identities.name AS author_name, identities.handle AS author_handle,
    identities.trust AS author_trust, agents.name AS agent_name"""

_JOINS = """
    FROM messages LEFT JOIN identities ON identities.id = messages.identity_id
    LEFT JOIN agents ON agents.id = messages.agent_id LEFT JOIN outbox ON outbox.id = messages.outbox_id"""

_OF_CONVERSATION = f"""
    SELECT {_SHOWN} {_JOINS}
    WHERE messages.conversation_id = :conversation_id AND (outbox.state IS NULL OR outbox.state <> 'cancelled')
      AND messages.id < :before
    ORDER BY messages.created_at DESC, messages.id DESC LIMIT :limit"""

_AROUND = f"""
    SELECT {_SHOWN} {_JOINS}
    WHERE messages.thread_id = :thread_id
      AND (messages.conversation_id IS NULL OR messages.conversation_id <> :conversation_id)
      AND (messages.remote_id IN {{texts parents}} OR messages.parent_remote_id IN {{texts own}})
    ORDER BY messages.created_at DESC, messages.id DESC LIMIT 50"""

_ONE = f"SELECT {_SHOWN} {_JOINS} WHERE messages.id = :id"

_RAW = "SELECT raw FROM messages WHERE id = :id"

_STALE_HTML = "SELECT source_html FROM messages WHERE id = :id"

_LONGEST_ID = 2000
_LONGEST_RAW = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A stored message as ingest needs it to decide what is new."""

    id: int
    remote_id: str
    revision: str
    pull: int
    thread_id: int
    conversation_id: int | None
    direction: Direction
    origin: Origin
    text: str
    html: str | None
    edited_at: datetime | None
    deleted_at: datetime | None
    deleted_by: DeletedBy | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A stored message that answers another one."""

    id: int
    remote_id: str | None
    parent_remote_id: str
    conversation_id: int | None
    direction: Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A message written here, and the id its receipt brought."""

    id: int
    remote_id: str
    thread_id: int
    conversation_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tomb:
    """A deletion that came before what it deletes."""

    deleted_at: datetime
    deleted_by: DeletedBy
    pull: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a new message belongs and how it came."""

    channel_id: int
    thread_id: int
    conversation_id: int | None
    identity_id: int
    outbox_id: int | None
    direction: Direction
    origin: Origin
    pull: int
    received_at: datetime
    history: bool
    tomb: Tomb | None


def known(session: Session, channel_id: int, remote_ids: Sequence[str]) -> dict[str, Known]:
    rows = session.all(_KNOWN, channel_id=channel_id, remote_ids=list(remote_ids))
    return {row["remote_id"]: _known(row) for row in rows}


def children(session: Session, channel_id: int, remote_ids: Sequence[str]) -> list[Child]:
    """Stored answers to these messages, which may have come before them."""
    rows = session.all(_CHILDREN, channel_id=channel_id, remote_ids=list(remote_ids))
    return [
        Child(
            id=row["id"],
            remote_id=row["remote_id"],
            parent_remote_id=row["parent_remote_id"],
            conversation_id=row["conversation_id"],
            direction=Direction(row["direction"]),
        )
        for row in rows
    ]


def tombs(session: Session, channel_id: int, remote_ids: Sequence[str]) -> dict[str, Tomb]:
    rows = session.all(_TOMBS, channel_id=channel_id, remote_ids=list(remote_ids))
    return {
        row["remote_id"]: Tomb(
            deleted_at=from_micros(row["deleted_at"]), deleted_by=DeletedBy(row["deleted_by"]), pull=row["pull"]
        )
        for row in rows
    }


def bury(session: Session, channel_id: int, remote_id: str, *, at: datetime, by: DeletedBy, pull: int) -> None:
    session.run(_BURY, channel_id=channel_id, remote_id=remote_id, deleted_at=at, deleted_by=by.value, pull=pull)


def add(session: Session, message: Incoming, place: Place) -> int:
    """Store a message that is new to us, cleaned."""
    tomb = place.tomb
    return session.insert(
        _INSERT,
        channel_id=place.channel_id,
        remote_id=message.remote_id,
        thread_id=place.thread_id,
        parent_remote_id=message.parent_id,
        conversation_id=place.conversation_id,
        identity_id=place.identity_id,
        outbox_id=place.outbox_id,
        direction=place.direction.value,
        origin=place.origin.value,
        kind=message.kind.value,
        addressed=int(message.addressed),
        created_at=min(message.created_at, place.received_at),
        received_at=place.received_at,
        date_guessed=int(message.date_guessed),
        history=int(place.history),
        pull=place.pull,
        deleted_at=tomb.deleted_at if tomb else None,
        deleted_by=tomb.deleted_by.value if tomb else None,
        **_content(message),
    )


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
    now: datetime,
) -> int:
    """Store a reply written here; it gets the network's id when it has arrived."""
    return session.insert(
        _INSERT_REPLY,
        channel_id=channel_id,
        thread_id=thread_id,
        conversation_id=conversation_id,
        agent_id=agent_id,
        outbox_id=outbox_id,
        parent_remote_id=parent_remote_id,
        text=_plain(text),
        visibility=visibility.value,
        language=language,
        content_warning=content_warning,
        now=now,
    )


def revise(session: Session, stored: Known, message: Incoming, *, pull: int, now: datetime, revive: bool) -> None:
    """Take over a newer revision; the old text is kept where it differs."""
    content = _content(message)
    if (content["text"], content["html"]) != (stored.text, stored.html):
        session.run(_KEEP_VERSION, id=stored.id, now=now)
    dead = stored.deleted_at is not None and not revive
    session.run(
        _REVISE,
        id=stored.id,
        pull=pull,
        deleted_at=stored.deleted_at if dead else None,
        deleted_by=stored.deleted_by.value if dead and stored.deleted_by else None,
        **content,
    )


def confirm(session: Session, message_id: int, message: Incoming, *, pull: int) -> None:
    """A message written here was seen at the network: keep our text, take its id and where it stands."""
    content = _content(message)
    session.run(
        _CONFIRM,
        id=message_id,
        remote_id=message.remote_id,
        pull=pull,
        **{name: content[name] for name in ("revision", "permalink", "moderation", "reply", "source_html")},
    )


def delete(session: Session, message_id: int, *, at: datetime, by: DeletedBy, pull: int) -> bool:
    """Mark a message deleted; its text stays readable for us. False when it was already."""
    return session.run(_DELETE, id=message_id, deleted_at=at, deleted_by=by.value, pull=pull) == 1


def written_for(session: Session, outbox_id: int) -> Written | None:
    """The message written here for an outbox item, as long as it has no id at the network."""
    row = session.one(_OF_OUTBOX, outbox_id=outbox_id)
    return None if row is None else _written(row, "")


def adopt_receipts(session: Session, channel_id: int) -> list[Written]:
    """Give messages written here the ids their receipts brought, so that answers to them find their parent."""
    rows = session.all(_UNMATCHED, channel_id=channel_id)
    for row in rows:
        session.run(_DROP_NATIVE, channel_id=channel_id, remote_id=row["remote_id"])
        session.run(
            _MATCH,
            id=row["id"],
            remote_id=row["remote_id"],
            permalink=row["permalink"],
            revision=row["revision"] or "",
        )
    return [_written(row, row["remote_id"]) for row in rows]


def _written(row: Row, remote_id: str) -> Written:
    return Written(
        id=row["id"], remote_id=remote_id, thread_id=row["thread_id"], conversation_id=row["conversation_id"]
    )


def set_conversation(session: Session, message_id: int, conversation_id: int) -> None:
    session.run(_SET_CONVERSATION, id=message_id, conversation_id=conversation_id)


def move_thread(session: Session, *, from_id: int, into_id: int) -> None:
    session.run(_SET_THREAD, from_id=from_id, into_id=into_id)


def move_conversation(session: Session, *, from_id: int, into_id: int) -> None:
    session.run(_MOVE_CONVERSATION, from_id=from_id, into_id=into_id)


def utterances(session: Session, conversation_id: int) -> list[Utterance]:
    """The newest hundred messages of a conversation, newest first, as its summary needs them."""
    return [
        Utterance(
            direction=Direction(row["direction"]),
            kind=Kind(row["kind"]),
            visibility=Visibility(row["visibility"]),
            language=row["language"],
            text=row["text"],
            content_warning=row["content_warning"],
            moderation=row["moderation"],
            created_at=from_micros(row["created_at"]),
            received_at=from_micros(row["received_at"]),
            deleted_at=_instant(row["deleted_at"]),
            history=bool(row["history"]),
        )
        for row in session.all(_UTTERANCES, conversation_id=conversation_id)
    ]


def of_conversation(
    session: Session, conversation_id: int, *, before: int | None = None, limit: int = 100
) -> list[Message]:
    """A conversation's messages, newest first; replies that were taken back are left out."""
    rows = session.all(_OF_CONVERSATION, conversation_id=conversation_id, before=before or 2**62, limit=limit)
    return [_message(session, row) for row in rows]


def around(
    session: Session, thread_id: int, conversation_id: int, *, parents: Sequence[str], own: Sequence[str]
) -> list[Message]:
    """What others said next to a conversation in its thread: what it answers, and what answers it."""
    rows = session.all(
        _AROUND, thread_id=thread_id, conversation_id=conversation_id, parents=list(parents), own=list(own)
    )
    return [_message(session, row) for row in rows]


def message(session: Session, message_id: int) -> Message | None:
    row = session.one(_ONE, id=message_id)
    return None if row is None else _message(session, row)


def raw_of(session: Session, message_id: int) -> dict[str, object]:
    """The item as the network sent it."""
    row = session.one(_RAW, id=message_id)
    return json.loads(row["raw"]) if row and row["raw"] else {}


def _content(message: Incoming) -> dict[str, object]:
    source = message.html[:MAX_HTML].replace("\0", "\ufffd") if message.html is not None else None
    raw = msgspec.json.encode(message.raw).decode()
    return {
        "revision": message.revision,
        "visibility": message.visibility.value,
        "language": message.language[:35] if message.language else None,
        "content_warning": _plain(message.content_warning)[:1000],
        "text": _plain(message.text),
        "html": clean(source) if source is not None else None,
        "html_version": CLEAN_VERSION,
        "source_html": source,
        "attachments": msgspec.json.encode(message.attachments[:50]).decode(),
        "moderation": message.moderation.value if message.moderation else None,
        "reply": msgspec.json.encode(message.reply).decode(),
        "permalink": safe_link(message.permalink) if message.permalink else None,
        "edited_at": message.edited_at,
        "raw": raw if len(raw) <= _LONGEST_RAW else "{}",
    }


def _plain(text: str) -> str:
    return text[:MAX_HTML].replace("\0", "\ufffd")


def _known(row: Row) -> Known:
    return Known(
        id=row["id"],
        remote_id=row["remote_id"],
        revision=row["revision"],
        pull=row["pull"],
        thread_id=row["thread_id"],
        conversation_id=row["conversation_id"],
        direction=Direction(row["direction"]),
        origin=Origin(row["origin"]),
        text=row["text"],
        html=row["html"],
        edited_at=_instant(row["edited_at"]),
        deleted_at=_instant(row["deleted_at"]),
        deleted_by=DeletedBy(row["deleted_by"]) if row["deleted_by"] else None,
    )


def _message(session: Session, row: Row) -> Message:
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
        html=_clean_html(session, row),
        attachments=msgspec.json.decode(row["attachments"], type=tuple[Attachment, ...]),
        moderation=Moderation(row["moderation"]) if row["moderation"] else None,
        reply=msgspec.json.decode(row["reply"], type=ReplyRules),
        permalink=row["permalink"],
        created_at=from_micros(row["created_at"]),
        edited_at=_instant(row["edited_at"]),
        deleted_at=_instant(row["deleted_at"]),
        date_guessed=bool(row["date_guessed"]),
        author_name=row["agent_name"] or row["author_name"] or "",
        author_handle=row["author_handle"] or "",
        author_trust=Trust(row["author_trust"] or "network"),
    )


def _clean_html(session: Session, row: Row) -> str | None:
    """The stored clean form; made again from the source when the sanitiser has changed since."""
    if row["html"] is None or row["html_version"] == CLEAN_VERSION:
        html: str | None = row["html"]
        return html
    source = session.one(_STALE_HTML, id=row["id"])
    return clean(source["source_html"] or "") if source else None


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
