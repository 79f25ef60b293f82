"""The outbox: what is on its way, what did not arrive, and what a person decides about it."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from hub.api import telling
from hub.api.answers import OutboxItem, OutboxList
from hub.api.operation import Call, operation
from hub.api.reading import After, Limit, row_of
from hub.inbox.undo import cancel_reply
from hub.outbox import decide, store
from hub.outbox.model import OutboxItem as Item
from hub.outbox.model import State
from hub.people.authorize import Action, authorize, visible_teams
from hub.people.model import TokenScope


class OutboxQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    state: State | UnsetType = UNSET
    after: After = ""
    limit: Limit = 50


@operation("GET", "/outbox", scope=TokenScope.READ)
def list_outbox(call: Call, query: OutboxQuery) -> OutboxList:
    """List the outbox

    Newest first, of the conversations of the teams the token's agent is in.
    """
    authorize(call.actor, Action.READ_OUTBOX)
    before = row_of(query.after)
    teams = visible_teams(call.actor)
    with call.hub.database.reading() as session:
        found = store.listed(session, query.state or None, teams=teams, before=before, limit=query.limit + 1)
    shown = found[: query.limit]
    return OutboxList(
        items=tuple(map(telling.outbox_item, shown)),
        next=str(shown[-1].id) if len(found) > query.limit else None,
    )


@operation("GET", "/outbox/{outbox_id}", scope=TokenScope.READ)
def get_outbox_item(call: Call, outbox_id: int) -> OutboxItem:
    """Read one item of the outbox"""
    return telling.outbox_item(_allowed(call, outbox_id, Action.READ_OUTBOX))


@operation("POST", "/outbox/{outbox_id}/retry", scope=TokenScope.OUTBOX, once=True, refusals=(409,))
def retry(call: Call, outbox_id: int) -> OutboxItem:
    """Send a reply again

    One that failed, is unknown or held: it makes at most one new arrival at the network. Look there first when it is
    unknown.
    """
    decide.retry(call.hub, _allowed(call, outbox_id, Action.RETRY_OUTBOX).id)
    return telling.outbox_item(_allowed(call, outbox_id, Action.READ_OUTBOX))


@operation("POST", "/outbox/{outbox_id}/mark-sent", scope=TokenScope.OUTBOX, once=True, refusals=(409,))
def mark_sent(call: Call, outbox_id: int) -> OutboxItem:
    """Say that a reply arrived

    For one that is unknown or failed and that somebody has seen at the network.
    """
    decide.mark_sent(call.hub, _allowed(call, outbox_id, Action.MARK_SENT).id)
    return telling.outbox_item(_allowed(call, outbox_id, Action.READ_OUTBOX))


@operation("POST", "/outbox/{outbox_id}/cancel", scope=TokenScope.OUTBOX, once=True, refusals=(409,))
def cancel(call: Call, outbox_id: int) -> OutboxItem:
    """Give a reply up

    One that waits, failed, is unknown or held. Its text stays readable; it is not sent.
    """
    cancel_reply(call.hub, _allowed(call, outbox_id, Action.CANCEL_OUTBOX).id)
    return telling.outbox_item(_allowed(call, outbox_id, Action.READ_OUTBOX))


def _allowed(call: Call, outbox_id: int, action: Action) -> Item:
    """An item this agent may do that with: it belongs to the team of its conversation. Raises Absent."""
    with call.hub.database.reading() as session:
        item = store.item(session, outbox_id)
    authorize(call.actor, action, item)
    return item
