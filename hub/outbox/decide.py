"""What a person can do with an item: take it back in time, send it again, say that it arrived, give it up."""

from __future__ import annotations

from datetime import datetime

from hub.channels import store as channels
from hub.connector import Outgoing
from hub.errors import Absent, Conflict
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.outbox import store
from hub.outbox.model import OutboxItem, State
from hub.outbox.settle import RESTORED, announce, settle


def take_back(session: Session, outbox_id: int, *, now: datetime) -> Outgoing:
    """Undo a reply that has not left yet and return it for the composer. Raises Conflict when it is too late."""
    outbox = _in(session, outbox_id, State.QUEUED, State.HELD)
    settle(session, outbox, State.CANCELLED, now=now, trouble=outbox.doubt)
    return outbox.request


def retry(hub: Hub, outbox_id: int) -> None:
    """Send a failed, unknown or held item again: at most one new arrival at the network.

    One that may have arrived goes out under the ids it has, so that a network that knows them again shows it once.
    Raises Conflict otherwise, and when its channel was removed.
    """
    with hub.database.transaction() as session:
        outbox = _in(session, outbox_id, State.FAILED, State.UNKNOWN, State.HELD)
        _demand_channel(session, outbox)
        store.restart(session, outbox, key=None if outbox.keeps_its_ids else hub.token(), now=hub.clock())
        announce(session, outbox, State.QUEUED, now=hub.clock())


def mark_sent(hub: Hub, outbox_id: int) -> None:
    """A person has seen it at the network. Raises Conflict unless its fate was open."""
    with hub.database.transaction() as session:
        outbox = _in(session, outbox_id, State.UNKNOWN, State.FAILED, State.HELD)
        if outbox.state is State.HELD and outbox.trouble != RESTORED:
            raise Conflict("it never left", reason="wrong_state", state=outbox.state.value)
        settle(session, outbox, State.SENT, now=hub.clock())


def cancel(hub: Hub, outbox_id: int) -> None:
    """Give an item up; its text stays readable. Raises Conflict while it is being sent or is settled."""
    with hub.database.transaction() as session:
        give_up(session, outbox_id, now=hub.clock())


def give_up(session: Session, outbox_id: int, *, now: datetime) -> OutboxItem:
    """The same within a transaction; returns the item as it was."""
    outbox = _in(session, outbox_id, State.QUEUED, State.HELD, State.FAILED, State.UNKNOWN)
    settle(session, outbox, State.CANCELLED, now=now, trouble=outbox.doubt)
    return outbox


def _in(session: Session, outbox_id: int, *states: State) -> OutboxItem:
    outbox = store.locked(session, outbox_id)
    if outbox.state not in states:
        raise Conflict("not in a state for this", reason="wrong_state", state=outbox.state.value)
    return outbox


def _demand_channel(session: Session, outbox: OutboxItem) -> None:
    """Nothing goes out through a channel that is gone. Raises Conflict."""
    try:
        channels.channel(session, outbox.channel_id)
    except Absent:
        raise Conflict("the channel was removed", reason="removed") from None
