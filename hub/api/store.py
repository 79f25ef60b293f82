"""The requests that came with an Idempotency-Key, and what they were answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.kernel.clock import from_micros
from hub.kernel.database import Session

_FORGET = "DELETE FROM idempotency_keys WHERE begun_at < :before"
_BEGIN = """
    INSERT INTO idempotency_keys (token_id, name, fingerprint, begun_at)
    VALUES (:token_id, :name, :fingerprint, :at) ON CONFLICT (token_id, name) DO NOTHING"""
_READ = """
    SELECT fingerprint, begun_at, status, location, answer FROM idempotency_keys
    WHERE token_id = :token_id AND name = :name {for_update}"""
_TAKE_OVER = "UPDATE idempotency_keys SET begun_at = :at WHERE token_id = :token_id AND name = :name"
_FINISH = """
    UPDATE idempotency_keys SET status = :status, location = :location, answer = :answer
    WHERE token_id = :token_id AND name = :name AND begun_at = :begun_at"""
_GIVE_BACK = """
    DELETE FROM idempotency_keys
    WHERE token_id = :token_id AND name = :name AND begun_at = :begun_at AND status IS NULL"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A request that came before. `status` is None while it is under way."""

    fingerprint: str
    begun_at: datetime
    status: int | None
    location: str
    answer: str


def forget(session: Session, *, before: datetime) -> None:
    """Drop what began before an instant."""
    session.run(_FORGET, before=before)


def begin(session: Session, token_id: int, name: str, *, fingerprint: str, at: datetime) -> bool:
    """Note that a request is under way; false when there is one under this name."""
    return session.run(_BEGIN, token_id=token_id, name=name, fingerprint=fingerprint, at=at) == 1


def known(session: Session, token_id: int, name: str) -> Known | None:
    """The request under a name, held until the transaction ends."""
    row = session.one(_READ, token_id=token_id, name=name)
    if row is None:
        return None
    return Known(
        fingerprint=row["fingerprint"],
        begun_at=from_micros(row["begun_at"]),
        status=row["status"],
        location=row["location"],
        answer=row["answer"] or "",
    )


def take_over(session: Session, token_id: int, name: str, *, at: datetime) -> None:
    """Do again what somebody began and never finished."""
    session.run(_TAKE_OVER, token_id=token_id, name=name, at=at)


def finish(
    session: Session, token_id: int, name: str, *, begun_at: datetime, status: int, location: str, answer: str
) -> None:
    """Keep the answer of a request that was begun then."""
    session.run(
        _FINISH, token_id=token_id, name=name, begun_at=begun_at, status=status, location=location, answer=answer
    )


def give_back(session: Session, token_id: int, name: str, *, begun_at: datetime) -> None:
    """A request that was refused changed nothing: its name is free again."""
    session.run(_GIVE_BACK, token_id=token_id, name=name, begun_at=begun_at)
