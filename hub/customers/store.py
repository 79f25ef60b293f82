"""The table identities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hub.channels.emoji import read_emoji, told_emoji, write_emoji
from hub.connector import Author, Emoji, Trust
from hub.customers.model import Identity
from hub.errors import Absent
from hub.kernel.clock import from_micros
from hub.kernel.database import Row, Session, storable
from hub.kernel.html import one_line, safe_link

# What the newest message says about its author wins, in whatever order messages come. A name that was only claimed once
# is never trusted again.
_MEET = """
    INSERT INTO identities (channel_id, remote_id, handle, name, emoji, url, avatar, is_us, is_bot, trust, seen_at)
    VALUES (:channel_id, :remote_id, :handle, :name, :emoji, :url, :avatar, :is_us, :is_bot, :trust, :seen_at)
    ON CONFLICT (channel_id, remote_id) DO UPDATE SET
        handle = CASE WHEN excluded.seen_at >= identities.seen_at THEN excluded.handle ELSE identities.handle END,
        name = CASE WHEN excluded.seen_at >= identities.seen_at THEN excluded.name ELSE identities.name END,
        emoji = CASE WHEN excluded.seen_at >= identities.seen_at THEN excluded.emoji ELSE identities.emoji END,
        url = CASE WHEN excluded.seen_at >= identities.seen_at THEN excluded.url ELSE identities.url END,
        avatar = CASE WHEN excluded.seen_at >= identities.seen_at THEN excluded.avatar ELSE identities.avatar END,
        trust = CASE WHEN excluded.trust = 'claimed' THEN excluded.trust ELSE identities.trust END,
        is_us = CASE WHEN excluded.is_us > identities.is_us THEN excluded.is_us ELSE identities.is_us END,
        is_bot = CASE WHEN excluded.seen_at >= identities.seen_at THEN excluded.is_bot ELSE identities.is_bot END,
        seen_at = CASE WHEN excluded.seen_at >= identities.seen_at THEN excluded.seen_at ELSE identities.seen_at END
    RETURNING id, handle, name, emoji, url, avatar, is_us, is_bot, trust, seen_at"""

_MET = """
    SELECT remote_id, id, handle, name, emoji, url, avatar, is_us, is_bot, trust, seen_at FROM identities
    WHERE channel_id = :channel_id AND remote_id IN {texts remote_ids}"""

_SEE = "UPDATE identities SET seen_at = :at WHERE id = :id AND seen_at < :at"

_ONE = """
    SELECT id, channel_id, remote_id, handle, name, emoji, url, avatar, is_us, is_bot, trust
    FROM identities WHERE id = :id"""

_LONGEST_NAME = 200
_LONGEST_ID = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a message tells about its author, as it is kept."""

    handle: str
    name: str
    emoji: tuple[Emoji, ...]
    url: str | None
    avatar: str | None
    is_us: bool
    is_bot: bool
    trust: Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """An identity as ingest needs it to decide what is new."""

    id: int
    facts: Facts
    seen_at: datetime


def key(author: Author) -> str:
    """The stable id of an author, as it is kept."""
    return storable(author.id[:_LONGEST_ID])


def facts(author: Author) -> Facts:
    """Clean what an author calls themselves."""
    name = storable(one_line(author.name, _LONGEST_NAME))
    return Facts(
        handle=storable(one_line(author.handle, _LONGEST_NAME)),
        name=name,
        emoji=told_emoji(author.emoji, name),
        url=safe_link(author.url) if author.url else None,
        avatar=safe_link(author.avatar) if author.avatar else None,
        is_us=author.is_us,
        is_bot=author.is_bot,
        trust=author.trust,
    )


def met(session: Session, channel_id: int, keys: Iterable[str]) -> dict[str, Met]:
    """Those of these authors that are known, by their keys."""
    rows = session.all(_MET, channel_id=channel_id, remote_ids=list(keys))
    return {row["remote_id"]: _met(row) for row in rows}


def meet(session: Session, channel_id: int, remote_id: str, told: Facts, *, at: datetime) -> Met:
    """Keep what a message of that instant tells about its author; returns what is kept now."""
    row = session.one(
        _MEET,
        channel_id=channel_id,
        remote_id=remote_id,
        handle=told.handle,
        name=told.name,
        emoji=write_emoji(told.emoji),
        url=told.url,
        avatar=told.avatar,
        is_us=int(told.is_us),
        is_bot=int(told.is_bot),
        trust=told.trust.value,
        seen_at=at,
    )
    assert row is not None
    return _met(row)


def see(session: Session, seen: Mapping[int, datetime]) -> None:
    """These identities said something at these instants."""
    if seen:
        session.many(_SEE, [{"id": identity_id, "at": at} for identity_id, at in sorted(seen.items())])


def identity(session: Session, identity_id: int) -> Identity:
    """Return one identity. Raises Absent."""
    row = session.one(_ONE, id=identity_id)
    if row is None:
        raise Absent("no such identity", identity_id=identity_id)
    return identity_of(row)


def identity_of(row: Row) -> Identity:
    """Map a row that carries the identity's columns under their own names."""
    return Identity(
        id=row["id"],
        channel_id=row["channel_id"],
        remote_id=row["remote_id"],
        handle=row["handle"],
        name=row["name"],
        emoji=read_emoji(row["emoji"]),
        url=row["url"],
        avatar=row["avatar"],
        is_us=bool(row["is_us"]),
        is_bot=bool(row["is_bot"]),
        trust=Trust(row["trust"]),
    )


def _met(row: Row) -> Met:
    told = Facts(
        handle=row["handle"],
        name=row["name"],
        emoji=read_emoji(row["emoji"]),
        url=row["url"],
        avatar=row["avatar"],
        is_us=bool(row["is_us"]),
        is_bot=bool(row["is_bot"]),
        trust=Trust(row["trust"]),
    )
    return Met(id=row["id"], facts=told, seen_at=from_micros(row["seen_at"]))
