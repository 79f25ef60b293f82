"""Tokens of the API. A token's SHA-256 is all that is kept of it, and its first characters to know it again by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from hub.kernel.clock import from_micros, from_micros_or_none
from hub.kernel.database import Row, Session
from hub.people.model import ApiToken, TokenScope

_COLUMNS = "id, agent_id, name, starts_with, scopes, created_at, expires_at, used_at, revoked_at"

_INSERT = """
    INSERT INTO tokens (agent_id, name, token_hash, starts_with, scopes, created_at, expires_at)
    VALUES (:agent_id, :name, :token_hash, :starts_with, :scopes, :at, :expires_at) RETURNING id"""
_LIVING = f"""
    SELECT {_COLUMNS} FROM tokens
    WHERE token_hash = :token_hash AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :at)"""  # noqa: S608
_ONE = f"SELECT {_COLUMNS} FROM tokens WHERE id = :id"  # noqa: S608
_ALL = f"SELECT {_COLUMNS} FROM tokens WHERE revoked_at IS NULL ORDER BY id"  # noqa: S608
_USED = "UPDATE tokens SET used_at = :at WHERE id = :id AND (used_at IS NULL OR used_at < :at)"
_REVOKE = "UPDATE tokens SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL"
_REVOKE_EVERYBODYS = "UPDATE tokens SET revoked_at = :at WHERE revoked_at IS NULL"
_REVOKE_ALL = "UPDATE tokens SET revoked_at = :at WHERE agent_id = :agent_id AND revoked_at IS NULL"


def insert(
    session: Session,
    *,
    agent_id: int,
    name: str,
    token_hash: str,
    starts_with: str,
    scopes: Iterable[TokenScope],
    at: datetime,
    expires_at: datetime | None,
) -> int:
    return session.insert(
        _INSERT,
        agent_id=agent_id,
        name=name,
        token_hash=token_hash,
        starts_with=starts_with,
        scopes=" ".join(sorted(scopes)),
        at=at,
        expires_at=expires_at,
    )


def living(session: Session, token_hash: str, *, at: datetime) -> ApiToken | None:
    """The token with this hash, unless it was revoked or ran out."""
    row = session.one(_LIVING, token_hash=token_hash, at=at)
    return None if row is None else _token(row)


def revoke_everybodys(session: Session, *, at: datetime) -> int:
    """Revoke every token there is; returns how many."""
    return session.run(_REVOKE_EVERYBODYS, at=at)


def find(session: Session, token_id: int) -> ApiToken | None:
    row = session.one(_ONE, id=token_id)
    return None if row is None else _token(row)


def listed(session: Session) -> list[ApiToken]:
    """Every token that was not revoked, oldest first; those that ran out as well."""
    return [_token(row) for row in session.all(_ALL)]


def mark_used(session: Session, token_id: int, *, at: datetime) -> None:
    session.run(_USED, id=token_id, at=at)


def revoke(session: Session, token_id: int, *, at: datetime) -> bool:
    """End one token; false when it had ended already."""
    return session.run(_REVOKE, id=token_id, at=at) == 1


def revoke_all(session: Session, agent_id: int, *, at: datetime) -> None:
    """End every token of an agent."""
    session.run(_REVOKE_ALL, agent_id=agent_id, at=at)


def _token(row: Row) -> ApiToken:
    return ApiToken(
        id=row["id"],
        agent_id=row["agent_id"],
        name=row["name"],
        starts_with=row["starts_with"],
        scopes=frozenset(map(TokenScope, row["scopes"].split())),
        created_at=from_micros(row["created_at"]),
        expires_at=from_micros_or_none(row["expires_at"]),
        used_at=from_micros_or_none(row["used_at"]),
        revoked_at=from_micros_or_none(row["revoked_at"]),
    )
