"""Who is signed in where. A token's SHA-256 is all that is kept of it."""

from __future__ import annotations

from datetime import datetime

from hub.kernel.clock import from_micros
from hub.kernel.database import Row, Session
from hub.people.model import OpenSession

_INSERT = """
    INSERT INTO sessions (token_hash, agent_id, csrf_token, user_agent, created_at, seen_at)
    VALUES (:token_hash, :agent_id, :csrf_token, :user_agent, :at, :at) RETURNING id"""
_LIVING = """
    SELECT id, agent_id, csrf_token, seen_at FROM sessions
    WHERE token_hash = :token_hash AND ended_at IS NULL AND seen_at > :seen_after AND created_at > :created_after"""
_SEEN = "UPDATE sessions SET seen_at = :at WHERE id = :id AND ended_at IS NULL AND seen_at < :at"
_OF_AGENT = """
    SELECT id, user_agent, created_at, seen_at FROM sessions
    WHERE agent_id = :agent_id AND ended_at IS NULL AND seen_at > :seen_after AND created_at > :created_after
    ORDER BY seen_at DESC, id DESC"""
_END = "UPDATE sessions SET ended_at = :at WHERE id = :id AND agent_id = :agent_id AND ended_at IS NULL"
_END_ALL = """
    UPDATE sessions SET ended_at = :at WHERE agent_id = :agent_id AND ended_at IS NULL AND id <> :keep"""
_END_EVERYBODYS = "UPDATE sessions SET ended_at = :at WHERE ended_at IS NULL"
_FORGET = "DELETE FROM sessions WHERE created_at < :before"


def insert(session: Session, *, token_hash: str, agent_id: int, csrf_token: str, user_agent: str, at: datetime) -> int:
    return session.insert(
        _INSERT, token_hash=token_hash, agent_id=agent_id, csrf_token=csrf_token, user_agent=user_agent, at=at
    )


def living(session: Session, token_hash: str, *, seen_after: datetime, created_after: datetime) -> Row | None:
    """The session's id, agent_id, csrf_token and seen_at (microseconds), unless it ended or ran out."""
    return session.one(_LIVING, token_hash=token_hash, seen_after=seen_after, created_after=created_after)


def mark_seen(session: Session, session_id: int, *, at: datetime) -> None:
    session.run(_SEEN, id=session_id, at=at)


def of_agent(session: Session, agent_id: int, *, seen_after: datetime, created_after: datetime) -> list[OpenSession]:
    rows = session.all(_OF_AGENT, agent_id=agent_id, seen_after=seen_after, created_after=created_after)
    return [_open_session(row) for row in rows]


def end(session: Session, session_id: int, *, agent_id: int, at: datetime) -> bool:
    """End one session of this agent; false when there is none."""
    return session.run(_END, id=session_id, agent_id=agent_id, at=at) == 1


def end_all(session: Session, agent_id: int, *, at: datetime, keep: int = 0) -> int:
    """End every session of this agent but `keep`; returns how many."""
    return session.run(_END_ALL, agent_id=agent_id, at=at, keep=keep)


def end_everybodys(session: Session, *, at: datetime) -> int:
    """End every session there is; returns how many."""
    return session.run(_END_EVERYBODYS, at=at)


def forget(session: Session, *, before: datetime) -> int:
    """Drop sessions that began before an instant."""
    return session.run(_FORGET, before=before)


def _open_session(row: Row) -> OpenSession:
    return OpenSession(
        id=row["id"],
        user_agent=row["user_agent"],
        created_at=from_micros(row["created_at"]),
        seen_at=from_micros(row["seen_at"]),
    )
