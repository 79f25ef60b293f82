"""Answering a conversation, and writing notes beside it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta, Struct

from hub.api import telling
from hub.api.answers import Message, OutboxItem
from hub.api.conversations import allowed
from hub.api.operation import Call, operation
from hub.api.problem import News, Refusal
from hub.connector import Visibility
from hub.errors import Conflict
from hub.inbox.note import NoteDraft, write_note
from hub.inbox.reply import LONGEST_TEXT, Draft, queue_reply
from hub.inbox.store import messages
from hub.inbox.version import Version, version_of, whats_new
from hub.outbox import store as outbox
from hub.people.authorize import Action
from hub.people.model import TokenScope

Text = Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]
SeenVersion = Annotated[str, Meta(max_length=40, description="The `version` you have seen; 409 when it is old.")]


class NewReply(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said, and to whom. What is left out follows the message answered.

    visibility: never wider than the message answered. attachments: ids that `POST /media` answered. send_at: when it
    is to leave, at once where it is past. mentions: the ids of those to be named, of the `mentions` of the message
    answered; left out, all of them. Its author is named in any case. quote: in a post of our own that quotes it.
    """

    text: Text
    visibility: Visibility | None = None
    content_warning: Annotated[str, Meta(max_length=500)] = ""
    language: Annotated[str, Meta(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$")] | None = None
    attachments: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=100)], ...], Meta(max_length=20)] = ()
    mentions: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=500)], ...], Meta(max_length=100)] | None = (
        None
    )
    quote: bool = False
    send_at: Annotated[datetime, Meta(tz=True)] | None = None
    seen_version: SeenVersion | None = None


class NewNote(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What only your team is to read."""

    text: Text


@operation(
    "POST",
    "/conversations/{conversation_id}/replies",
    scope=TokenScope.REPLY,
    status=202,
    location="/outbox/{id}",
    once=True,
    refusals=(409,),
)
def reply(call: Call, conversation_id: int, body: NewReply) -> OutboxItem:
    """Answer a conversation

    The newest message of theirs is answered. The reply waits in the outbox and leaves at once or at `send_at`; its
    state there says what became of it. 409 with what is new when something was said since `seen_version`.
    """
    seen = None if body.seen_version is None else Version.parse(body.seen_version)
    with call.hub.database.reading() as session:
        conversation = allowed(call, session, conversation_id, Action.REPLY)
    draft = Draft(
        conversation_id=conversation.id,
        agent_id=call.agent_id,
        text=body.text,
        client_key=call.client_key,
        visibility=body.visibility,
        language=body.language,
        content_warning=body.content_warning,
        attachments=body.attachments,
        mentions=body.mentions,
        quote=body.quote,
        send_at=body.send_at,
        seen=seen,
    )
    try:
        outbox_id = queue_reply(call.hub, draft, undo=timedelta())
    except Conflict as error:
        if error.params.get("reason") != "stale" or seen is None:
            raise
        raise _stale(call, conversation.id, seen) from error
    with call.hub.database.reading() as session:
        return telling.outbox_item(outbox.item(session, outbox_id))


@operation("POST", "/conversations/{conversation_id}/notes", scope=TokenScope.NOTE, status=201, once=True)
def note(call: Call, conversation_id: int, body: NewNote) -> Message:
    """Write a note

    Only your team sees it, beside the conversation; nothing of it ever goes to a network.
    """
    with call.hub.database.reading() as session:
        conversation = allowed(call, session, conversation_id, Action.NOTE)
    draft = NoteDraft(
        conversation_id=conversation.id, agent_id=call.agent_id, text=body.text, client_key=call.client_key
    )
    note_id = write_note(call.hub, draft)
    with call.hub.database.reading() as session:
        written = messages.message(session, note_id)
    assert written is not None
    return telling.message(written)


def _stale(call: Call, conversation_id: int, seen: Version) -> Refusal:
    """The conversation went on: what is new, and the version to send next time."""
    with call.hub.database.reading() as session:
        conversation = allowed(call, session, conversation_id, Action.READ_CONVERSATION)
        new = whats_new(session, conversation.id, seen)
        version = version_of(session, conversation)
    return Refusal(409, "stale", news=News(version=str(version), messages=tuple(map(telling.message, new))))
