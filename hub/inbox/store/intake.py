"""What ingest reads and writes of messages and their older versions. What pages read is in messages.py."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from hub.channels.emoji import told_emoji, write_emoji
from hub.connector import DeletedBy, Emoji, Incoming
from hub.customers.store import facts
from hub.inbox.model import Direction, Origin
from hub.inbox.polls import write_poll
from hub.inbox.store import threads
from hub.inbox.store.tombs import Tomb, tomb_columns
from hub.kernel.clock import from_micros_or_none
from hub.kernel.database import Row, Session, storable
from hub.kernel.html import CLEAN_VERSION, MAX_HTML, clean, safe_link
from hub.outbox.model import OutboxItem

_KNOWN = """
    SELECT id, remote_id, revision, pull, thread_id, conversation_id, identity_id, direction, origin, addressed, text,
        html, poll, done, edited_at, deleted_at, deleted_by
    FROM messages WHERE channel_id = :channel_id AND remote_id IN {texts remote_ids}"""

_CHILDREN = """
    SELECT id, remote_id, parent_remote_id, thread_id, conversation_id, direction
    FROM messages WHERE channel_id = :channel_id AND parent_remote_id IN {texts remote_ids}"""

_INSERT = """
    INSERT INTO messages (
        channel_id, remote_id, revision, pull, thread_id, parent_remote_id, conversation_id, identity_id, agent_id,
        direction, origin, kind, addressed, visibility, language, content_warning, text, html, html_version,
        source_html, emoji, poll, polled_at, attachments, moderation, done, reply, permalink, created_at, received_at,
        edited_at, date_guessed, history, deleted_at, deleted_by, raw)
    VALUES (
        :channel_id, :remote_id, :revision, :pull, :thread_id, :parent_remote_id, :conversation_id, :identity_id,
        :agent_id, :direction, :origin, :kind, :addressed, :visibility, :language, :content_warning, :text, :html,
        :html_version, :source_html, :emoji, :poll, :polled_at, :attachments, :moderation, :done, :reply, :permalink,
        :created_at, :received_at, :edited_at, :date_guessed, :history, :deleted_at, :deleted_by, :raw)
    RETURNING id"""

_KEEP_VERSION = """
    INSERT INTO message_versions (message_id, revision, text, html, replaced_at)
    SELECT id, revision, text, html, :now FROM messages WHERE id = :id"""

_REVISE = """
    UPDATE messages SET revision = :revision, pull = :pull, text = :text, html = :html, html_version = :html_version,
        source_html = :source_html, language = :language, content_warning = :content_warning, visibility = :visibility,
        emoji = :emoji, poll = :poll, polled_at = :polled_at,
        attachments = CASE WHEN origin = 'hub' AND attachments <> '[]' THEN attachments ELSE :attachments END,
        moderation = :moderation, reply = :reply, permalink = :permalink, edited_at = :edited_at, raw = :raw
    WHERE id = :id"""

_REPLACED = "SELECT DISTINCT revision FROM message_versions WHERE message_id = :id"

_SET_DONE = "UPDATE messages SET done = :done WHERE id = :id"

_COUNT_ANEW = "UPDATE messages SET poll = :poll, polled_at = :now WHERE id = :id"

# The network tells by itself when it was, in a pull to come; where it does not, we say it.
_CHANGE_TEXT = """
    UPDATE messages SET text = :text, html = NULL, source_html = NULL, edited_at = COALESCE(:edited_at, edited_at)
    WHERE id = :id"""

# What we wrote stays as we wrote it; the network only says where it stands and what may be done on it.
_CONFIRM = """
    UPDATE messages SET revision = :revision, pull = :pull, identity_id = :identity_id, permalink = :permalink,
        parent_remote_id = COALESCE(:parent_remote_id, parent_remote_id), moderation = :moderation, reply = :reply,
        source_html = :source_html, emoji = :emoji, raw = :raw
    WHERE id = :id"""

_ADDRESS = """
    UPDATE messages SET addressed = 1, conversation_id = :conversation_id, kind = :kind, received_at = :received_at,
        history = :history
    WHERE id = :id"""

_DELETE = "UPDATE messages SET deleted_at = :deleted_at, deleted_by = :deleted_by, pull = :pull WHERE id = :id"

_REVIVE = "UPDATE messages SET deleted_at = NULL, deleted_by = NULL, pull = :pull WHERE id = :id"

_SET_CONVERSATION = "UPDATE messages SET conversation_id = :conversation_id WHERE id = :id"

_SET_THREAD = "UPDATE messages SET thread_id = :into_id WHERE thread_id = :from_id"

_MOVE_CONVERSATION = "UPDATE messages SET conversation_id = :into_id WHERE conversation_id = :from_id"

_LONGEST_RAW = 200_000
_LONGEST_WARNING = 1000
_LONGEST_LANGUAGE = 35
_MOST_ATTACHMENTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A stored message as ingest needs it to decide what is new."""

    id: int
    remote_id: str
    revision: str
    pull: int
    thread_id: int
    conversation_id: int | None
    identity_id: int | None
    direction: Direction
    origin: Origin
    addressed: bool
    text: str
    html: str | None
    poll: str | None
    done: tuple[str, ...]
    edited_at: datetime | None
    deleted_at: datetime | None
    deleted_by: DeletedBy | None

    @property
    def is_unseen(self) -> bool:
        """Written here and not yet told by the network, which alone says which identity we have there."""
        return self.origin is Origin.HUB and self.identity_id is None

    @property
    def deletion(self) -> Tomb | None:
        if self.deleted_at is None or self.deleted_by is None:
            return None
        return Tomb(deleted_at=self.deleted_at, deleted_by=self.deleted_by, pull=self.pull)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A stored message that answers another one."""

    id: int
    remote_id: str | None
    parent_remote_id: str
    thread_id: int
    conversation_id: int | None
    direction: Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a new message belongs and how it came. `copy_of`: the item of ours that was sent a second time by it."""

    channel_id: int
    thread_id: int
    conversation_id: int | None
    identity_id: int
    pull: int
    received_at: datetime
    history: bool
    tomb: Tomb | None
    copy_of: OutboxItem | None = None


def known(session: Session, channel_id: int, remote_ids: Iterable[str]) -> dict[str, Known]:
    """Stored messages by their remote ids."""
    rows = session.all(_KNOWN, channel_id=channel_id, remote_ids=list(remote_ids))
    return {row["remote_id"]: _known(row) for row in rows}


def children(session: Session, channel_id: int, remote_ids: Sequence[str]) -> list[Child]:
    """Stored answers to these messages, which may have come before them."""
    rows = session.all(_CHILDREN, channel_id=channel_id, remote_ids=list(remote_ids))
    return [_child(row) for row in rows]


def add(session: Session, message: Incoming, place: Place) -> int:
    """Store a message that is new to us, cleaned."""
    ours = message.author.is_us
    return session.insert(
        _INSERT,
        channel_id=place.channel_id,
        remote_id=message.remote_id,
        thread_id=place.thread_id,
        parent_remote_id=message.parent_id,
        conversation_id=place.conversation_id,
        identity_id=place.identity_id,
        agent_id=place.copy_of.agent_id if place.copy_of else None,
        direction=Direction.OUT.value if ours else Direction.IN.value,
        origin=_origin(ours, place).value,
        kind=message.kind.value,
        addressed=int(message.addressed),
        created_at=min(message.created_at, place.received_at),
        received_at=place.received_at,
        polled_at=place.received_at if message.poll else None,
        done=to_json(sorted(set(message.done))),
        date_guessed=int(message.date_guessed),
        history=int(place.history),
        **{
            "pull": place.pull,
            "deleted_at": None,
            "deleted_by": None,
            **(tomb_columns(place.tomb) if place.tomb else {}),
        },
        **_content(message),
    )


def _origin(ours: bool, place: Place) -> Origin:
    if place.copy_of is not None:
        return Origin.HUB
    return Origin.NATIVE if ours else Origin.REMOTE


def revise(session: Session, stored: Known, message: Incoming, *, pull: int, now: datetime) -> None:
    """Take over a newer revision; the old text is kept where it differs."""
    content = _content(message)
    if (content["text"], content["html"]) != (stored.text, stored.html):
        session.run(_KEEP_VERSION, id=stored.id, now=now)
    session.run(_REVISE, id=stored.id, pull=pull, polled_at=now if message.poll else None, **content)


def replaced(session: Session, message_id: int) -> frozenset[str]:
    """The revisions that a message had before."""
    return frozenset(row["revision"] for row in session.all(_REPLACED, id=message_id))


def confirm(session: Session, message_id: int, message: Incoming, *, identity_id: int, pull: int) -> None:
    """A message written here was seen at the network for the first time."""
    content = _content(message)
    session.run(
        _CONFIRM,
        id=message_id,
        pull=pull,
        identity_id=identity_id,
        parent_remote_id=message.parent_id,
        **{
            name: content[name]
            for name in ("revision", "permalink", "moderation", "reply", "source_html", "emoji", "raw")
        },
    )


def address(
    session: Session, message_id: int, message: Incoming, *, conversation_id: int, now: datetime, history: bool
) -> None:
    """What was known only as context turns out to be meant for us: it counts as received now."""
    session.run(
        _ADDRESS,
        id=message_id,
        conversation_id=conversation_id,
        kind=message.kind.value,
        received_at=now,
        history=int(history),
    )


def set_done(session: Session, message_id: int, done: Iterable[str]) -> None:
    """Write down what our account has done to a message."""
    session.run(_SET_DONE, id=message_id, done=to_json(sorted(set(done))))


def count_anew(session: Session, message_id: int, poll: str, *, now: datetime) -> None:
    """The votes of a poll are others than before; nothing was said."""
    session.run(_COUNT_ANEW, id=message_id, poll=poll, now=now)


def change_text(session: Session, stored: Known, text: str, *, edited_at: datetime | None, now: datetime) -> None:
    """We changed a message of ours at the network; the old text is kept. `edited_at`: None where the network tells."""
    if (text, None) != (stored.text, stored.html):
        session.run(_KEEP_VERSION, id=stored.id, now=now)
        session.run(_CHANGE_TEXT, id=stored.id, text=storable(text[:MAX_HTML]), edited_at=edited_at)


def delete(session: Session, message_id: int, tomb: Tomb) -> None:
    """Mark a message deleted; its text stays readable for us."""
    session.run(_DELETE, id=message_id, **tomb_columns(tomb))


def revive(session: Session, message_id: int, *, pull: int) -> None:
    """What was only unavailable is there again."""
    session.run(_REVIVE, id=message_id, pull=pull)


def set_conversation(session: Session, message_id: int, conversation_id: int) -> None:
    session.run(_SET_CONVERSATION, id=message_id, conversation_id=conversation_id)


def move_thread(session: Session, *, from_id: int, into_id: int) -> None:
    session.run(_SET_THREAD, from_id=from_id, into_id=into_id)


def move_conversation(session: Session, *, from_id: int, into_id: int) -> None:
    session.run(_MOVE_CONVERSATION, from_id=from_id, into_id=into_id)


def to_json(value: object) -> str:
    """JSON of whatever a network sent, also where it is no valid Unicode or holds what JSON has no word for."""
    try:
        return msgspec.json.encode(value).decode()
    except (UnicodeEncodeError, TypeError, ValueError):
        return storable(json.dumps(msgspec.to_builtins(value, enc_hook=repr), ensure_ascii=False, default=repr))


def _content(message: Incoming) -> dict[str, object]:
    source = storable(message.html[:MAX_HTML]) if message.html is not None else None
    raw = to_json(message.raw)
    return {
        "revision": message.revision,
        "visibility": message.visibility.value,
        "language": message.language[:_LONGEST_LANGUAGE] if message.language else None,
        "content_warning": storable(message.content_warning[:_LONGEST_WARNING]),
        "text": storable(message.text[:MAX_HTML]),
        "html": clean(source) if source is not None else None,
        "html_version": CLEAN_VERSION,
        "source_html": source,
        "emoji": write_emoji(told_emoji(message.emoji, *_texts(message))),
        "poll": write_poll(message.poll),
        "attachments": to_json(message.attachments[:_MOST_ATTACHMENTS]),
        "moderation": message.moderation.value if message.moderation else None,
        "reply": to_json(message.reply),
        "permalink": safe_link(message.permalink) if message.permalink else None,
        "edited_at": message.edited_at,
        "raw": raw if len(raw) <= _LONGEST_RAW else "{}",
    }


def emoji_of(message: Incoming) -> tuple[Emoji, ...]:
    """All that are kept of a message: its own, its author's, and those of the post above it."""
    post = threads.emoji_of(message.post) if message.post and message.post.emoji else ()
    author = facts(message.author).emoji if message.author.emoji else ()
    return (*told_emoji(message.emoji, *_texts(message)), *author, *post)


def _texts(message: Incoming) -> tuple[str, ...]:
    """Where an emoji may stand."""
    choices = message.poll.choices if message.poll else ()
    return (message.text, message.html or "", message.content_warning, *(choice.text for choice in choices))


def _known(row: Row) -> Known:
    return Known(
        id=row["id"],
        remote_id=row["remote_id"],
        revision=row["revision"],
        pull=row["pull"],
        thread_id=row["thread_id"],
        conversation_id=row["conversation_id"],
        identity_id=row["identity_id"],
        direction=Direction(row["direction"]),
        origin=Origin(row["origin"]),
        addressed=bool(row["addressed"]),
        text=row["text"],
        html=row["html"],
        poll=row["poll"],
        done=tuple(json.loads(row["done"])),
        edited_at=from_micros_or_none(row["edited_at"]),
        deleted_at=from_micros_or_none(row["deleted_at"]),
        deleted_by=DeletedBy(row["deleted_by"]) if row["deleted_by"] else None,
    )


def _child(row: Row) -> Child:
    return Child(
        id=row["id"],
        remote_id=row["remote_id"],
        parent_remote_id=row["parent_remote_id"],
        thread_id=row["thread_id"],
        conversation_id=row["conversation_id"],
        direction=Direction(row["direction"]),
    )
