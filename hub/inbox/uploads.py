"""Pictures that go with replies: taken in, made anew, kept until their reply needs them, swept when none does."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import timedelta

from hub.channels.upload_files import UploadFiles
from hub.connector import Attachment, Upload
from hub.errors import Absent, Gone, Invalid, Rejected, StorageFull
from hub.inbox.model import Direction, Message, Origin, UploadRow
from hub.inbox.store import uploads
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.kernel.images import MAX_BYTES, Picture, fit, to_send
from hub.kernel.plaintext import one_line

LONGEST_ALT = 1500
"""Characters of a description; Mastodon's limit, the smallest of the networks'."""

MOST_WAITING = 40
MOST_WAITING_BYTES = 100_000_000
"""How much of one person's may wait for a reply at a time."""

_KEPT_UNSENT = timedelta(days=1)
_ADDRESS = "upload:"


def store_upload(hub: Hub, agent_id: int, data: bytes, name: str, description: str = "") -> UploadRow:
    """Keep a picture for a reply of this agent's: made anew from its pixels, upright, without metadata.

    Raises Invalid("file"): `too_large`, `not_a_picture`, `animation_too_large`, `animation_not_gif`, `quota`;
    Invalid("description", "too_long"); StorageFull.
    """
    alt = _description(description)
    if len(data) > MAX_BYTES:
        raise Invalid("file", "too_large", megabytes=MAX_BYTES // 1_000_000)
    with hub.database.reading() as session:
        pictures, size = uploads.waiting(session, agent_id)
    if pictures >= MOST_WAITING or size + len(data) > MOST_WAITING_BYTES:
        raise Invalid("file", "quota", most=MOST_WAITING)
    try:
        made = to_send(data)
    except Rejected as refused:
        raise Invalid("file", refused.reason, megabytes=MAX_BYTES // 1_000_000) from refused
    return _keep(hub, made, agent_id=agent_id, name=one_line(name, 200), alt=alt)


def describe(hub: Hub, agent_id: int, upload_id: str, description: str) -> UploadRow:
    """Change the alternative text while the picture waits. Raises Absent when it is another's or went out already."""
    alt = _description(description)
    with hub.database.transaction() as session:
        found = uploads.several(session, [upload_id]).get(upload_id)
        if found is None or found.agent_id != agent_id or found.outbox_id is not None:
            raise Absent("no such upload")
        uploads.describe(session, upload_id, alt)
    return dataclasses.replace(found, alt=alt)


def body_of(hub: Hub, upload_id: str) -> bytes:
    """The bytes of a picture. Raises Absent; whoever calls has asked whether this person may see it."""
    try:
        return files_of(hub).read_id(upload_id)
    except Gone as error:
        raise Absent("no such upload") from error


def files_of(hub: Hub) -> UploadFiles:
    return UploadFiles(hub.config.media)


def picked(session: Session, ids: Sequence[str], *, agent_id: int, conversation_id: int) -> tuple[UploadRow, ...]:
    """The pictures of an agent's draft in its order. Raises Invalid("attachments", "not_a_choice") for one that is not
    there, or not for this agent to send there."""
    found = uploads.free(session, ids, agent_id=agent_id, conversation_id=conversation_id)
    if len(set(ids)) != len(ids) or any(each not in found for each in ids):
        raise Invalid("attachments", "not_a_choice")
    return tuple(found[each] for each in ids)


def attach(
    session: Session, pictures: Sequence[Upload], *, agent_id: int, conversation_id: int, outbox_id: int
) -> None:
    """Give pictures to a reply, in the transaction that stores it. Raises Invalid("attachments", "not_a_choice")."""
    place = {"agent_id": agent_id, "conversation_id": conversation_id, "outbox_id": outbox_id}
    for picture in pictures:
        if not uploads.attach(session, picture.id, **place):
            raise Invalid("attachments", "not_a_choice")


def fitted(hub: Hub, agent_id: int, pictures: Sequence[UploadRow], most_bytes: int) -> tuple[str, ...]:
    """The ids of these pictures, each too large for a network in place of itself a smaller one.

    Raises Invalid("attachments"): `too_large`, `animation_too_large`, naming the picture.
    """
    return tuple(
        _fitted(hub, agent_id, picture, most_bytes).id if picture.size > most_bytes else picture.id
        for picture in pictures
    )


def sweep(hub: Hub) -> int:
    """Throw away what has waited for a day, and what belonged to replies given up a day ago; returns how many."""
    before = hub.clock() - _KEPT_UNSENT
    with hub.database.reading() as session:
        old = uploads.expired(session, before=before)
    if not old:
        return 0
    with hub.database.transaction() as session:
        gone = uploads.forget(session, old)
    for upload_id in gone:
        files_of(hub).remove(upload_id)
    return len(gone)


def as_attachment(upload: Upload) -> Attachment:
    """A picture we sent as our own message shows it; where it lies only we know."""
    return Attachment(
        kind="image", url=f"{_ADDRESS}{upload.id}", media_type=upload.media_type, alt=upload.alt, size=upload.size
    )


def upload_id_of(message: Message, attachment: Attachment) -> str | None:
    """The picture of ours behind an attachment; None for everything that networks told."""
    is_ours = message.direction is Direction.OUT and message.origin is Origin.HUB
    return attachment.url.removeprefix(_ADDRESS) if is_ours and attachment.url.startswith(_ADDRESS) else None


def _description(text: str) -> str:
    alt = text.replace("\r\n", "\n").strip()
    if len(alt) > LONGEST_ALT:
        raise Invalid("description", "too_long", limit=LONGEST_ALT)
    return alt


def _keep(hub: Hub, made: Picture, *, agent_id: int, name: str, alt: str) -> UploadRow:
    row = UploadRow(
        id=hub.token(),
        agent_id=agent_id,
        name=name,
        alt=alt,
        media_type=made.media_type,
        size=len(made.body),
        width=made.width,
        height=made.height,
        created_at=hub.clock(),
    )
    # The row first: a file without one would never be found again.
    with hub.database.transaction() as session:
        uploads.add(session, row)
    try:
        files_of(hub).write(row.id, made.body)
    except StorageFull:
        with hub.database.transaction() as session:
            uploads.forget(session, [row.id])
        raise
    return row


def _fitted(hub: Hub, agent_id: int, picture: UploadRow, most_bytes: int) -> UploadRow:
    try:
        made = fit(body_of(hub, picture.id), most_bytes)
    except Rejected as refused:
        raise Invalid("attachments", refused.reason, name=picture.name) from refused
    return _keep(hub, made, agent_id=agent_id, name=picture.name, alt=picture.alt)
