"""The table identities."""

from __future__ import annotations

from datetime import datetime

from hub.connector import Author, Trust
from hub.customers.model import Identity
from hub.errors import Absent
from hub.kernel.database import Row, Session
from hub.kernel.html import one_line, safe_link

# What the newest message says about its author wins, in whatever order messages come. A name that was only claimed once
# is never trusted again.
_MEET = """
    INSERT INTO identities (channel_id, remote_id, handle, name, url, avatar, is_us, is_bot, trust, seen_at)
    VALUES (:channel_id, :remote_id, :handle, :name, :url, :avatar, :is_us, :is_bot, :trust, :seen_at)
    ON CONFLICT (channel_id, remote_id) DO UPDATE SET
        handle = CASE WHEN excluded.seen_at >= identities.seen_at THEN excluded.handle ELSE identities.handle END,
        name = CASE WHEN excluded.seen_at >= identities.seen_at THEN excluded.name ELSE identities.name END,
        url = CASE WHEN excluded.seen_at >= identities.seen_at THEN excluded.url ELSE identities.url END,
        avatar = CASE WHEN excluded.seen_at >= identities.seen_at THEN excluded.avatar ELSE identities.avatar END,
        trust = CASE WHEN excluded.trust = 'claimed' THEN excluded.trust ELSE identities.trust END,
        is_us = CASE WHEN excluded.is_us > identities.is_us THEN excluded.is_us ELSE identities.is_us END,
        is_bot = CASE WHEN excluded.seen_at >= identities.seen_at THEN excluded.is_bot ELSE identities.is_bot END,
        seen_at = CASE WHEN excluded.seen_at >= identities.seen_at THEN excluded.seen_at ELSE identities.seen_at END
    RETURNING id"""

_ONE = """
    SELECT id, channel_id, remote_id, handle, name, url, avatar, is_us, is_bot, trust FROM identities WHERE id = :id"""

_LONGEST_NAME = 200
_LONGEST_ID = 2000


def meet(session: Session, channel_id: int, author: Author, *, at: datetime) -> int:
    """Keep what a message of that instant tells about its author; returns the identity's id."""
    return session.insert(
        _MEET,
        channel_id=channel_id,
        remote_id=author.id[:_LONGEST_ID],
        handle=one_line(author.handle, _LONGEST_NAME),
        name=one_line(author.name, _LONGEST_NAME),
        url=safe_link(author.url) if author.url else None,
        avatar=safe_link(author.avatar) if author.avatar else None,
        is_us=int(author.is_us),
        is_bot=int(author.is_bot),
        trust=author.trust.value,
        seen_at=at,
    )


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
        url=row["url"],
        avatar=row["avatar"],
        is_us=bool(row["is_us"]),
        is_bot=bool(row["is_bot"]),
        trust=Trust(row["trust"]),
    )
