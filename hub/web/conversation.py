"""One conversation: what was said, what becomes of our replies, and the composer."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hub.connector import Measure, Outgoing, Visibility
from hub.errors import Absent, Conflict, Invalid
from hub.inbox import reply
from hub.inbox.act import Deed, Offer, queue_deed
from hub.inbox.model import Conversation, Direction, Message
from hub.inbox.read import Reading, Utterance, mark_read, read_conversation
from hub.inbox.reply import Draft
from hub.inbox.store import conversations
from hub.inbox.store import messages as message_store
from hub.inbox.undo import undo_reply
from hub.kernel import texts
from hub.kernel.database import Session
from hub.kernel.texts import describe, mark
from hub.outbox import store as outbox
from hub.outbox.model import State
from hub.people.authorize import Action, authorize
from hub.web.access import may
from hub.web.forms import Form, read_form, row_id
from hub.web.inbox import asked_view, listing
from hub.web.notices import NOTICES
from hub.web.session import actor
from hub.web.site import the_hub

NOTICES.update(act_queued=mark("It is being done; the network's answer shows here."))
blueprint = Blueprint("conversation", __name__, url_prefix="/conversations")
LONGEST_KEPT = 4000
"""Characters of a message whose markup is kept to be shown again."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Composing:
    """What stands in the composer: a fresh one, one that was refused, or a reply that was taken back."""

    text: str = ""
    content_warning: str = ""
    visibility: Visibility | None = None
    client_key: str = ""


@blueprint.get("/<int:conversation_id>")
@may(Action.READ_CONVERSATION)
def page(conversation_id: int) -> AnyResponse:
    hub = the_hub()
    with hub.database.reading() as session:
        found = _allowed(session, conversation_id, Action.READ_CONVERSATION)
    if found.id != conversation_id:
        # It was merged into another one; old addresses lead there.
        return redirect(url_for("conversation.page", conversation_id=found.id), code=303)
    if found.unread:
        with hub.database.transaction() as session:
            mark_read(hub, session, found)
    return _page(conversation_id, Composing(client_key=hub.token()))


@blueprint.get("/<int:conversation_id>/messages")
@may(Action.READ_CONVERSATION)
def messages(conversation_id: int) -> str:
    """The messages alone, when something happened while the page is open."""
    reading = _read(conversation_id)
    return render_template("inbox/messages.html", reading=reading, shown=_shown(reading))


@blueprint.post("/<int:conversation_id>/replies")
@may(Action.REPLY)
def answer(conversation_id: int) -> AnyResponse:
    form = read_form("text", "client_key", "visibility", "content_warning", "language")
    with the_hub().database.reading() as session:
        found = _allowed(session, conversation_id, Action.REPLY)
    draft = _draft(found, form)
    try:
        reply.queue_reply(the_hub(), draft)
    except (Invalid, Conflict) as error:
        kept = Composing(
            text=form["text"],
            content_warning=form["content_warning"],
            visibility=draft.visibility,
            client_key=draft.client_key,
        )
        return _page(found.id, kept, error)
    # With JavaScript the draft is kept until this says that it came through.
    view = asked_view().arguments
    return redirect(url_for("conversation.page", conversation_id=found.id, _anchor="sent", **view), code=303)


@blueprint.post("/<int:conversation_id>/measure")
@may(Action.REPLY)
def measure(conversation_id: int) -> Response:
    """How full the draft is, in the network's own units; asked while somebody writes."""
    form = read_form("text", "client_key", "visibility", "content_warning", "language")
    hub = the_hub()
    with hub.database.reading() as session:
        found = _allowed(session, conversation_id, Action.REPLY)
        answerable = reply.find_answerable(hub, session, found)
        counted = reply.measure(hub, session, answerable, _draft(found, form))
    return jsonify(units=counted.units, errors=[describe(Invalid("text", word)).title for word in counted.errors])


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
        return _page(found.id, Composing(client_key=hub.token()), error)
    return _page(found.id, _composing(taken, hub.token()))


@blueprint.post("/<int:conversation_id>/messages/<int:message_id>/<act>")
@may(Action.REPLY)
def act(conversation_id: int, message_id: int, act: str) -> AnyResponse:
    """Do something to a message at its network: approve a comment, like a post."""
    form = read_form("client_key")
    who = actor()
    with the_hub().database.reading() as session:
        found = _allowed(session, conversation_id, Action.REPLY)
        message = message_store.message(session, message_id)
    if message is None or message.conversation_id != found.id or who.agent_id is None:
        raise Absent()
    key = f"{who.agent_id}:{form['client_key'][:100]}:{message_id}:{act}"
    queue_deed(the_hub(), Deed(message_id=message_id, name=act, agent_id=who.agent_id, client_key=key))
    return redirect(url_for("conversation.page", conversation_id=found.id, done="act_queued"), code=303)


def _composing(taken: Outgoing, client_key: str) -> Composing:
    return Composing(
        text=taken.text, content_warning=taken.content_warning, visibility=taken.visibility, client_key=client_key
    )


def _draft(conversation: Conversation, form: Form) -> Draft:
    who = actor()
    if who.agent_id is None:
        raise Absent()
    return Draft(
        conversation_id=conversation.id,
        agent_id=who.agent_id,
        text=form["text"],
        client_key=f"{who.agent_id}:{form['client_key'][:100]}",
        visibility=_visibility(form["visibility"]),
        language=form["language"][:35] or None,
        content_warning=form["content_warning"][:500],
    )


def _visibility(word: str) -> Visibility | None:
    try:
        return Visibility(word) if word else None
    except ValueError:
        raise Invalid("visibility", "not_a_choice") from None


def _page(conversation_id: int, composing: Composing, error: Invalid | Conflict | None = None) -> Response:
    reading = _read(conversation_id)
    page = render_template(
        "inbox/conversation.html",
        listing=listing(),
        reading=reading,
        shown=_shown(reading),
        composing=composing,
        error=describe(error) if error else None,
        audiences=_audiences(reading),
        measured=_measured(reading, composing),
        undo_seconds=reply.UNDO_SECONDS,
    )
    status = 200 if error is None else 409 if isinstance(error, Conflict) else 422
    return make_response(page, status)


def _read(conversation_id: int) -> Reading:
    hub = the_hub()
    with hub.database.reading() as session:
        found = _allowed(session, conversation_id, Action.READ_CONVERSATION)
        return read_conversation(hub, session, found, before=request.args.get("before", type=row_id))


def _audiences(reading: Reading) -> list[Visibility]:
    """Whom the reply may reach: what the network has, never wider than the message answered."""
    answerable = reading.answerable
    if answerable.send_through is None or answerable.target is None:
        return []
    offered = the_hub().plugins.connector(answerable.send_through.kind).features.visibilities
    answered = answerable.target.visibility
    return [answered, *(one for one in offered if answered.is_wider_than(one))]


def _measured(reading: Reading, composing: Composing) -> Measure:
    hub = the_hub()
    draft = Draft(
        conversation_id=reading.conversation.id,
        agent_id=0,
        text=composing.text,
        client_key="",
        content_warning=composing.content_warning,
    )
    with hub.database.reading() as session:
        return reply.measure(hub, session, reading.answerable, draft)


def _allowed(session: Session, conversation_id: int, action: Action) -> Conversation:
    found = conversations.conversation(session, conversation_id)
    authorize(actor(), action, found)
    return found


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The messages of a reading as markup, as of `now`."""

    reading: Reading
    now: datetime
    language: str

    def message(self, utterance: Utterance, delivery: str) -> str:
        """One message; it is made once for as long as it looks the same, except what only we wrote."""
        message, kind = utterance.message, self.reading.line.channel_kind
        offers = self._offers(utterance)
        if delivery or len(message.text) + len(message.html or "") > LONGEST_KEPT:
            return _message(message, kind, utterance.is_context, _has_failed(utterance), offers, delivery)
        edited = texts.ago(message.edited_at, self.now) if message.edited_at else ""
        created = texts.ago(message.created_at, self.now)
        return _kept_message(message, kind, utterance.is_context, offers, created, edited, self.language)

    def _offers(self, utterance: Utterance) -> tuple[Offer, ...]:
        """The buttons at a message; what can be answered may be quoted as well, where the network has it."""
        message, sender = utterance.message, self.reading.answerable.send_through
        is_theirs = message.direction is Direction.IN and not utterance.is_context and message.deleted_at is None
        if not is_theirs or sender is None or sender.id != message.channel_id:
            return utterance.offers
        quotes = the_hub().plugins.connector(sender.kind).features.quotes
        return (*utterance.offers, Offer(name="quote")) if quotes else utterance.offers


def _shown(reading: Reading) -> Shown:
    return Shown(reading=reading, now=the_hub().clock(), language=texts.current_language())


def _has_failed(utterance: Utterance) -> bool:
    return utterance.delivery is not None and utterance.delivery.state in (State.FAILED, State.UNKNOWN)


@lru_cache(maxsize=4096)
def _kept_message(
    message: Message,
    kind: str,
    is_context: bool,
    offers: tuple[Offer, ...],
    _created: str,
    _edited: str,
    _language: str,
) -> str:
    return _message(message, kind, is_context, False, offers, "")


def _message(
    message: Message, kind: str, is_context: bool, has_failed: bool, offers: tuple[Offer, ...], delivery: str
) -> str:
    pieces: Any = current_app.jinja_env.get_template("inbox/message.html").module
    found: str = pieces.said(message, kind, is_context, has_failed, offers, delivery)
    return found
