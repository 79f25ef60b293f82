"""Pictures for the composer: taken in one at a time while somebody writes, and shown to whoever brought them."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.datastructures import FileStorage

from hub.errors import Absent, Invalid
from hub.inbox import uploads
from hub.inbox.model import UploadRow
from hub.inbox.store import conversations
from hub.inbox.store import uploads as store
from hub.kernel.texts import describe
from hub.outbox import store as outbox
from hub.people.authorize import Action, authorize
from hub.web.access import may, takes_files
from hub.web.composer import agent_id
from hub.web.forms import read_form
from hub.web.pictures import picture_response
from hub.web.session import actor
from hub.web.site import the_hub

blueprint = Blueprint("uploads", __name__, url_prefix="/uploads")


@blueprint.post("")
@takes_files
@may(Action.REPLY)
def add() -> Response:
    """Take one picture in; the answer is its place in the composer, or why it cannot be taken."""
    read_form()
    file = request.files.get("file") or FileStorage()
    try:
        added = uploads.store_upload(the_hub(), agent_id(actor()), file.read(), file.filename or "")
    except Invalid as error:
        return make_response(render_template("inbox/upload_refused.html", error=describe(error)), 422)
    return make_response(render_template("inbox/upload.html", picture=added), 201)


@blueprint.get("/<upload_id>")
@may(Action.REPLY)
def place(upload_id: str) -> str:
    """The same place once more, for a draft that is taken up again."""
    picture = _allowed(upload_id)
    if picture.outbox_id is not None:
        raise Absent()
    return render_template("inbox/upload.html", picture=picture)


@blueprint.get("/<upload_id>/file")
@may(Action.REPLY)
def file(upload_id: str) -> Response:
    picture = _allowed(upload_id)
    return picture_response(uploads.body_of(the_hub(), picture.id), picture.media_type)


def _allowed(upload_id: str) -> UploadRow:
    """A picture this person may see: their own, and afterwards that of a conversation they may read. Raises Absent."""
    with the_hub().database.reading() as session:
        picture = store.several(session, [upload_id]).get(upload_id)
        if picture is None:
            raise Absent()
        if picture.agent_id == actor().agent_id:
            return picture
        sent = outbox.item(session, picture.outbox_id) if picture.outbox_id is not None else None
        if sent is None or sent.conversation_id is None:
            raise Absent()
        authorize(actor(), Action.READ_CONVERSATION, conversations.conversation(session, sent.conversation_id))
    return picture
