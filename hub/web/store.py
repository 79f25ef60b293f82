"""What health checks and metrics ask of the database. Each question is answered from an index, or counts to a limit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.kernel.clock import from_micros_or_none
from hub.kernel.database import Moment, Row, Session

_PROBE = """
    INSERT INTO installation (name, value) VALUES ('probe', :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""
_LAST_BEAT = "SELECT MAX(beat_ms) AS beat_ms FROM workers WHERE epoch = :epoch AND role = 'worker'"

_WORKERS = "SELECT count(*) AS found FROM workers WHERE epoch = :epoch AND role = 'worker' AND beat_ms > :silent_ms"
_WAITING = """
    SELECT state, count(*) AS found FROM outbox WHERE state IN ('failed', 'unknown', 'held') GROUP BY state
    UNION ALL SELECT 'queued', count(*) FROM outbox WHERE state = 'queued'
    UNION ALL SELECT 'sending', count(*) FROM outbox WHERE state = 'sending'"""
_OLDEST_DUE = "SELECT MIN(due_at) AS at FROM outbox WHERE state = 'queued' AND due_at <= :now"
_OPEN = "SELECT count(*) AS found, MIN(last_at) AS at FROM conversations WHERE merged_into IS NULL AND state = 'open'"
_UNSWEPT = "SELECT count(*) AS found FROM (SELECT 1 FROM search_dirty LIMIT :most) unswept"
_DELIVERIES = "SELECT count(*) AS found, MIN(received_at) AS at FROM deliveries WHERE read_at IS NULL"
_CHANNELS = """
    SELECT id, kind, state, pulled_at, failures FROM channels WHERE state <> 'removed' ORDER BY id LIMIT :most"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How many wait, and since when the oldest does; None where nothing waits."""

    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFigures:
    """How one channel does. `pulled_at` is None before its first pull."""

    id: int
    kind: str
    state: str
    pulled_at: datetime | None
    failures: int


def write_probe(session: Session, moment: Moment) -> None:
    """Write one row, which only a database that takes writes can do."""
    session.run(_PROBE, value=str(moment.ms))


def last_beat(session: Session, epoch: str) -> int | None:
    """When any worker last beat, in milliseconds of this epoch; None when none did."""
    row = session.one(_LAST_BEAT, epoch=epoch)
    return None if row is None else row["beat_ms"]


def workers(session: Session, moment: Moment, *, silent_ms: int) -> int:
    """How many workers have beaten lately."""
    row = session.one(_WORKERS, epoch=moment.epoch, silent_ms=moment.ms - silent_ms)
    return 0 if row is None else int(row["found"])


def outbox_states(session: Session) -> dict[str, int]:
    """How many items are in each state that is not final."""
    return {str(row["state"]): int(row["found"]) for row in session.all(_WAITING)}


def oldest_due_at(session: Session, *, now: datetime) -> datetime | None:
    """Since when the item that should have left first is due."""
    row = session.one(_OLDEST_DUE, now=now)
    return None if row is None else from_micros_or_none(row["at"])


def open_conversations(session: Session) -> Backlog:
    return _backlog(session.one(_OPEN))


def waiting_deliveries(session: Session) -> Backlog:
    return _backlog(session.one(_DELIVERIES))


def unswept(session: Session, *, most: int) -> int:
    """How many messages the search has not read yet, counted up to `most`."""
    row = session.one(_UNSWEPT, most=most)
    return 0 if row is None else int(row["found"])


def channels(session: Session, *, most: int) -> list[ChannelFigures]:
    return [
        ChannelFigures(
            id=row["id"],
            kind=row["kind"],
            state=row["state"],
            pulled_at=from_micros_or_none(row["pulled_at"]),
            failures=row["failures"],
        )
        for row in session.all(_CHANNELS, most=most)
    ]


def _backlog(row: Row | None) -> Backlog:
    if row is None:
        return Backlog(count=0, oldest_at=None)
    return Backlog(count=int(row["found"]), oldest_at=from_micros_or_none(row["at"]))
