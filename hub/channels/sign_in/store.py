"""The tables sign_ins (people on their way) and sign_in_memories (what a connector knows of the servers)."""

from __future__ import annotations

from datetime import datetime

from hub.channels.model import Remembered
from hub.kernel.clock import from_micros
from hub.kernel.database import Session

_INSERT = """
    INSERT INTO sign_ins (state_hash, session_id, sealed, expires_at)
    VALUES (:state_hash, :session_id, :sealed, :expires_at)"""

_TAKE = """
    DELETE FROM sign_ins WHERE state_hash = :state_hash AND session_id = :session_id RETURNING sealed, expires_at"""

_FORGET = "DELETE FROM sign_ins WHERE expires_at < :before"

_MEMORY = "SELECT sealed, version FROM sign_in_memories WHERE kind = :kind"

_REMEMBER = """
    INSERT INTO sign_in_memories (kind, sealed, version) VALUES (:kind, :sealed, :version)
    ON CONFLICT (kind) DO UPDATE SET sealed = excluded.sealed, version = excluded.version
    WHERE sign_in_memories.version < excluded.version"""


def add(session: Session, *, state_hash: str, session_id: int, sealed: str, expires_at: datetime) -> None:
    session.run(_INSERT, state_hash=state_hash, session_id=session_id, sealed=sealed, expires_at=expires_at)


def take(session: Session, *, state_hash: str, session_id: int) -> tuple[str, datetime] | None:
    """Use a sign-in up: what was sealed, and until when it counted; None when this session began none such."""
    row = session.one(_TAKE, state_hash=state_hash, session_id=session_id)
    return None if row is None else (str(row["sealed"]), from_micros(row["expires_at"]))


def forget(session: Session, *, before: datetime) -> None:
    """Drop those nobody came back from."""
    session.run(_FORGET, before=before)


def memory(session: Session, kind: str) -> Remembered:
    """What is remembered for a kind, still sealed."""
    row = session.one(_MEMORY, kind=kind)
    return Remembered() if row is None else Remembered(text=row["sealed"], version=row["version"])


def remember(session: Session, kind: str, *, sealed: str, version: int) -> None:
    """Keep a newer text; an older one changes nothing."""
    session.run(_REMEMBER, kind=kind, sealed=sealed, version=version)
