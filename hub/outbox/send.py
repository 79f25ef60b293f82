"""Sends what is due. The plan is stored before the first write, `sending` is committed before each call, and what
is unclear after it is left to be resolved: nothing is ever sent again on a guess."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from hub.channels import store as channels
from hub.channels.connect import read_account, state_after, trouble_of
from hub.channels.connectors import SECONDS, Connectors
from hub.channels.model import Account
from hub.connector import Action, Part, Plan, Receipt
from hub.errors import Absent, AlreadySent, ConnectorError, HubError, LeaseLost, Unavailable
from hub.events import ChannelChanged
from hub.kernel import log
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.outbox import store
from hub.outbox.model import Claim, OutboxItem, State
from hub.outbox.retry import Verdict, after_failed_send, of_repeated
from hub.outbox.settle import announce, note_arrival, postpone, settle

_log = logging.getLogger("hub.outbox")

SENDING_SECONDS = SECONDS["send"] + 15.0
"""An item's own deadline; longer than the connector's, so that a slow call ends before anybody looks after it."""


def claim_due(hub: Hub, worker: str, *, limit: int = 20, without: Sequence[int] = ()) -> list[OutboxItem]:
    """Claim the replies whose time has come, `without` those of some channels."""
    if limit < 1:
        return []
    with hub.database.transaction() as session:
        items = store.claim_due(
            session, worker=worker, moment=session.moment(), now=hub.clock(), limit=limit, without=without
        )
    if items:
        hub.reach("send.claimed")
    return items


def send_due(hub: Hub, connectors: Connectors, worker: str) -> int:
    """Send everything that is due now, one after the other; returns how many items were tried."""
    tried = 0
    while items := claim_due(hub, worker):
        for outbox in items:
            send_item(hub, connectors, worker, outbox)
        tried += len(items)
    return tried


def send_item(hub: Hub, connectors: Connectors, worker: str, outbox: OutboxItem) -> None:
    """Send one claimed item, part by part, and write down what became of it."""
    claim = Claim(worker=worker, fence=outbox.fence)
    try:
        _send(hub, connectors, outbox, claim)
    except LeaseLost:
        _log.info("outbox item %s is another worker's now, or needs no sending any more", outbox.id)
        # Where the work was dropped, the claim must not keep the item from others for as long as this worker lives.
        with hub.database.transaction() as session:
            store.release(session, outbox.id, claim)


def _send(hub: Hub, connectors: Connectors, outbox: OutboxItem, claim: Claim) -> None:
    try:
        account = read_account(hub, outbox.channel_id)
        plan = outbox.plan or _plan(hub, connectors, account, outbox, claim)
    except LeaseLost:
        raise
    except HubError as error:
        # Nothing was written yet: what goes wrong while planning surely sent nothing.
        _note_failed_plan(hub, outbox, claim, error)
        return
    previous = _last_receipt(outbox)
    if previous is not None and outbox.next_part >= len(plan.parts):
        # Planned anew in fewer parts than had arrived already.
        _note_arrival(hub, outbox, outbox.next_part - 1, previous)
    for part in range(outbox.next_part, len(plan.parts)):
        receipt = _send_part(hub, connectors, account, outbox, claim, plan, part, previous)
        if receipt is None:
            return
        previous = receipt


def _plan(hub: Hub, connectors: Connectors, account: Account, outbox: OutboxItem, claim: Claim) -> Plan:
    if outbox.act:
        plan = Plan(outgoing=outbox.request, parts=(Part(text=""),))
    else:
        plan = connectors.plan(account, outbox.request, outbox.key)
    hub.reach("send.planned")
    with hub.database.transaction() as session:
        store.save_plan(session, outbox, claim, plan, now=hub.clock())
    hub.reach("send.plan_stored")
    return plan


def _last_receipt(outbox: OutboxItem) -> Receipt | None:
    return outbox.parts[outbox.next_part - 1] if outbox.next_part else None


def _send_part(
    hub: Hub,
    connectors: Connectors,
    account: Account,
    outbox: OutboxItem,
    claim: Claim,
    plan: Plan,
    part: int,
    previous: Receipt | None,
) -> Receipt | None:
    """Make one call between two commits. Returns the receipt, or None when the item goes no further now."""
    deadline = connectors.deadline_of("act" if outbox.act else "send")
    with hub.database.transaction() as session:
        store.begin(
            session,
            outbox.id,
            claim,
            part=part,
            moment=session.moment(),
            seconds=SENDING_SECONDS,
            now=hub.clock(),
        )
        announce(session, outbox, State.SENDING, now=hub.clock())
    hub.reach("send.begun")
    try:
        receipt = _call(hub, connectors, account, outbox, plan, part, previous, deadline)
    except AlreadySent as error:
        receipt = error.receipt
    except HubError as error:
        _note_failed_send(hub, outbox, claim, error)
        return None
    hub.reach("send.answered")
    _note_arrival(hub, outbox, part, receipt)
    hub.reach("send.settled")
    return receipt


def _call(
    hub: Hub,
    connectors: Connectors,
    account: Account,
    outbox: OutboxItem,
    plan: Plan,
    part: int,
    previous: Receipt | None,
    deadline: int,
) -> Receipt:
    if not outbox.act:
        return connectors.send(account, plan, part, previous, deadline=deadline)
    request = outbox.request
    connectors.act(account, Action(name=outbox.act, target=request.target, text=request.text), deadline=deadline)
    with hub.database.transaction() as session:
        # What was done shows by pulling it.
        channels.pull_soon(session, outbox.channel_id, now=hub.clock())
    return Receipt(remote_id=f"act {outbox.id}", at=hub.clock())


def _note_arrival(hub: Hub, outbox: OutboxItem, part: int, receipt: Receipt) -> None:
    # No claim asked for: proof of arrival is true whoever brings it.
    with hub.database.transaction() as session:
        note_arrival(session, store.locked(session, outbox.id), part, receipt, now=hub.clock())


def _note_failed_send(hub: Hub, outbox: OutboxItem, claim: Claim, error: HubError) -> None:
    with hub.database.transaction() as session:
        store.hold(session, outbox.id, claim)
        tried = store.locked(session, outbox.id)
        now = hub.clock()
        verdict = after_failed_send(
            error, tries=tried.tries, first_tried_at=tried.first_tried_at or now, now=now, chance=hub.chance()
        )
        if tried.repeats(tried.next_part):
            verdict = of_repeated(verdict)
        if verdict.state is State.SENDING:
            _leave_sending(session, tried, claim, verdict, error, hub)
        else:
            _apply(session, hub, tried, verdict, error)


def _leave_sending(
    session: Session, outbox: OutboxItem, claim: Claim, verdict: Verdict, error: HubError, hub: Hub
) -> None:
    seconds = (verdict.due_at - hub.clock()).total_seconds()
    store.look_later(session, outbox.id, claim, moment=session.moment(), seconds=seconds, trouble=trouble_of(error))
    announce(session, outbox, State.SENDING, now=hub.clock())


def _note_failed_plan(hub: Hub, outbox: OutboxItem, claim: Claim, error: HubError) -> None:
    says_so = isinstance(error, (ConnectorError, Absent)) and error.code != "ambiguous"
    certain = error if says_so else Unavailable(error.code)
    with hub.database.transaction() as session:
        store.hold(session, outbox.id, claim)
        store.count_try(session, outbox.id)
        tried = store.locked(session, outbox.id)
        now = hub.clock()
        verdict = after_failed_send(
            certain, tries=tried.tries, first_tried_at=tried.created_at, now=now, chance=hub.chance()
        )
        _apply(session, hub, tried, verdict, error)


def _apply(session: Session, hub: Hub, outbox: OutboxItem, verdict: Verdict, error: HubError) -> None:
    now = hub.clock()
    trouble = trouble_of(error)
    if outbox.state is State.QUEUED and verdict.state is State.QUEUED:
        postpone(session, outbox, now=now, due_at=verdict.due_at, trouble=trouble)
    else:
        settle(session, outbox, verdict.state, now=now, due_at=verdict.due_at, trouble=trouble)
    if verdict.quiet_until is not None:
        channels.keep_quiet(session, outbox.channel_id, until=verdict.quiet_until)
    _stop_channel(session, hub, outbox, error)


def _stop_channel(session: Session, hub: Hub, outbox: OutboxItem, error: HubError) -> None:
    """A sign-in that ran out stops the channel, not the reply: it waits until somebody has signed in again."""
    if error.code != "auth_expired":
        return
    channel = channels.channel(session, outbox.channel_id)
    state = state_after(channel.state, error)
    channels.note_failure(
        session, channel.id, state=state, trouble=trouble_of(error), next_pull_at=hub.clock(), now=hub.clock()
    )
    log.append(session, ChannelChanged(channel_id=channel.id, state=state.value), at=hub.clock())
