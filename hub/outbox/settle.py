"""Writes down what became of an item, with the event that tells everybody else. The only place that changes a state."""

from __future__ import annotations

from datetime import datetime

from hub.channels.model import Trouble
from hub.connector import Receipt
from hub.errors import Conflict
from hub.events import ReplyMoved, ReplySettled
from hub.kernel import log
from hub.kernel.database import Session
from hub.outbox import store
from hub.outbox.model import OutboxItem, State


def settle(
    session: Session,
    outbox: OutboxItem,
    state: State,
    *,
    now: datetime,
    due_at: datetime | None = None,
    trouble: Trouble | None = None,
) -> None:
    """Move an item to its next state. Raises Conflict when the machine has no such step."""
    if not outbox.state.may_become(state):
        raise Conflict(f"{outbox.state} cannot become {state}", reason="wrong_state", state=outbox.state.value)
    _become(session, outbox, state, now=now, due_at=due_at, trouble=trouble)


RESTORED = Trouble(code="ambiguous", reason="restored")
"""Why an item is held after its installation came back from an archive: it may have gone out since."""


def hold_what_is_open(session: Session, *, now: datetime) -> int:
    """Have every item that is not settled, or whose fate is unknown, wait for a person; returns how many.

    One whose text is known before anything is planned is remembered by it, so that its echo proves its arrival.
    """
    items = [item for state in _OPEN for item in store.all_in_state(session, state)]
    for outbox in items:
        if not outbox.parts and not outbox.act:
            store.expect_echo(session, outbox)
        settle(session, outbox, State.HELD, now=now, trouble=RESTORED)
    return len(items)


_OPEN = (State.QUEUED, State.SENDING, State.UNKNOWN)


def postpone(session: Session, outbox: OutboxItem, *, now: datetime, due_at: datetime, trouble: Trouble) -> None:
    """Leave a queued item queued, to be tried later; nothing was sent."""
    store.move(session, outbox.id, State.QUEUED, now=now, due_at=due_at, trouble=trouble)
    announce(session, outbox, State.QUEUED, now=now)


def _become(
    session: Session,
    outbox: OutboxItem,
    state: State,
    *,
    now: datetime,
    due_at: datetime | None = None,
    trouble: Trouble | None = None,
) -> None:
    store.move(session, outbox.id, state, now=now, due_at=due_at, trouble=trouble)
    announce(session, outbox, state, now=now)


def note_arrival(session: Session, outbox: OutboxItem, part: int, receipt: Receipt, *, now: datetime) -> State:
    """Keep the proof of one part; the item is sent when it was the last. Returns the state it is in now.

    Safe to call twice: the sender and the echo may both bring the proof.
    """
    store.note_arrival(session, outbox.id, part, receipt)
    arrived = store.item(session, outbox.id)
    if arrived.state is State.SENT or arrived.next_part < len(arrived.parts):
        return arrived.state
    # Whatever was believed until now: queued again, given up, failed. What stands at the network is sent.
    _become(session, arrived, State.SENT, now=now)
    return State.SENT


def settle_echo(
    session: Session,
    *,
    channel_id: int,
    receipt: Receipt,
    reserved: str | None,
    parent: str | None,
    text: str,
    now: datetime,
) -> int | None:
    """A message of our own came in: when it is the echo of an item of ours, that item has arrived. Returns its id.

    Also of what is there a second time, since somebody had an item sent again that had arrived.
    """
    found = store.find_echo(
        session, channel_id=channel_id, reserved=reserved, remote_id=receipt.remote_id, parent=parent, text=text
    )
    if found is None:
        return None
    outbox_id, part = found
    note_arrival(session, store.locked(session, outbox_id), part, receipt, now=now)
    return outbox_id


def announce(session: Session, outbox: OutboxItem, state: State, *, now: datetime) -> None:
    place = {"channel_id": outbox.channel_id, "conversation_id": outbox.conversation_id}
    event = ReplySettled if state.is_settled else ReplyMoved
    log.append(session, event(outbox_id=outbox.id, state=state.value, **place), at=now)
