"""The tables hooks and deliveries."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
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
    SELECT id, pull, length(body) AS size FROM deliveries WHERE channel_id = :channel_id AND read_at IS NULL
    ORDER BY id LIMIT :limit"""

_WAITING = """
    SELECT id, headers, body, encoding, received_at FROM deliveries WHERE id IN {ids wanted} ORDER BY id"""

_COUNT = """
    SELECT count(*) AS waiting FROM (
        SELECT id FROM deliveries WHERE channel_id = :channel_id AND read_at IS NULL LIMIT :limit) AS found"""

# The sign keeps SQLite from going through all that was ever delivered to a channel.
_READ = """
    UPDATE deliveries SET read_at = :now, pull = COALESCE(pull, :pull), headers = '{}', body = ''
    WHERE +channel_id = :channel_id AND id IN {ids numbers}"""

_READ_AND_KEPT = """
    UPDATE deliveries SET read_at = :now, pull = COALESCE(pull, :pull)
    WHERE +channel_id = :channel_id AND id IN {ids numbers}"""

# Of two who ask at once the second waits for the first and finds it unread.
_UNREAD = """
    UPDATE deliveries SET read_at = NULL
    WHERE +channel_id = :channel_id AND read_at IS NOT NULL AND body <> '' AND id IN (
        SELECT delivery FROM dead_letters
        WHERE channel_id = :channel_id AND id BETWEEN :first AND :last AND dismissed_at IS NULL)
    RETURNING id"""

_FORGET = "DELETE FROM deliveries WHERE read_at < :before"

_DROP = "DELETE FROM deliveries WHERE channel_id = :channel_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Deliveries to be read next. pull: the pull that has read them before, when they are to be read again."""

    deliveries: tuple[Delivery, ...] = ()
    pull: int | None = None


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


def waiting(session: Session, channel_id: int) -> Waiting:
    """The oldest deliveries that no stored page was made of yet, as many as fit into one pull."""
    wanted: list[int] = []
    size, pull = 0, None
    for row in session.all(_SIZES, channel_id=channel_id, limit=HANDED_OVER_MOST):
        size += row["size"]
        if wanted and (size > HANDED_OVER_BYTES or row["pull"] != pull):
            break
        wanted.append(row["id"])
        pull = row["pull"]
    found = tuple(map(_delivery, session.all(_WAITING, wanted=wanted))) if wanted else ()
    return Waiting(deliveries=found, pull=pull)


def count_waiting(session: Session, channel_id: int, *, most: int) -> int:
    """How many deliveries nobody has read yet, counted up to `most`."""
    row = session.one(_COUNT, channel_id=channel_id, limit=most)
    return int(row["waiting"]) if row else 0


def note_read(
    session: Session, channel_id: int, numbers: Collection[int], *, unclear: Collection[int], pull: int, now: datetime
) -> None:
    """They are in the inbox, so only their ids are kept, against repetition; of those that were unclear the bodies too.

    pull: the number of the pull that read them; one that is read again keeps that of the first.
    """
    kept = set(numbers).intersection(unclear)
    for statement, wanted in ((_READ_AND_KEPT, kept), (_READ, set(numbers) - kept)):
        if wanted:
            session.run(statement, channel_id=channel_id, numbers=sorted(wanted), pull=pull, now=now)


def unread(session: Session, channel_id: int, *, first: int, last: int) -> frozenset[int]:
    """Have the deliveries of a range of dead letters read again, where they are kept whole; returns which they are."""
    found = session.all(_UNREAD, channel_id=channel_id, first=first, last=last)
    return frozenset(row["id"] for row in found)


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
