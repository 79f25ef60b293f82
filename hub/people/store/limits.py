"""Token buckets: how much of each is spent, and at which instant that was true."""

from __future__ import annotations

from datetime import datetime

from hub.kernel.clock import from_micros
from hub.kernel.database import Session

_MAKE = "INSERT INTO rate_limits (name, spent, since) VALUES (:name, 0, :at) ON CONFLICT (name) DO NOTHING"
_READ = "SELECT spent, since FROM rate_limits WHERE name = :name {for_update}"
_WRITE = "UPDATE rate_limits SET spent = :spent, since = :at WHERE name = :name"
_EMPTY = "DELETE FROM rate_limits WHERE name = :name"
_FORGET = "DELETE FROM rate_limits WHERE since < :before"


def read(session: Session, name: str, *, at: datetime) -> tuple[int, datetime]:
    """What is spent (thousandths) and since when; held until the transaction ends."""
    session.run(_MAKE, name=name, at=at)
    row = session.one(_READ, name=name)
    return (0, at) if row is None else (int(row["spent"]), from_micros(row["since"]))


def write(session: Session, name: str, *, spent: int, at: datetime) -> None:
    session.run(_WRITE, name=name, spent=spent, at=at)


def empty(session: Session, name: str) -> None:
    session.run(_EMPTY, name=name)


def forget(session: Session, *, before: datetime) -> int:
    """Drop buckets nobody touched since an instant."""
    return session.run(_FORGET, before=before)
