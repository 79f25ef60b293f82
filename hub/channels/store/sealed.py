"""What is sealed of a channel: the secrets of its settings, and what its connector remembers."""

from __future__ import annotations

from hub.errors import Absent
from hub.kernel.database import Row, Session

_SEALED = "SELECT sealed, memory, memory_version FROM channels WHERE id = :id"

_SEALED_LOCKED = "SELECT sealed FROM channels WHERE id = :id {for_update}"

_REMEMBER = """
    UPDATE channels SET memory = :memory, memory_version = :version
    WHERE id = :id AND sealed = :sealed AND memory_version < :version"""


def sealed_now(session: Session, channel_id: int) -> str:
    """A channel's sealed settings, which nobody else changes until the transaction ends; empty when it is gone."""
    row = session.one(_SEALED_LOCKED, id=channel_id)
    return "" if row is None else str(row["sealed"])


def sealed(session: Session, channel_id: int) -> Row:
    """What is sealed of a channel: its secret settings, and its connector's memory. Raises Absent."""
    row = session.one(_SEALED, id=channel_id)
    if row is None:
        raise Absent("no such channel", channel_id=channel_id)
    return row


def note_memory(session: Session, channel_id: int, *, sealed: str, memory: str, version: int) -> None:
    """Keep what a connector remembers, unless the settings changed since (`sealed`) or a newer one is there."""
    session.run(_REMEMBER, id=channel_id, sealed=sealed, memory=memory, version=version)
