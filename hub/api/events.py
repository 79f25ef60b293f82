"""What happened, one event after the other, from a position that never skips one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct, to_builtins

from hub.api.operation import Call, operation
from hub.api.problem import Refusal
from hub.inbox.event_rights import event_rights
from hub.kernel import log
from hub.kernel.log import Logged
from hub.people.authorize import Action, authorize
from hub.people.model import TokenScope


class EventQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    after: Annotated[str, Meta(max_length=60, description="The `next` of the answer before.")] = ""
    limit: Annotated[int, Meta(ge=1, le=500, description="How many are looked through at most.")] = 100


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened: ids and facts, never texts. data: what this kind of event tells beside that."""

    position: str
    kind: str
    at: datetime
    channel_id: int | None
    conversation_id: int | None
    data: dict[str, Any]


class EventList(Struct, frozen=True, kw_only=True):
    """Events in their order. next: send it as `after`. more: there is more already, ask at once."""

    items: tuple[Event, ...]
    next: str
    more: bool


@operation("GET", "/events", scope=TokenScope.READ, refusals=(410,))
def list_events(call: Call, query: EventQuery) -> EventList:
    """List what happened since a position

    Oldest first, only what the token's agent may see. Without `after` nothing is listed, and `next` is the newest
    position: begin there. It is the position that the live stream of the pages takes as Last-Event-ID, too.
    410 when what happened after it is no longer kept, or when it was told before a restore.
    """
    authorize(call.actor, Action.READ_CONVERSATION)
    with call.hub.database.reading() as session:
        if not query.after:
            return EventList(items=(), next=log.newest(session), more=False)
        if not log.is_held(session, query.after):
            raise Refusal(410, "forgotten")
        found = log.read(session, query.after, limit=query.limit)
        may_see = event_rights(session, found)
    return EventList(
        items=tuple(_event(logged) for logged in found if may_see(call.actor, logged)),
        next=found[-1].position if found else query.after,
        more=len(found) == query.limit,
    )


def _event(logged: Logged) -> Event:
    data = to_builtins(logged.event)
    return Event(
        position=logged.position,
        kind=logged.kind,
        at=logged.at,
        channel_id=data.pop("channel_id"),
        conversation_id=data.pop("conversation_id"),
        data=data,
    )
