"""The tables hooks and deliveries."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping
from datetime import datetime

from hub.connector import Delivery
from hub.kernel.clock import from_micros
from hub.kernel.database import Row, Session

_ADD_HOOK = "INSERT INTO hooks (id, channel_id) VALUES (:id, :channel_id)"

_CHANNEL = """
    SELECT channels.id, channels.state FROM hooks JOIN channels ON channels.id = hooks.channel_id
    WHERE hooks.id = :hook"""

_HOOK = "SELECT id FROM hooks WHERE channel_id = :channel_id"

_HOOKS = "SELECT channel_id, id FROM hooks"

_KEEP = """
    INSERT INTO deliveries (channel_id, delivery_id, headers, body, encoding, received_at)
    VALUES (:channel_id, :delivery_id, :headers, :body, :encoding, :received_at)
    ON CONFLICT (channel_id, delivery_id) DO NOTHING RETURNING id"""

_SIZES = """
    SELECT id, length(body) AS size FROM deliveries WHERE channel_id = :channel_id AND read_at IS NULL
    ORDER BY id LIMIT :limit"""

_WAITING = """
    SELECT id, headers, body, encoding, received_at FROM deliveries WHERE id IN {ids wanted} ORDER BY id"""

_COUNT = """
    SELECT count(*) AS waiting FROM (
        SELECT id FROM deliveries WHERE channel_id = :channel_id AND read_at IS NULL LIMIT :limit) AS found"""

_READ = """
    UPDATE deliveries SET read_at = :now, headers = '{}', body = ''
    WHERE channel_id = :channel_id AND id IN {ids numbers}"""

_READ_AND_KEPT = "UPDATE deliveries SET read_at = :now WHERE channel_id = :channel_id AND id IN {ids numbers}"

_FORGET = "DELETE FROM deliveries WHERE read_at < :before"

_DROP = "DELETE FROM deliveries WHERE channel_id = :channel_id"

LONGEST_ID = 200
HANDED_OVER_MOST = 100
HANDED_OVER_BYTES = 4 * 1024 * 1024
"""So many deliveries, of so many bytes together, are told to a connector in one pull; one is, however large."""


def add_hook(session: Session, hook: str, channel_id: int) -> None:
    """Give a channel its address, for good."""
    session.run(_ADD_HOOK, id=hook, channel_id=channel_id)


def channel_at(session: Session, hook: str) -> Row | None:
    """Id and state of the channel at an address, of a removed one as well."""
    return session.one(_CHANNEL, hook=hook)


def hook_of(session: Session, channel_id: int) -> str | None:
    row = session.one(_HOOK, channel_id=channel_id)
    return None if row is None else str(row["id"])


def hooks(session: Session) -> dict[int, str]:
    """The address of every channel that has one."""
    return {row["channel_id"]: row["id"] for row in session.all(_HOOKS)}


def keep(
    session: Session, channel_id: int, delivery_id: str, delivery: Delivery, *, headers: Mapping[str, str]
) -> bool:
    """Keep what was posted; False when this delivery is here already. The one promise behind the 2xx."""
    encoding, body = _encoded(delivery.body)
    row = session.one(
        _KEEP,
        channel_id=channel_id,
        delivery_id=delivery_id,
        headers=json.dumps(dict(headers)),
        body=body,
        encoding=encoding,
        received_at=delivery.received_at,
    )
    return row is not None


def waiting(session: Session, channel_id: int) -> tuple[Delivery, ...]:
    """The oldest deliveries that no stored page was made of yet, as many as fit into one pull."""
    wanted: list[int] = []
    size = 0
    for row in session.all(_SIZES, channel_id=channel_id, limit=HANDED_OVER_MOST):
        size += row["size"]
        if wanted and size > HANDED_OVER_BYTES:
            break
        wanted.append(row["id"])
    return tuple(map(_delivery, session.all(_WAITING, wanted=wanted))) if wanted else ()


def count_waiting(session: Session, channel_id: int, *, most: int) -> int:
    """How many deliveries nobody has read yet, counted up to `most`."""
    row = session.one(_COUNT, channel_id=channel_id, limit=most)
    return int(row["waiting"]) if row else 0


def note_read(session: Session, channel_id: int, numbers: Collection[int], *, keep_bodies: bool, now: datetime) -> None:
    """They are in the inbox, so only their ids are kept, against repetition; bodies too when something was unclear."""
    if numbers:
        statement = _READ_AND_KEPT if keep_bodies else _READ
        session.run(statement, channel_id=channel_id, numbers=sorted(numbers), now=now)


def forget(session: Session, *, before: datetime) -> None:
    """Forget the deliveries that were read before then: no sender tries again so late."""
    session.run(_FORGET, before=before)


def drop(session: Session, channel_id: int) -> None:
    """Forget everything a removed channel was sent; its address stays, to say that it is gone."""
    session.run(_DROP, channel_id=channel_id)


def _encoded(body: bytes) -> tuple[str, str]:
    """Text where it is text, for whoever opens the file; anything else in a form that both engines keep exactly."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = "\0"
    return ("base64", base64.b64encode(body).decode()) if "\0" in text else ("utf-8", text)


def _delivery(row: Row) -> Delivery:
    body = str(row["body"])
    return Delivery(
        number=row["id"],
        headers=json.loads(row["headers"]),
        body=base64.b64decode(body) if row["encoding"] == "base64" else body.encode(),
        received_at=from_micros(row["received_at"]),
    )
