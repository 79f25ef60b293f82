"""One conversation: what was said, what becomes of our replies, and the composer."""

from __future__ import annotations

import dataclasses

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hub.channels import store as channels
from hub.errors import Absent, Conflict, Invalid
from hub.inbox import reply
from hub.inbox.act import Deed, Offer, allowed, queue_deed
from hub.inbox.model import Conversation, Direction, Message
from hub.inbox.read import Reading, mark_read, read_conversation
from hub.inbox.store import conversations
from hub.inbox.store import messages as message_store
from hub.inbox.undo import undo_reply
from hub.kernel.database import Session
from hub.kernel.images import MAX_BYTES
from hub.kernel.texts import describe, mark
from hub.outbox import store as outbox
from hub.people.authorize import Action, authorize
from hub.web import composer
from hub.web.access import may, takes_files
from hub.web.composer import Composing
from hub.web.forms import read_form, row_id, row_id_or_none
from hub.web.inbox import VIEW, asked_view, listing
from hub.web.notices import NOTICES
from hub.web.session import actor
from hub.web.site import the_hub
from hub.web.thread import shown

NOTICES.update(act_queued=mark("It is being done; the network's answer shows here."))
blueprint = Blueprint("conversation", __name__, url_prefix="/conversations")


@blueprint.get("/<int:conversation_id>")
@may(Action.READ_CONVERSATION)
def page(conversation_id: int) -> AnyResponse:
    hub = the_hub()
    found = _allowed_now(conversation_id, Action.READ_CONVERSATION)
    if found.id != conversation_id:
        # It was merged into another one; old addresses lead there.
        return redirect(url_for("conversation.page", conversation_id=found.id), code=303)
    if found.unread:
        with hub.database.transaction() as session:
            mark_read(hub, session, found)
    return _page(found, _begun(found))


@blueprint.get("/<int:conversation_id>/messages")
@may(Action.READ_CONVERSATION)
def messages(conversation_id: int) -> str:
    """The messages alone, when something happened while the page is open."""
    reading = _read(_allowed_now(conversation_id, Action.READ_CONVERSATION))
    view = asked_view().arguments
    return render_template("inbox/messages.html", reading=reading, shown=shown(reading), view=view, news=_news(reading))


def _news(reading: Reading) -> str:
    """What became of the channel since the page around these messages was made: `closed`, `open` or nothing."""
    was_closed, is_closed = request.args.get("closed") == "1", reading.answerable.waits_for is not None
    return "" if was_closed is is_closed else "closed" if is_closed else "open"


@blueprint.post("/<int:conversation_id>/replies")
@takes_files
@may(Action.REPLY)
def answer(conversation_id: int) -> AnyResponse:
    found = _allowed_now(conversation_id, Action.REPLY)
    _, composing = composer.read(actor())
    composing, refused = composer.take_files(actor(), composing)
    if refused is not None or any(request.files.getlist("files")):
        # What was only just added has no description yet: it is shown first.
        return _page(found, composing, refused, added=refused is None)
    try:
        reply.queue_reply(the_hub(), composer.draft_of(actor(), found, composing))
    except (Invalid, Conflict) as error:
        return _page(found, composing, error)
    # With JavaScript the draft is kept until this says that it came through.
    view = asked_view().arguments
    return redirect(url_for("conversation.page", conversation_id=found.id, _anchor="sent", **view), code=303)


@blueprint.post("/<int:conversation_id>/draft")
@takes_files
@may(Action.REPLY)
def draft(conversation_id: int) -> AnyResponse:
    """The composer with what was just chosen: pictures added or taken out, the parts of a long answer shown."""
    found = _allowed_now(conversation_id, Action.REPLY)
    _, composing = composer.read(actor())
    composing, refused = composer.take_files(actor(), composing)
    return _page(found, composing, refused)


@blueprint.post("/<int:conversation_id>/measure")
@may(Action.REPLY)
def measure(conversation_id: int) -> Response:
    """How full the draft is, in the network's own units; asked while somebody writes."""
    found = _allowed_now(conversation_id, Action.REPLY)
    form, composing = composer.read(actor())
    if form["edit"]:
        composing = dataclasses.replace(composing, edited=_ours(found, form["edit"]))
    reading = _read(found, composing.target_id)
    counted = composer.measured(actor(), reading, composing)
    is_written = bool(composing.text.strip())
    return jsonify(
        left=composer.says(counted, reading, composing),
        is_over=composer.is_over(counted, is_written=is_written),
        errors=composer.problems(counted),
        parts=counted.texts if counted.parts > 1 else (),
    )


@blueprint.post("/<int:conversation_id>/undo/<int:outbox_id>")
@may(Action.REPLY)
def undo(conversation_id: int, outbox_id: int) -> AnyResponse:
    """Take a reply back that has not left, or that failed, and put its text into the composer."""
    read_form()
    hub = the_hub()
    with hub.database.reading() as session:
        found = _allowed(session, conversation_id, Action.REPLY)
        if outbox.item(session, outbox_id).conversation_id != found.id:
            raise Absent()
    try:
        taken = undo_reply(hub, outbox_id)
    except Conflict as error:
        return _page(found, Composing(client_key=hub.token()), error)
    return _page(found, composer.taken_back(taken, hub.token()))


@blueprint.post("/<int:conversation_id>/messages/<int:message_id>/text")
@may(Action.REPLY)
def change(conversation_id: int, message_id: int) -> AnyResponse:
    """Change a reply of ours at its network."""
    found = _allowed_now(conversation_id, Action.REPLY)
    _, composing = composer.read(actor())
    composing = dataclasses.replace(composing, edited=_ours(found, str(message_id)))
    try:
        _do(found, message_id, "edit", composing.client_key, composing.text)
    except (Invalid, Conflict) as error:
        return _page(found, composing, error)
    view = asked_view().arguments
    return redirect(
        url_for("conversation.page", conversation_id=found.id, done="act_queued", _anchor="sent", **view), code=303
    )


@blueprint.post("/<int:conversation_id>/messages/<int:message_id>/<act>")
@may(Action.REPLY)
def act(conversation_id: int, message_id: int, act: str) -> AnyResponse:
    """Do something to a message at its network: approve a comment, like a post."""
    form = read_form("client_key", *VIEW)
    found = _allowed_now(conversation_id, Action.REPLY)
    try:
        _do(found, message_id, act, form["client_key"][:100])
    except Conflict as error:
        return _page(found, Composing(client_key=the_hub().token()), error)
    # Back to the button: who works by keyboard goes on where they were.
    place, view = f"m{message_id}-{Offer(name=act).label}", asked_view().arguments
    return redirect(
        url_for("conversation.page", conversation_id=found.id, done="act_queued", _anchor=place, **view), code=303
    )


def _do(found: Conversation, message_id: int, name: str, client_key: str, text: str = "") -> None:
    who = composer.agent_id(actor())
    with the_hub().database.reading() as session:
        message = message_store.message(session, message_id)
    if message is None or message.conversation_id != found.id:
        raise Absent()
    key = f"{who}:{client_key}:{message_id}:{name}"
    queue_deed(the_hub(), Deed(message_id=message_id, name=name, agent_id=who, client_key=key, text=text))


def _begun(found: Conversation) -> Composing:
    """The composer as a link opens it: empty, to quote a message, or with a text of ours to change."""
    fresh = Composing(client_key=the_hub().token())
    if request.args.get("edit"):
        edited = _ours(found, request.args["edit"])
        return dataclasses.replace(fresh, edited=edited, text=edited.text)
    quoted = request.args.get("quote", type=row_id)
    return dataclasses.replace(fresh, quote=True, target_id=quoted) if quoted else fresh


def _ours(conversation: Conversation, message_id: str) -> Message:
    """A message of ours in this conversation that can be changed. Raises Absent."""
    with the_hub().database.reading() as session:
        message = message_store.message(session, row_id_or_none(message_id))
        if message is None or message.conversation_id != conversation.id:
            raise Absent()
        channel = channels.channel(session, message.channel_id)
    if message.direction is not Direction.OUT or "edit" not in allowed(
        the_hub().plugins.connector(channel.kind).features, message
    ):
        raise Absent()
    return message


def _page(
    found: Conversation, composing: Composing, error: Invalid | Conflict | None = None, *, added: bool = False
) -> Response:
    reading = _read(found, composing.target_id)
    counted = composer.measured(actor(), reading, composing)
    beside = listing()
    page = render_template(
        "inbox/conversation.html",
        listing=beside,
        reading=reading,
        shown=shown(reading),
        view=beside.view.arguments,
        composing=composing,
        choices=composer.choices(reading),
        error=describe(error) if error else None,
        added=added,
        measured=counted,
        left=composer.says(counted, reading, composing),
        is_direct=composer.is_direct(reading, composing),
        is_over=composer.is_over(counted, is_written=bool(composing.text.strip())),
        undo_seconds=reply.UNDO_SECONDS,
        largest=MAX_BYTES,
    )
    status = 200 if error is None else 409 if isinstance(error, Conflict) else 422
    return make_response(page, status)


def _read(found: Conversation, target_id: int | None = None) -> Reading:
    hub = the_hub()
    before = request.args.get("before", type=row_id)
    with hub.database.reading() as session:
        return read_conversation(hub, session, found, before=before, target_id=target_id)


def _allowed_now(conversation_id: int, action: Action) -> Conversation:
    with the_hub().database.reading() as session:
        return _allowed(session, conversation_id, action)


def _allowed(session: Session, conversation_id: int, action: Action) -> Conversation:
    found = conversations.conversation(session, conversation_id)
    authorize(actor(), action, found)
    return found
