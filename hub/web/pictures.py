"""Pictures from networks: fetched by us when somebody asks for one, made anew, and shown from our own address."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template

from hub.channels import store as channels
from hub.channels.model import Channel
from hub.connector import Attachment
from hub.errors import Absent
from hub.inbox import pictures, uploads
from hub.inbox.model import Conversation, Message
from hub.inbox.store import conversations, messages
from hub.kernel.database import Session
from hub.people.authorize import Action, authorize
from hub.web.access import may
from hub.web.session import actor
from hub.web.site import the_hub

blueprint = Blueprint("pictures", __name__, url_prefix="/pictures")


@blueprint.get("/<int:message_id>/<int:position>")
@may(Action.READ_CONVERSATION)
def page(message_id: int, position: int) -> str:
    """The picture with its description, opened on demand."""
    message = _allowed(message_id)
    return render_template(
        "inbox/picture.html", message=message, position=position, attachment=_shown(message, position)
    )


@blueprint.get("/<int:message_id>/<int:position>/file")
@may(Action.READ_CONVERSATION)
def file(message_id: int, position: int) -> Response:
    message = _allowed(message_id)
    attachment = _shown(message, position)
    upload_id = uploads.upload_id_of(message, attachment)
    if upload_id is not None:
        return picture_response(uploads.body_of(the_hub(), upload_id), attachment.media_type or "image/jpeg")
    picture = pictures.fetch(the_hub(), attachment.url)
    return picture_response(picture.body, picture.media_type)


def picture_response(body: bytes, media_type: str) -> Response:
    """A picture as it may stand on our own address: nothing in it runs, whatever it holds."""
    response = make_response(body)
    response.content_type = media_type
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Content-Disposition"] = "inline"
    return response


def _allowed(message_id: int) -> Message:
    with the_hub().database.reading() as session:
        message = messages.message(session, message_id)
        if message is None:
            raise Absent()
        authorize(actor(), Action.READ_CONVERSATION, _owner(session, message))
    return message


def _owner(session: Session, message: Message) -> Conversation | Channel:
    """Whose team it is: the conversation's, or for what is only context the channel's."""
    if message.conversation_id is not None:
        return conversations.conversation(session, message.conversation_id)
    return channels.channel(session, message.channel_id)


def _shown(message: Message, position: int) -> Attachment:
    """The picture at a position, counted from one. Raises Absent."""
    if position > len(message.attachments) or message.attachments[position - 1].kind != "image":
        raise Absent()
    return message.attachments[position - 1]
