"""Who is signed in: random 256-bit tokens, of which only the SHA-256 is kept (OWASP ASVS 5.0, chapter 7).

A session ends after two hours without use and after twelve hours in any case: an agent works in it all day, signs in
once in the morning, and a machine left behind at lunch is shut before the afternoon. Password, role and active state
end it at once, because every request asks the table.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from hub.kernel.clock import from_micros
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.kernel.plaintext import one_line
from hub.people.model import OpenSession, SignedIn
from hub.people.store import agents
from hub.people.store import sessions as store

IDLE = timedelta(hours=2)
ABSOLUTE = timedelta(hours=12)
_KEPT = timedelta(days=30)
_SEEN_EVERY = timedelta(minutes=1)
"""Reading a page writes nothing more often than this."""


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def start(session: Session, hub: Hub, agent_id: int, *, user_agent: str) -> str:
    """Begin a session in a transaction of the caller's and return its token, which is nowhere else."""
    token = hub.token()
    store.insert(
        session,
        token_hash=token_hash(token),
        agent_id=agent_id,
        csrf_token=hub.token(),
        user_agent=one_line(user_agent, 200),
        at=hub.clock(),
    )
    return token


def find(hub: Hub, token: str, *, by_person: bool = True) -> SignedIn | None:
    """Return who this token belongs to, or None when it ended, ran out or never was.

    by_person: false for what a page does by itself (the live stream, a refresh): that keeps no session alive.
    """
    now = hub.clock()
    with hub.database.reading() as session:
        row = store.living(session, token_hash(token), seen_after=now - IDLE, created_after=now - ABSOLUTE)
        agent = None if row is None else agents.find(session, row["agent_id"])
    if row is None or agent is None or not agent.is_active:
        return None
    if by_person and now - from_micros(row["seen_at"]) >= _SEEN_EVERY:
        with hub.database.transaction() as session:
            store.mark_seen(session, row["id"], at=now)
    return SignedIn(session_id=row["id"], csrf_token=row["csrf_token"], agent=agent)


def open_sessions(hub: Hub, agent_id: int) -> list[OpenSession]:
    """Where this agent is signed in now, last used first."""
    now = hub.clock()
    with hub.database.reading() as session:
        return store.of_agent(session, agent_id, seen_after=now - IDLE, created_after=now - ABSOLUTE)


def end(hub: Hub, session_id: int, *, agent_id: int) -> bool:
    """End one session of this agent; false when it is not theirs or ended already."""
    with hub.database.transaction() as session:
        return store.end(session, session_id, agent_id=agent_id, at=hub.clock())


def end_others(hub: Hub, who: SignedIn) -> int:
    """End every session of this agent but the one at hand; returns how many."""
    now = hub.clock()
    with hub.database.transaction() as session:
        return store.end_all(session, who.agent.id, at=now, keep=who.session_id)


def end_all(session: Session, agent_id: int, *, now: datetime, keep: int = 0) -> int:
    """End every session of this agent but `keep`, in a transaction of the caller's; returns how many."""
    return store.end_all(session, agent_id, at=now, keep=keep)


def forget(session: Session, *, now: datetime) -> int:
    """Drop sessions that ended long ago; for the sweep."""
    return store.forget(session, before=now - _KEPT)
