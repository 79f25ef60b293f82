"""The table uploads: pictures that wait for a reply to go with, and those that went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.inbox.model import UploadRow
from hub.kernel.clock import from_micros
from hub.kernel.database import Row, Session, storable

_COLUMNS = """
    uploads.id, uploads.agent_id, uploads.name, uploads.alt, uploads.media_type, uploads.size, uploads.width,
    uploads.height, uploads.outbox_id, uploads.created_at"""

_INSERT = """
    INSERT INTO uploads (id, agent_id, name, alt, media_type, size, width, height, created_at)
    VALUES (:id, :agent_id, :name, :alt, :media_type, :size, :width, :height, :now)"""

_SEVERAL = f"SELECT {_COLUMNS} FROM uploads WHERE id IN {{texts wanted}}"  # noqa: S608

# A picture goes with one reply. One that was taken back gives its pictures to the next one in its conversation,
# whoever of us writes it.
_FREE = """(
        (outbox_id IS NULL AND agent_id = :agent_id)
        OR outbox_id IN (SELECT id FROM outbox WHERE state = 'cancelled' AND conversation_id = :conversation_id))"""

_FREE_ONES = f"SELECT {_COLUMNS} FROM uploads WHERE id IN {{texts wanted}} AND {_FREE}"  # noqa: S608

_WAITING = """
    SELECT count(*) AS pictures, COALESCE(sum(size), 0) AS bytes FROM uploads
    WHERE agent_id = :agent_id AND outbox_id IS NULL"""

_DESCRIBE = "UPDATE uploads SET alt = :alt WHERE id = :id AND alt <> :alt"

_ATTACH = f"UPDATE uploads SET outbox_id = :outbox_id WHERE id = :id AND {_FREE}"  # noqa: S608

_EXPIRED = """
    SELECT uploads.id FROM uploads LEFT JOIN outbox ON outbox.id = uploads.outbox_id
    WHERE (uploads.outbox_id IS NULL AND uploads.created_at < :before)
       OR (outbox.state = 'cancelled' AND outbox.settled_at < :before)
    LIMIT :limit"""

_FORGET = """
    DELETE FROM uploads
    WHERE id IN {texts wanted} AND (outbox_id IS NULL OR EXISTS (
        SELECT 1 FROM outbox WHERE outbox.id = uploads.outbox_id AND outbox.state = 'cancelled'))
    RETURNING id"""


def add(session: Session, upload: UploadRow) -> None:
    """Write a picture down; its file comes after."""
    session.run(
        _INSERT,
        id=upload.id,
        agent_id=upload.agent_id,
        name=storable(upload.name),
        alt=storable(upload.alt),
        media_type=upload.media_type,
        size=upload.size,
        width=upload.width,
        height=upload.height,
        now=upload.created_at,
    )


def several(session: Session, wanted: Sequence[str]) -> dict[str, UploadRow]:
    """Pictures by their ids; what is unknown is left out."""
    return {row["id"]: _upload(row) for row in session.all(_SEVERAL, wanted=list(wanted))} if wanted else {}


def free(session: Session, wanted: Sequence[str], *, agent_id: int, conversation_id: int) -> dict[str, UploadRow]:
    """Those of the pictures that `attach` would give to a reply of this agent's in this conversation."""
    place = {"agent_id": agent_id, "conversation_id": conversation_id}
    return {row["id"]: _upload(row) for row in session.all(_FREE_ONES, wanted=list(wanted), **place)} if wanted else {}


def waiting(session: Session, agent_id: int) -> tuple[int, int]:
    """How many pictures of somebody wait for a reply, and their bytes."""
    row = session.one(_WAITING, agent_id=agent_id)
    return (int(row["pictures"]), int(row["bytes"])) if row else (0, 0)


def describe(session: Session, upload_id: str, alt: str) -> None:
    session.run(_DESCRIBE, id=upload_id, alt=storable(alt))


def attach(session: Session, upload_id: str, *, agent_id: int, conversation_id: int, outbox_id: int) -> bool:
    """Give a picture to a reply; false when it is another's or went with another reply."""
    place = {"agent_id": agent_id, "conversation_id": conversation_id, "outbox_id": outbox_id}
    return session.run(_ATTACH, id=upload_id, **place) == 1


def expired(session: Session, *, before: datetime, limit: int = 200) -> list[str]:
    """Pictures that have waited since before an instant, or whose reply was given up before it."""
    return [row["id"] for row in session.all(_EXPIRED, before=before, limit=limit)]


def forget(session: Session, wanted: Sequence[str]) -> list[str]:
    """Take rows away, except of what a reply has taken meanwhile; returns the ids of those that went."""
    return [row["id"] for row in session.all(_FORGET, wanted=list(wanted))]


def _upload(row: Row) -> UploadRow:
    return UploadRow(
        id=row["id"],
        agent_id=row["agent_id"],
        name=row["name"],
        alt=row["alt"],
        media_type=row["media_type"],
        size=row["size"],
        width=row["width"],
        height=row["height"],
        outbox_id=row["outbox_id"],
        created_at=from_micros(row["created_at"]),
    )
