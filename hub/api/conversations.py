"""Conversations and their messages: read by pages that go on where the last one ended."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from hub.api import telling
from hub.api.answers import ConversationDetail, ConversationList, MessageList
from hub.api.operation import Call, operation
from hub.api.reading import After, Id, Limit, row_of
from hub.channels import store as channels
from hub.connector import Visibility
from hub.errors import Invalid
from hub.inbox.model import Conversation, ConversationState, Line
from hub.inbox.read import Reading, read_conversation
from hub.inbox.search import parse_mark, search_conversations
from hub.inbox.store import conversations, messages
from hub.inbox.version import version_of, versions_of
from hub.kernel.database import Session
from hub.people.authorize import Action, authorize, visible_teams
from hub.people.model import TokenScope

Words = Annotated[str, Meta(max_length=200, description="Words that one message holds, or a “phrase in quotes”.")]


class ConversationQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    state: ConversationState | UnsetType = UNSET
    channel: Id | UnsetType = UNSET
    q: Words = ""
    after: After = ""
    limit: Limit = 50


class MessageQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    after: After = ""
    limit: Limit = 50


@operation("GET", "/conversations", scope=TokenScope.READ)
def list_conversations(call: Call, query: ConversationQuery) -> ConversationList:
    """List conversations

    Newest activity first, of the teams the token's agent is in. With `q` those in which one message holds what is
    looked for, the newest hit first; such a page may hold fewer than `limit`, even none, and still have a `next`.
    """
    authorize(call.actor, Action.READ_CONVERSATION)
    with call.hub.database.reading() as session:
        lines, further = _found(call, session, query) if query.q else _listed(call, session, query)
        versions = versions_of(session, [line.conversation for line in lines])
    items = tuple(telling.conversation(line, str(versions[line.conversation.id])) for line in lines)
    return ConversationList(items=items, next=further)


def _listed(call: Call, session: Session, query: ConversationQuery) -> tuple[list[Line], str | None]:
    """A page, and where the next one goes on."""
    mark = conversations.parse_mark(query.after) if query.after else None
    if query.after and mark is None:
        raise Invalid("after", "not_a_place")
    if query.channel:
        authorize(call.actor, Action.READ_CHANNEL, channels.channel(session, query.channel))
    teams = visible_teams(call.actor)
    found = conversations.lines(
        session,
        teams=None if teams is None else sorted(teams),
        channel_id=query.channel or None,
        state=query.state or None,
        after=mark,
        limit=query.limit + 1,
    )
    shown = found[: query.limit]
    return shown, conversations.format_mark(shown[-1].conversation) if len(found) > query.limit else None


def _found(call: Call, session: Session, query: ConversationQuery) -> tuple[list[Line], str | None]:
    if query.after and parse_mark(query.after) is None:
        raise Invalid("after", "not_a_place")
    found = search_conversations(
        session,
        call.actor,
        query.q,
        state=query.state or None,
        channel_id=query.channel or None,
        after=query.after,
        limit=query.limit,
    )
    return [hit.line for hit in found.hits], found.further or None


@operation("GET", "/conversations/{conversation_id}", scope=TokenScope.READ)
def get_conversation(call: Call, conversation_id: int) -> ConversationDetail:
    """Read one conversation

    With the post it hangs on and whether it can be answered. A conversation that was merged into another one is
    answered as that one, with its id. Reading through the API leaves the unread mark.
    """
    with call.hub.database.reading() as session:
        found = allowed(call, session, conversation_id, Action.READ_CONVERSATION)
        reading = read_conversation(call.hub, session, found)
        version = version_of(session, found)
    return telling.detail(reading, str(version), _audiences(call, reading))


@operation("GET", "/conversations/{conversation_id}/messages", scope=TokenScope.READ)
def list_messages(call: Call, conversation_id: int, query: MessageQuery) -> MessageList:
    """List the messages of a conversation

    Newest first; theirs, ours and the notes among us. Replies that were taken back are left out.
    """
    before = row_of(query.after)
    with call.hub.database.reading() as session:
        conversation = allowed(call, session, conversation_id, Action.READ_CONVERSATION)
        found = messages.of_conversation(session, conversation.id, before=before, limit=query.limit + 1)
        version = version_of(session, conversation)
    shown = found[: query.limit]
    return MessageList(
        items=tuple(map(telling.message, shown)),
        version=str(version),
        next=str(shown[-1].id) if len(found) > query.limit else None,
    )


def allowed(call: Call, session: Session, conversation_id: int, action: Action) -> Conversation:
    """A conversation this agent may do that with. Raises Absent."""
    found = conversations.conversation(session, conversation_id)
    authorize(call.actor, action, found)
    return found


def _audiences(call: Call, reading: Reading) -> list[Visibility]:
    """Whom a reply may reach: what the network has, never wider than the message answered."""
    answerable = reading.answerable
    if answerable.send_through is None or answerable.target is None:
        return []
    offered = call.hub.plugins.connector(answerable.send_through.kind).features.visibilities
    answered = answerable.target.visibility
    return [answered, *(one for one in offered if answered.is_wider_than(one))]
