"""The table emoji: the pictures of custom emoji that texts name, to be fetched, kept, or not to be had."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from hub.kernel.database import Row, Session

_TOLD_EVERY = timedelta(days=1)
"""How exactly it is kept when a picture was last told of."""

_FRESH = """
    SELECT name FROM emoji
    WHERE name IN {texts names} AND told_at > :before AND NOT (state = 'refused' AND due_at <= :now)"""

_WANT = """
    INSERT INTO emoji (name, url, host, conversation_id, state, due_at, told_at)
    VALUES (:name, :url, :host, :conversation_id, 'wanted', :now, :now)
    ON CONFLICT (name) DO UPDATE SET told_at = excluded.told_at,
        conversation_id = COALESCE(excluded.conversation_id, emoji.conversation_id),
        tries = CASE WHEN emoji.state = 'refused' AND emoji.due_at <= :now THEN 0 ELSE emoji.tries END,
        state = CASE WHEN emoji.state = 'refused' AND emoji.due_at <= :now THEN 'wanted' ELSE emoji.state END"""

_KEPT = "SELECT name FROM emoji WHERE name IN {texts names} AND state = 'kept'"

_DUE = """
    SELECT name FROM emoji WHERE state = 'wanted' AND due_at <= :now AND host NOT IN {texts without}
    ORDER BY due_at, name LIMIT :limit"""

_CLAIM = """
    UPDATE emoji SET tries = tries + 1, due_at = :until
    WHERE name IN (SELECT name FROM emoji WHERE name IN {texts names} AND state = 'wanted' AND due_at <= :now
                   {skip_locked})
    RETURNING name, url, host, conversation_id, tries"""

_SETTLE = "UPDATE emoji SET state = :state, due_at = :due_at WHERE name = :name"

_LOST = "UPDATE emoji SET state = 'wanted', tries = 0, due_at = :now WHERE name = :name AND state = 'kept'"

_BRING_FORWARD = "UPDATE emoji SET due_at = :now WHERE state = 'wanted' AND due_at > :latest"

_COUNT = "SELECT count(*) AS found FROM emoji"

_FORGET = """
    DELETE FROM emoji WHERE name IN (SELECT name FROM emoji ORDER BY told_at, name LIMIT :most) RETURNING name"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A picture that is to be fetched now. tries: with this one. conversation_id: where it was last told of."""

    name: str
    url: str
    host: str
    conversation_id: int | None
    tries: int


def want(session: Session, told: Mapping[str, str], conversations: Mapping[str, int | None], *, now: datetime) -> None:
    """Note that texts name these pictures, name to address; new ones are fetched, and those that could not be had for
    a while. `conversations`: where each was told of, by name."""
    if not told:
        return
    before = now - _TOLD_EVERY
    fresh = {row["name"] for row in session.all(_FRESH, names=list(told), before=before, now=now)}
    # In one order: pages of other channels may tell of the same at the same time.
    rows = [
        {
            "name": name,
            "url": told[name],
            "host": urlsplit(told[name]).hostname or "",
            "conversation_id": conversations.get(name),
            "now": now,
        }
        for name in sorted(told.keys() - fresh)
    ]
    if rows:
        session.many(_WANT, rows)


def kept(session: Session, names: Collection[str]) -> frozenset[str]:
    """Those of these pictures that can be shown."""
    return frozenset(row["name"] for row in session.all(_KEPT, names=list(names))) if names else frozenset()


def due(session: Session, *, now: datetime, limit: int, without: Iterable[str]) -> list[str]:
    """Names of pictures to be fetched, the longest due first, `without` some hosts'."""
    return [row["name"] for row in session.all(_DUE, now=now, limit=limit, without=sorted(without))]


def claim(session: Session, names: Collection[str], *, now: datetime, until: datetime) -> list[Wanted]:
    """Have these for oneself until an instant."""
    return [_wanted(row) for row in session.all(_CLAIM, names=list(names), now=now, until=until)]


def keep(session: Session, name: str, *, now: datetime) -> None:
    """It is here."""
    session.run(_SETTLE, name=name, state="kept", due_at=now)


def put_off(session: Session, name: str, *, due_at: datetime, refused: bool) -> None:
    """It could not be had. refused: it is tried again only when it is told of after `due_at`."""
    session.run(_SETTLE, name=name, state="refused" if refused else "wanted", due_at=due_at)


def lost(session: Session, name: str, *, now: datetime) -> bool:
    """Its file is gone: fetch it anew. False where we never had it."""
    return session.run(_LOST, name=name, now=now) == 1


def bring_forward(session: Session, *, latest: datetime, now: datetime) -> None:
    """What is due later than it can have been put off to was put off by a clock that stood in the future."""
    session.run(_BRING_FORWARD, latest=latest, now=now)


def forget_oldest(session: Session, *, keep: int, most: int) -> list[str]:
    """Take out those beyond `keep` that were told of longest ago, `most` at once; returns their names."""
    row = session.one(_COUNT)
    excess = min(int(row["found"]) - keep, most) if row else 0
    return [row["name"] for row in session.all(_FORGET, most=excess)] if excess > 0 else []


def _wanted(row: Row) -> Wanted:
    return Wanted(
        name=row["name"],
        url=row["url"],
        host=row["host"],
        conversation_id=row["conversation_id"],
        tries=row["tries"],
    )
