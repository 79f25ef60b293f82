"""What the doctor asks of the database itself."""

from __future__ import annotations

from datetime import datetime

from hub.kernel.clock import from_micros
from hub.kernel.database import Session

_QUICK_CHECK = "PRAGMA quick_check(5)"
_JOURNAL = "PRAGMA journal_mode"
_SQLITE_VERSION = "SELECT sqlite_version() AS version"
_POSTGRESQL_VERSION = "SELECT current_setting('server_version') AS version"
_DATABASE_TIME = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) AS now"
_NEWEST_EVENT = "SELECT MAX(at) AS at FROM events"
_LAST_BEAT = "SELECT beat_ms, beat_at FROM workers WHERE epoch = :epoch ORDER BY beat_ms DESC LIMIT 1"
_PROBE = """
    INSERT INTO installation (name, value) VALUES ('doctor', :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""


def version(session: Session) -> str:
    """The engine's own version."""
    is_sqlite = session.dialect.name == "sqlite"
    row = session.one(_SQLITE_VERSION if is_sqlite else _POSTGRESQL_VERSION)
    return "" if row is None else str(row["version"])


def damage(session: Session) -> list[str]:
    """What SQLite finds wrong with its file; PostgreSQL checks its own pages."""
    if session.dialect.name != "sqlite":
        return []
    found = [str(row["quick_check"]) for row in session.all(_QUICK_CHECK)]
    return [] if found == ["ok"] else found


def has_wal(session: Session) -> bool:
    row = session.one(_JOURNAL) if session.dialect.name == "sqlite" else None
    return row is None or str(row["journal_mode"]).lower() == "wal"


def write_probe(session: Session, at: datetime) -> None:
    session.run(_PROBE, value=at.isoformat())


def database_time(session: Session) -> datetime | None:
    """The database's own clock; None where it has none."""
    row = session.one(_DATABASE_TIME) if session.dialect.name == "postgresql" else None
    return None if row is None else from_micros(row["now"])


def newest_event_at(session: Session) -> datetime | None:
    row = session.one(_NEWEST_EVENT)
    return None if row is None or row["at"] is None else from_micros(row["at"])


def last_beat(session: Session, epoch: str) -> tuple[int, datetime] | None:
    """When a worker last beat, by the steady clock and by the wall clock."""
    row = session.one(_LAST_BEAT, epoch=epoch)
    return None if row is None else (int(row["beat_ms"]), from_micros(row["beat_at"]))
