"""Pulls a channel: claims it, asks its connector for pages, stores each page with its cursor, sets the next pull."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.channels import pace
from hub.channels import store as channels
from hub.channels.connect import account_of, state_after, trouble_of
from hub.channels.connectors import Connectors
from hub.channels.model import Account, Channel, ChannelState
from hub.channels.webhook import store as webhook
from hub.connector import Delivery, Page
from hub.errors import Conflict, ConnectorError, HubError, LeaseLost, Misconfigured, PluginFault, RateLimited
from hub.events import ChannelChanged
from hub.inbox.companion import without_own_answers
from hub.inbox.ingest import Stored, store_page
from hub.inbox.poison import ONE_BY_ONE_AFTER, Poison, poison_in, put_aside
from hub.inbox.store import conversations
from hub.kernel import log
from hub.kernel.database import Session
from hub.kernel.hub import Hub

_log = logging.getLogger("hub.pull")
_CURSOR_MOST = 64 * 1024
_PAGES_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A claimed pull: written only while the fence is the newest. `pull` numbers it."""

    channel_id: int
    worker: str
    fence: int
    pull: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What a pull brought."""

    new: int = 0
    changed: int = 0
    buried: int = 0
    more: bool = False

    def after(self, earlier: Pulled) -> Pulled:
        """This page together with the ones before it."""
        return Pulled(
            new=earlier.new + self.new,
            changed=earlier.changed + self.changed,
            buried=earlier.buried + self.buried,
            more=self.more,
        )


def claim_due(hub: Hub, worker: str, *, limit: int = 8, without: Sequence[int] = ()) -> list[Lease]:
    """Claim the channels whose pull is due, `without` some."""
    if limit < 1:
        return []
    with hub.database.transaction() as session:
        rows = channels.claim_due(
            session, worker=worker, moment=session.moment(), now=hub.clock(), limit=limit, without=without
        )
    if rows:
        hub.reach("pull.claimed")
    return [Lease(channel_id=row["id"], worker=worker, fence=row["fence"], pull=row["pulls"]) for row in rows]


def pull_now(hub: Hub, connectors: Connectors, worker: str, channel_id: int) -> Pulled:
    """Pull one channel at once. Raises Conflict when it is paused or being pulled, and the connector's errors."""
    with hub.database.transaction() as session:
        channels.channel(session, channel_id)
        row = channels.claim(session, channel_id, worker=worker, moment=session.moment())
    if row is None:
        raise Conflict("paused or being pulled", reason="cannot_pull_now")
    lease = Lease(channel_id=channel_id, worker=worker, fence=row["fence"], pull=row["pulls"])
    return pull_leased(hub, connectors, lease, loud=True)


def pull_leased(hub: Hub, connectors: Connectors, lease: Lease, *, loud: bool = False) -> Pulled:
    """Pull one claimed channel page by page and give the claim back.

    A failure is written on the channel; it is raised as well when `loud`, for a person who waits for the answer.
    """
    pulled = Pulled()
    try:
        for found in _pages(hub, connectors, lease):
            pulled = found.after(pulled)
    except LeaseLost:
        _log.info("the pull of channel %s is another worker's now", lease.channel_id)
    except HubError as error:
        _note_failure(hub, lease, error)
        _release(hub, lease)
        if loud:
            raise
    except Exception as error:
        # A mistake of ours must be seen on this channel and slow only this channel down.
        _log.exception("pull of channel %s failed", lease.channel_id)
        _note_failure(hub, lease, PluginFault(type(error).__name__))
        _release(hub, lease)
        raise
    else:
        _release(hub, lease)
    return pulled


def _pages(hub: Hub, connectors: Connectors, lease: Lease) -> Iterator[Pulled]:
    """Fetch and store page by page; yields what each of them brought."""
    channel, account = _read(hub, lease)
    one_by_one = channel.failures >= ONE_BY_ONE_AFTER
    for _ in range(_PAGES_MOST):
        waiting = _waiting(hub, channel)
        deliveries = waiting.deliveries[: 1 if one_by_one else None]
        page, poison = _fetch(connectors, account, channel, deliveries)
        hub.reach("pull.fetched")
        stored = _store(hub, channel, lease, page, poison, pull=_pull_of(hub, channel, lease, waiting))
        hub.reach("pull.stored")
        yield Pulled(new=len(stored.new), changed=len(stored.changed), buried=stored.buried, more=page.more)
        if not page.deliveries and poison is None and (not page.more or page.cursor == channel.cursor):
            return
        channel = dataclasses.replace(channel, cursor=page.cursor, trouble=None, failures=0)


def _fetch(
    connectors: Connectors, account: Account, channel: Channel, deliveries: tuple[Delivery, ...]
) -> tuple[Page, Poison | None]:
    """The next page, and the delivery that is to be put aside with it."""
    try:
        return _checked(connectors.pull(account, channel.cursor, deliveries), deliveries), None
    except PluginFault as fault:
        poison = poison_in(deliveries, fault, failures=channel.failures)
        if poison is None:
            raise
        # Only a plugin that works without it shows that this delivery is to blame.
        return _checked(connectors.pull(account, channel.cursor), ()), poison


def _release(hub: Hub, lease: Lease) -> None:
    with hub.database.transaction() as session:
        channels.release(session, lease.channel_id, worker=lease.worker, fence=lease.fence)


def _read(hub: Hub, lease: Lease) -> tuple[Channel, Account]:
    with hub.database.reading() as session:
        channel = channels.channel(session, lease.channel_id)
        return channel, account_of(hub, session, channel)


def _waiting(hub: Hub, channel: Channel) -> webhook.Waiting:
    """What was posted to this channel and is in no page yet."""
    if not hub.plugins.connector(channel.kind).features.webhook:
        return webhook.Waiting()
    with hub.database.reading() as session:
        return webhook.waiting(session, channel.id)


def _pull_of(hub: Hub, channel: Channel, lease: Lease, waiting: webhook.Waiting) -> int:
    """The pull that a page counts as: what is read again knows no more than when it was read first, so that it takes
    back nothing that was told since. A page that may also tell news is as new as it is."""
    only_delivered = hub.plugins.connector(channel.kind).features.only_delivered
    return waiting.pull if waiting.pull is not None and only_delivered else lease.pull


def _checked(page: Page, deliveries: tuple[Delivery, ...]) -> Page:
    if len(page.cursor.encode()) > _CURSOR_MOST:
        raise Misconfigured("cursor_too_large")
    handed = {delivery.number for delivery in deliveries}
    if not handed.issuperset(page.deliveries):
        raise PluginFault("a page is the end of deliveries that it was not handed", reason="wrong_deliveries")
    if not handed.issuperset(skipped.delivery for skipped in page.skipped if skipped.delivery is not None):
        raise PluginFault("an item came with a delivery that was not handed over", reason="wrong_deliveries")
    if handed and not page.deliveries and not page.more:
        # They would be handed over again at once, for ever.
        raise PluginFault("none of the deliveries was read", reason="wrong_deliveries")
    return page


def _store(hub: Hub, channel: Channel, lease: Lease, page: Page, poison: Poison | None, *, pull: int) -> Stored:
    """Store a page and the cursor behind it together, while the lease is ours."""
    now = hub.clock()
    with hub.database.transaction() as session:
        channels.hold(session, channel.id, worker=lease.worker, fence=lease.fence)
        page = without_own_answers(session, hub.plugins.connector(channel.kind), channel, page)
        stored = store_page(session, channel, page, pull=pull, now=now)
        if poison is not None:
            put_aside(session, channel.id, poison, pull=pull, now=now)
            stored.buried += 1
        found = bool(stored.new or stored.changed) and not page.history
        next_pull_at = pace.after_success(
            now,
            has_open=conversations.has_open(session, channel.id),
            found_at=now if found else channel.found_at or channel.created_at,
            asked=page.pull_after,
            more=page.more,
        )
        unclear = page.deliveries if stored.astray else channels.with_letters(session, page.deliveries)
        webhook.note_read(session, channel.id, page.deliveries, unclear=unclear, pull=pull, now=now)
        channels.note_pull(
            session,
            channel.id,
            cursor=page.cursor,
            found=found,
            next_pull_at=next_pull_at,
            rest_until=pace.rest_until(now, page.pull_after),
            now=now,
        )
        if channel.trouble is not None:
            _announce(session, channel.id, channel.state, now)
    return stored


def _note_failure(hub: Hub, lease: Lease, error: HubError) -> None:
    now = hub.clock()
    _log.warning("pull of channel %s failed: %s", lease.channel_id, error.code)
    with hub.database.transaction() as session:
        try:
            channels.hold(session, lease.channel_id, worker=lease.worker, fence=lease.fence)
        except LeaseLost:
            return
        channel = channels.channel(session, lease.channel_id)
        retry_at = error.retry_at if isinstance(error, ConnectorError) else None
        state = state_after(channel.state, error)
        channels.note_failure(
            session,
            channel.id,
            state=state,
            trouble=trouble_of(error),
            next_pull_at=pace.after_failure(now, failures=channel.failures, retry_at=retry_at, chance=hub.chance()),
            now=now,
        )
        if isinstance(error, RateLimited) and retry_at is not None:
            channels.keep_quiet(session, channel.id, until=min(retry_at, now + pace.SLOWEST * 2))
        _announce(session, channel.id, state, now)


def _announce(session: Session, channel_id: int, state: ChannelState, now: datetime) -> None:
    log.append(session, ChannelChanged(channel_id=channel_id, state=state.value), at=now)
