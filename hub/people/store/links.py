"""One-time links. A token's SHA-256 is all that is kept of it."""

from __future__ import annotations

from datetime import datetime

from hub.kernel.clock import from_micros
from hub.kernel.database import Row, Session
from hub.people.model import Link, Purpose

_INSERT = """
    INSERT INTO sign_in_links (agent_id, token_hash, purpose, created_at, expires_at)
    VALUES (:agent_id, :token_hash, :purpose, :at, :expires_at)"""
_VALID = """
    SELECT id, agent_id, purpose, expires_at FROM sign_in_links
    WHERE token_hash = :token_hash AND used_at IS NULL AND expires_at > :at"""
_SPEND = "UPDATE sign_in_links SET used_at = :at WHERE id = :id AND used_at IS NULL AND expires_at > :at"
_SPEND_EVERYBODYS = "UPDATE sign_in_links SET used_at = :at WHERE used_at IS NULL"
_SPEND_ALL = "UPDATE sign_in_links SET used_at = :at WHERE agent_id = :agent_id AND used_at IS NULL"


def insert(
    session: Session, *, agent_id: int, token_hash: str, purpose: Purpose, at: datetime, expires_at: datetime
) -> None:
    session.run(_INSERT, agent_id=agent_id, token_hash=token_hash, purpose=purpose.value, at=at, expires_at=expires_at)


def valid(session: Session, token_hash: str, *, at: datetime) -> Link | None:
    row = session.one(_VALID, token_hash=token_hash, at=at)
    return None if row is None else _link(row)


def spend(session: Session, link_id: int, *, at: datetime) -> bool:
    """Use a link up; false when somebody was quicker or it ran out."""
    return session.run(_SPEND, id=link_id, at=at) == 1


def spend_all(session: Session, agent_id: int, *, at: datetime) -> None:
    """Use up every link this agent still has."""
    session.run(_SPEND_ALL, agent_id=agent_id, at=at)


def spend_everybodys(session: Session, *, at: datetime) -> int:
    """Use up every link there is; returns how many."""
    return session.run(_SPEND_EVERYBODYS, at=at)


def _link(row: Row) -> Link:
    return Link(
        id=row["id"],
        agent_id=row["agent_id"],
        purpose=Purpose(row["purpose"]),
        expires_at=from_micros(row["expires_at"]),
    )
