"""What a health check asks of the database."""

from __future__ import annotations

from hub.kernel.database import Moment, Session

_PROBE = """
    INSERT INTO installation (name, value) VALUES ('probe', :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""
_LAST_BEAT = "SELECT MAX(beat_ms) AS beat_ms FROM workers WHERE epoch = :epoch AND role = 'worker'"


def write_probe(session: Session, moment: Moment) -> None:
    """Write one row, which only a database that takes writes can do."""
    session.run(_PROBE, value=str(moment.ms))


def last_beat(session: Session, epoch: str) -> int | None:
    """When any worker last beat, in milliseconds of this epoch; None when none did."""
    row = session.one(_LAST_BEAT, epoch=epoch)
    return None if row is None else row["beat_ms"]
