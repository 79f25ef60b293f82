"""The table dead_letters: what came in and could not be read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from hub.channels.model import DeadLetter
from hub.kernel.clock import from_micros
from hub.kernel.database import Row, Session

_BURY = """
    INSERT INTO dead_letters (channel_id, reason, raw, at, delivery)
    VALUES (:channel_id, :reason, :raw, :at, :delivery)"""

_DEAD = """
    SELECT channel_id, count(*) AS letters FROM (
        SELECT channel_id, dismissed_at FROM dead_letters ORDER BY id DESC LIMIT 1000) newest
    WHERE dismissed_at IS NULL GROUP BY channel_id"""

_LETTERS = """
    SELECT id, reason, raw, at, EXISTS (
        SELECT 1 FROM deliveries
        WHERE deliveries.id = dead_letters.delivery AND deliveries.channel_id = dead_letters.channel_id
          AND read_at IS NOT NULL AND body <> '') AS is_kept
    FROM dead_letters
    WHERE channel_id = :channel_id AND id < :before AND dismissed_at IS NULL
    ORDER BY id DESC LIMIT :limit"""

_DISMISS = """
    UPDATE dead_letters SET dismissed_at = :now, dismissed_by = :by, outcome = 'seen'
    WHERE channel_id = :channel_id AND id BETWEEN :first AND :last AND dismissed_at IS NULL"""

_READ_AGAIN = """
    UPDATE dead_letters SET dismissed_at = :now, dismissed_by = :by, outcome = 'read_again'
    WHERE channel_id = :channel_id AND delivery IN {ids numbers} AND dismissed_at IS NULL"""

_OF_DELIVERIES = """
    SELECT DISTINCT delivery FROM dead_letters
    WHERE delivery IN {ids numbers} AND (outcome IS NULL OR outcome = 'seen')"""

_RAW_MOST = 20_000


def bury(
    session: Session, channel_id: int, *, reason: str, raw: str, at: datetime, delivery: int | None = None
) -> None:
    """Keep an item that could not be read, for a person to look at. delivery: the one it came with, where known."""
    session.run(_BURY, channel_id=channel_id, reason=reason[:500], raw=raw[:_RAW_MOST], at=at, delivery=delivery)


def dead_letters(session: Session) -> dict[int, int]:
    """How many of the newest thousand unreadable items belong to each channel."""
    return {row["channel_id"]: row["letters"] for row in session.all(_DEAD)}


def letters(session: Session, channel_id: int, *, before: int | None = None, limit: int = 50) -> list[DeadLetter]:
    """The unreadable items of one channel, newest first; `before` is the id to go on at."""
    rows = session.all(_LETTERS, channel_id=channel_id, before=before or 2**62, limit=limit)
    return [_letter(row) for row in rows]


def dismiss(session: Session, channel_id: int, *, first: int = 0, last: int, by: int | None, now: datetime) -> int:
    """Somebody has seen the unreadable items up to one, or with `first` only some; returns how many. They are kept."""
    return session.run(_DISMISS, channel_id=channel_id, first=first, last=last, by=by, now=now)


def note_read_again(
    session: Session, channel_id: int, deliveries: Collection[int], *, by: int | None, now: datetime
) -> None:
    """What came with these deliveries is out of the way: read anew, it is told anew where it is still unreadable."""
    session.run(_READ_AGAIN, channel_id=channel_id, numbers=sorted(deliveries), by=by, now=now)


def with_letters(session: Session, deliveries: Collection[int]) -> frozenset[int]:
    """Those of some deliveries of which something could not be read, even when they were read again."""
    if not deliveries:
        return frozenset()
    return frozenset(row["delivery"] for row in session.all(_OF_DELIVERIES, numbers=sorted(deliveries)))


def _letter(row: Row) -> DeadLetter:
    return DeadLetter(
        id=row["id"],
        reason=row["reason"],
        raw=row["raw"],
        at=from_micros(row["at"]),
        is_kept=bool(row["is_kept"]),
    )
