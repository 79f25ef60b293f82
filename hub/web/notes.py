"""Notes beside a conversation: what colleagues tell each other, for their own eyes only."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from hub.errors import Absent
from hub.inbox.note import NoteDraft, write_note
from hub.inbox.store import conversations
from hub.kernel.texts import mark
from hub.people.authorize import Action, authorize
from hub.web.access import may
from hub.web.forms import read_form
from hub.web.inbox import asked_view
from hub.web.notices import NOTICES
from hub.web.session import actor
from hub.web.site import the_hub

NOTICES.update(note_saved=mark("The note was saved."))
blueprint = Blueprint("notes", __name__, url_prefix="/conversations")


@blueprint.post("/<int:conversation_id>/notes")
@may(Action.NOTE)
def add(conversation_id: int) -> AnyResponse:
    form = read_form("text", "client_key")
    who = actor()
    with the_hub().database.reading() as session:
        found = conversations.conversation(session, conversation_id)
        authorize(who, Action.NOTE, found)
    if who.agent_id is None:
        raise Absent()
    write_note(
        the_hub(),
        NoteDraft(
            conversation_id=found.id,
            agent_id=who.agent_id,
            text=form["text"],
            client_key=f"{who.agent_id}:{form['client_key'][:100]}",
        ),
    )
    view = asked_view().arguments
    return redirect(url_for("conversation.page", conversation_id=found.id, done="note_saved", **view), code=303)
