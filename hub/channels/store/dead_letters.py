"""The table dead_letters: what came in and could not be read."""

from __future__ import annotations

from datetime import datetime

from hub.channels.model import DeadLetter
from hub.kernel.clock import from_micros
from hub.kernel.database import Session

_BURY = "INSERT INTO dead_letters (channel_id, reason, raw, at) VALUES (:channel_id, :reason, :raw, :at)"

_DEAD = """
    SELECT channel_id, count(*) AS letters FROM (
        SELECT channel_id, dismissed_at FROM dead_letters ORDER BY id DESC LIMIT 1000) newest
    WHERE dismissed_at IS NULL GROUP BY channel_id"""

_LETTERS = """
    SELECT id, reason, raw, at FROM dead_letters
    WHERE channel_id = :channel_id AND id < :before AND dismissed_at IS NULL
    ORDER BY id DESC LIMIT :limit"""

_DISMISS = """
    UPDATE dead_letters SET dismissed_at = :now
    WHERE channel_id = :channel_id AND id BETWEEN :first AND :last AND dismissed_at IS NULL"""

_RAW_MOST = 20_000


def bury(session: Session, channel_id: int, *, reason: str, raw: str, at: datetime) -> None:
    """Keep an item that could not be read, for a person to look at."""
    session.run(_BURY, channel_id=channel_id, reason=reason[:500], raw=raw[:_RAW_MOST], at=at)


def dead_letters(session: Session) -> dict[int, int]:
    """How many of the newest thousand unreadable items belong to each channel."""
    return {row["channel_id"]: row["letters"] for row in session.all(_DEAD)}


def letters(session: Session, channel_id: int, *, before: int | None = None, limit: int = 50) -> list[DeadLetter]:
    """The unreadable items of one channel, newest first; `before` is the id to go on at."""
    rows = session.all(_LETTERS, channel_id=channel_id, before=before or 2**62, limit=limit)
    return [DeadLetter(id=row["id"], reason=row["reason"], raw=row["raw"], at=from_micros(row["at"])) for row in rows]


def dismiss(session: Session, channel_id: int, *, first: int = 0, last: int, now: datetime) -> int:
    """Somebody has seen the unreadable items up to one, or with `first` only some; returns how many. They are kept."""
    return session.run(_DISMISS, channel_id=channel_id, first=first, last=last, now=now)
