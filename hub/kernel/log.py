"""The event log: what happened, written in the transaction in which it happened, read by each reader at its own pace.

Readers get every event at least once and in the order of commit. A position is an opaque string.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from hub.errors import Invalid
from hub.events import KINDS, Event
from hub.kernel.clock import from_micros
from hub.kernel.database import Row, Session

START = "0.0"
"""The position before the first event."""

_LONGEST = 40
_HIGHEST = 2**63 - 1

_NAMES = {event: name for name, event in KINDS.items()}

_APPEND = """
    INSERT INTO events (kind, at, channel_id, conversation_id, data)
    VALUES (:kind, :at, :channel_id, :conversation_id, :data)"""

_AFTER = """
    SELECT xid, id, kind, at, data FROM events
    WHERE (xid > {as_xid xid} OR (xid = {as_xid xid} AND id > :id)) {settled_only}
    ORDER BY xid, id LIMIT :limit"""

_NEWEST = "SELECT xid, id FROM events WHERE 1 = 1 {settled_only} ORDER BY xid DESC, id DESC LIMIT 1"

_AT = "SELECT 1 AS yes FROM events WHERE id = :id AND xid = {as_xid xid}"

_OLDEST = "SELECT xid, id FROM events ORDER BY xid, id LIMIT 1"

_READER = "SELECT position FROM event_readers WHERE name = :name {for_update}"

_MOVE = """
    INSERT INTO event_readers (name, position) VALUES (:name, :position)
    ON CONFLICT (name) DO UPDATE SET position = excluded.position, failures = 0, failed_at = NULL"""

_FAILED = """
    UPDATE event_readers SET failures = failures + 1, failed_at = :at WHERE name = :name RETURNING failures"""

_READERS = "SELECT name, position, failures FROM event_readers ORDER BY name"

_FIRST_AFTER = "SELECT MIN(id) AS id FROM events WHERE xid > {as_xid xid} OR (xid = {as_xid xid} AND id > :id)"

_HIGHEST_ID = "SELECT COALESCE(MAX(id), 0) AS id FROM events"

_SET_POSITION = "UPDATE event_readers SET position = :position WHERE name = :name"

_FORGET_TRANSACTIONS = "UPDATE events SET xid = {as_xid xid}"

# The oldest come first by id, too: finding the first one to keep reads only what is dropped.
_FORGET = """
    DELETE FROM events WHERE at < :before AND id < COALESCE(
        (SELECT id FROM events WHERE at >= :before ORDER BY id LIMIT 1), (SELECT max(id) + 1 FROM events))"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One event as the log holds it; `position` is where a reader goes on after it."""

    position: str
    kind: str
    at: datetime
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """A reader of the log: since when its next event waits (None: it has read all), how often it failed on that one."""

    name: str
    since: datetime | None
    failures: int


def append(session: Session, event: Event, *, at: datetime) -> None:
    """Write down what this transaction does, for everybody who wants to know."""
    session.run(_APPEND, **_columns(event, at))


def append_all(session: Session, events: Iterable[Event], *, at: datetime) -> None:
    """Write down several events, in their order."""
    session.many(_APPEND, [_columns(event, at) for event in events])


def _columns(event: Event, at: datetime) -> dict[str, object]:
    return {
        "kind": _NAMES[type(event)],
        "at": at,
        "channel_id": event.channel_id,
        "conversation_id": event.conversation_id,
        "data": msgspec.json.encode(event).decode(),
    }


def read(session: Session, after: str, *, limit: int = 500) -> list[Logged]:
    """Return what was committed after a position, oldest first. Raises Invalid when it is not a position."""
    xid, row_id = parse_position(after)
    return [_logged(row) for row in session.all(_AFTER, xid=xid, id=row_id, limit=limit)]


def newest(session: Session) -> str:
    """The position of the last event that readers can see."""
    row = session.one(_NEWEST)
    return START if row is None else f"{row['xid']}.{row['id']}"


def oldest(session: Session) -> str:
    """The position of the first event that is still kept."""
    row = session.one(_OLDEST)
    return START if row is None else f"{row['xid']}.{row['id']}"


def is_held(session: Session, after: str) -> bool:
    """Whether the log still has everything after a position, and told that position at all.

    Each that was told is an event's or the start. One from before a restore is not, though it may lie between those
    that are: on PostgreSQL another database counts its transactions from elsewhere. Raises Invalid when it is none.
    """
    xid, row_id = parse_position(after)
    if after == START:
        return parse_position(oldest(session))[1] <= 1
    return session.one(_AT, xid=xid, id=row_id) is not None


def reader_position(session: Session, name: str) -> str | None:
    """Where a named reader stands; None when it never read."""
    row = session.one(_READER, name=name)
    return None if row is None else str(row["position"])


def move_reader(session: Session, name: str, position: str) -> None:
    """Go on after a position; never back, when two workers read for one reader."""
    current = reader_position(session, name)
    if current is None or parse_position(current) <= parse_position(position):
        session.run(_MOVE, name=name, position=position)


def lags(session: Session) -> list[Lag]:
    """How each reader does, by name."""
    found = []
    for row in session.all(_READERS):
        waiting = read(session, row["position"], limit=1)
        found.append(Lag(name=row["name"], since=waiting[0].at if waiting else None, failures=row["failures"]))
    return found


def count_failure(session: Session, name: str, *, at: datetime) -> int:
    """A reader could not take its next event; returns how often in a row."""
    row = session.one(_FAILED, name=name, at=at)
    return int(row["failures"]) if row else 0


def forget(session: Session, *, before: datetime) -> int:
    """Drop events older than an instant; what they told is in the tables."""
    return session.run(_FORGET, before=before)


def forget_transactions(session: Session) -> None:
    """Order the log by id alone, for a log that moves to another database, whose transactions count from elsewhere.

    Readers may be told again what they knew, and miss nothing.
    """
    for row in session.all(_READERS):
        xid, row_id = parse_position(row["position"])
        first = session.one(_FIRST_AFTER, xid=xid, id=row_id)
        if first is None or first["id"] is None:
            first = session.one(_HIGHEST_ID)
            position = f"0.{first['id'] if first else 0}"
        else:
            position = f"0.{first['id'] - 1}"
        session.run(_SET_POSITION, name=row["name"], position=position)
    session.run(_FORGET_TRANSACTIONS, xid=0)


def parse_position(position: str) -> tuple[int, int]:
    """Read a position back. Raises Invalid when it is none of ours."""
    xid, _, row_id = position.partition(".")
    if not (len(position) < _LONGEST and xid.isdecimal() and row_id.isdecimal() and position.isascii()):
        raise Invalid("after", "not_a_position")
    if max(int(xid), int(row_id)) > _HIGHEST:
        raise Invalid("after", "not_a_position")
    return int(xid), int(row_id)


def _logged(row: Row) -> Logged:
    return Logged(
        position=f"{row['xid']}.{row['id']}",
        kind=row["kind"],
        at=from_micros(row["at"]),
        # A newer node may write kinds we do not know yet: their place and channel are still told.
        event=msgspec.json.decode(row["data"], type=KINDS.get(row["kind"], Event)),
    )
