"""The table workers: which processes are alive, and so whose claims count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.channels.store import SILENT_MS
from hub.kernel.clock import from_micros
from hub.kernel.database import Moment, Session

_BEAT = """
    INSERT INTO workers (id, epoch, beat_ms, role, started_at, beat_at)
    VALUES (:id, :epoch, :ms, :role, :now, :now)
    ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, beat_ms = excluded.beat_ms, beat_at = excluded.beat_at"""

_LEAVE = "DELETE FROM workers WHERE id = :id"

_FORGET = "DELETE FROM workers WHERE epoch <> :epoch OR beat_ms < :before_ms"

_ALIVE = """
    SELECT id, role, started_at, beat_at, beat_ms FROM workers
    WHERE epoch = :epoch AND beat_ms > :silent_ms ORDER BY id"""

_FORGET_AFTER_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """A process that beats. `silent_ms`: how long ago its last beat was."""

    id: str
    role: str
    started_at: datetime
    beat_at: datetime
    silent_ms: int


def beat(session: Session, worker: str, *, role: str, now: datetime) -> None:
    moment = session.moment()
    session.run(_BEAT, id=worker, role=role, epoch=moment.epoch, ms=moment.ms, now=now)


def leave(session: Session, worker: str) -> None:
    """A process ends: its claims are free at once."""
    session.run(_LEAVE, id=worker)


def forget_silent(session: Session) -> None:
    moment = session.moment()
    session.run(_FORGET, epoch=moment.epoch, before_ms=moment.ms - _FORGET_AFTER_MS)


def alive(session: Session) -> list[Alive]:
    """The processes whose claims count now."""
    moment: Moment = session.moment()
    return [
        Alive(
            id=row["id"],
            role=row["role"],
            started_at=from_micros(row["started_at"]),
            beat_at=from_micros(row["beat_at"]),
            silent_ms=moment.ms - row["beat_ms"],
        )
        for row in session.all(_ALIVE, epoch=moment.epoch, silent_ms=moment.ms - SILENT_MS)
    ]
