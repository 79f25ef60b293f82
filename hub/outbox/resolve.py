"""Finds out what became of a send nobody can tell about: asks the network, and where it cannot say, asks a person."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from hub.channels.connect import read_account, trouble_of
from hub.channels.connectors import SECONDS, Connectors
from hub.channels.model import Trouble
from hub.connector import Receipt
from hub.errors import AlreadySent, Ambiguous, HubError, LeaseLost
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.outbox import store
from hub.outbox.model import Claim, OutboxItem, State
from hub.outbox.retry import after_failed_look_up, after_no_arrival, of_repeated
from hub.outbox.settle import note_arrival, settle

_log = logging.getLogger("hub.outbox")
_NOT_ARRIVED = Trouble(code="unavailable", reason="not_arrived")
_SENT_AGAIN = Trouble(code="unavailable", reason="sent_again")
_LOOKING_SECONDS = SECONDS["reconcile"] + 15.0


def claim_stuck(hub: Hub, worker: str, *, limit: int = 20, without: Sequence[int] = ()) -> list[OutboxItem]:
    """Claim the items whose sending is past its deadline, `without` those of some channels."""
    if limit < 1:
        return []
    with hub.database.transaction() as session:
        items = store.claim_stuck(
            session,
            worker=worker,
            moment=session.moment(),
            seconds=_LOOKING_SECONDS,
            limit=limit,
            without=without,
        )
    if items:
        hub.reach("resolve.claimed")
    return items


def resolve_due(hub: Hub, connectors: Connectors, worker: str) -> int:
    """Resolve everything that is past its deadline now; returns how many items were looked after."""
    items = claim_stuck(hub, worker)
    for outbox in items:
        resolve_item(hub, connectors, worker, outbox)
    return len(items)


def resolve_item(hub: Hub, connectors: Connectors, worker: str, outbox: OutboxItem) -> None:
    """Ask the network about one claimed item: arrived, surely not, or a person has to decide."""
    claim = Claim(worker=worker, fence=outbox.fence)
    try:
        receipt = _look_up(hub, connectors, outbox)
    except HubError as error:
        _note_no_answer(hub, outbox, claim, error)
        return
    hub.reach("resolve.answered")
    try:
        with hub.database.transaction() as session:
            _note_answer(session, hub, outbox.id, claim, receipt)
    except LeaseLost:
        _log.info("outbox item %s is another worker's now", outbox.id)
    hub.reach("resolve.settled")


def _look_up(hub: Hub, connectors: Connectors, outbox: OutboxItem) -> Receipt | None:
    if outbox.act:
        # Done twice is the same as once: it is simply done again.
        return None
    since = outbox.looked_for_since
    if outbox.plan is None or outbox.sending_part is None or since is None:
        raise Ambiguous("no_plan")
    proof = outbox.parts[outbox.sending_part] if outbox.sending_part < len(outbox.parts) else None
    if proof is not None:
        # It arrived, and the worker died before the next part: nothing is open.
        return proof
    if outbox.repeats(outbox.sending_part):
        # The network knows it again by its id: it is simply sent again.
        return None
    account = read_account(hub, outbox.channel_id)
    if not connectors.plugins.connector(account.kind).features.reconcile:
        raise Ambiguous("cannot_look_up")
    try:
        return connectors.reconcile(account, outbox.plan, outbox.sending_part, since)
    except AlreadySent as error:
        return error.receipt


def _note_answer(session: Session, hub: Hub, outbox_id: int, claim: Claim, receipt: Receipt | None) -> None:
    outbox = store.locked(session, outbox_id)
    now = hub.clock()
    if receipt is None:
        store.hold(session, outbox_id, claim)
        verdict = after_no_arrival(
            tries=outbox.tries, first_tried_at=outbox.first_tried_at or now, now=now, chance=hub.chance()
        )
        repeats = outbox.repeats(outbox.sending_part or 0)
        verdict = of_repeated(verdict) if repeats else verdict
        trouble = _SENT_AGAIN if repeats else _NOT_ARRIVED
        settle(session, outbox, verdict.state, now=now, due_at=verdict.due_at, trouble=trouble)
    elif note_arrival(session, outbox, outbox.sending_part or 0, receipt, now=now) is State.SENDING:
        # One part arrived, others are still to be sent.
        store.hold(session, outbox_id, claim)
        settle(session, outbox, State.QUEUED, now=now)


def _note_no_answer(hub: Hub, outbox: OutboxItem, claim: Claim, error: HubError) -> None:
    now = hub.clock()
    verdict = after_failed_look_up(error, since=outbox.sending_since or now, now=now)
    with hub.database.transaction() as session:
        try:
            store.hold(session, outbox.id, claim)
        except LeaseLost:
            return
        if verdict.state is State.SENDING:
            seconds = (verdict.due_at - now).total_seconds()
            store.look_later(
                session, outbox.id, claim, moment=session.moment(), seconds=seconds, trouble=trouble_of(error)
            )
        else:
            settle(session, store.locked(session, outbox.id), verdict.state, now=now, trouble=trouble_of(error))
