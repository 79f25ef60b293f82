"""Pictures for replies: handed in first, named by their id in `attachments` then."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from hub.api.operation import Call, Upload, operation
from hub.inbox.uploads import LONGEST_ALT, store_upload
from hub.people.authorize import Action, authorize
from hub.people.model import TokenScope


class NewMedia(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """description: what those who cannot see the picture are told."""

    description: Annotated[str, Meta(max_length=LONGEST_ALT)] = ""


class Media(Struct, frozen=True, kw_only=True):
    """A picture that waits for its reply, for a day. It was made anew from its pixels; width and height are its own."""

    id: str
    description: str
    media_type: str
    size: int
    width: int
    height: int
    created_at: datetime


@operation("POST", "/media", scope=TokenScope.REPLY, status=201, once=True, upload=True)
def create_media(call: Call, body: NewMedia, file: Upload) -> Media:
    """Hand a picture in

    Send the `id` of the answer in `attachments` of a reply within a day. What the picture says about where and by whom
    it was taken is removed.
    """
    authorize(call.actor, Action.REPLY)
    kept = store_upload(call.hub, call.agent_id, file.data, file.name, body.description)
    return Media(
        id=kept.id,
        description=kept.alt,
        media_type=kept.media_type,
        size=kept.size,
        width=kept.width,
        height=kept.height,
        created_at=kept.created_at,
    )
