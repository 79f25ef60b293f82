"""Makes an installation that was brought back quiet: nothing that may have gone out since goes out by itself, and who
was signed in or shut out since is asked again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.archive.store import tables
from hub.kernel.database import Session
from hub.outbox.settle import hold_what_is_open
from hub.people.store import links, sessions
from hub.people.store import tokens as token_store

_EVENTS_AHEAD = 1_000_000
"""More events than happen between a backup and its restore: a position or an id that was told since is never given to
another event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quieted:
    """How many sends wait for a person, and how many sessions and API tokens ended."""

    held: int
    sessions: int
    tokens: int


def quieten(session: Session, *, now: datetime, keep_tokens: bool) -> Quieted:
    """Hold what is not settled, end sessions and one-time links, and, unless they are kept, API tokens."""
    numbers = tables.last_numbers(session)
    tables.set_last_numbers(session, {"events": numbers.get("events", 0) + _EVENTS_AHEAD})
    links.spend_everybodys(session, at=now)
    return Quieted(
        held=hold_what_is_open(session, now=now),
        sessions=sessions.end_everybodys(session, at=now),
        tokens=0 if keep_tokens else token_store.revoke_everybodys(session, at=now),
    )
