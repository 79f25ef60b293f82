"""The table tombstones: deletions that came before what they delete."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hub.connector import DeletedBy
from hub.kernel.clock import from_micros
from hub.kernel.database import Session

_BURY = """
    INSERT INTO tombstones (channel_id, remote_id, deleted_at, deleted_by, pull)
    VALUES (:channel_id, :remote_id, :deleted_at, :deleted_by, :pull)
    ON CONFLICT (channel_id, remote_id) DO UPDATE SET deleted_at = excluded.deleted_at,
        deleted_by = excluded.deleted_by, pull = excluded.pull"""

_TOMBS = """
    SELECT remote_id, deleted_at, deleted_by, pull FROM tombstones
    WHERE channel_id = :channel_id AND remote_id IN {texts remote_ids}"""

_UNBURY = "DELETE FROM tombstones WHERE channel_id = :channel_id AND remote_id = :remote_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tomb:
    """A deletion: of a stored message, or kept for one that has not come yet."""

    deleted_at: datetime
    deleted_by: DeletedBy
    pull: int


def tombs(session: Session, channel_id: int, remote_ids: Iterable[str]) -> dict[str, Tomb]:
    """Deletions that came before what they delete, by its remote id."""
    rows = session.all(_TOMBS, channel_id=channel_id, remote_ids=list(remote_ids))
    return {
        row["remote_id"]: Tomb(
            deleted_at=from_micros(row["deleted_at"]), deleted_by=DeletedBy(row["deleted_by"]), pull=row["pull"]
        )
        for row in rows
    }


def bury(session: Session, channel_id: int, remote_id: str, tomb: Tomb) -> None:
    """Keep a deletion for a message that has not come yet."""
    session.run(_BURY, channel_id=channel_id, remote_id=remote_id, **tomb_columns(tomb))


def unbury(session: Session, channel_id: int, remote_id: str) -> None:
    """The message has come: what its tombstone says is said at the message from now on."""
    session.run(_UNBURY, channel_id=channel_id, remote_id=remote_id)


def tomb_columns(tomb: Tomb) -> dict[str, object]:
    """The columns of a deletion, as a message has them, too."""
    return {"deleted_at": tomb.deleted_at, "deleted_by": tomb.deleted_by.value, "pull": tomb.pull}
