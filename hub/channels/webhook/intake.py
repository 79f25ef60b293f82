"""Takes in what is posted to a channel's address: checked by its connector, on the disk before the sender is told."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from hub.channels import store as channels
from hub.channels.connect import account_of
from hub.channels.connectors import Connectors
from hub.channels.model import Account, ChannelState
from hub.channels.webhook import store
from hub.connector import Accepted, Delivery
from hub.errors import Absent, Gone
from hub.kernel.database import storable
from hub.kernel.hub import Hub


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What the sender is told. `is_new` is false for a delivery that was here already."""

    is_new: bool
    answer: str
    answer_type: str


def take_in(hub: Hub, connectors: Connectors, hook: str, *, headers: Mapping[str, str], body: bytes) -> Taken:
    """Check and keep one delivery; when this returns, it cannot be lost any more.

    headers: by their names in lower case. Raises Absent (no such address), Gone (the channel was removed), Rejected
    (not from whom it should be), and what keeps us from taking it now: the plugin's or the database's errors.
    """
    account = _account_at(hub, hook)
    delivery = Delivery(headers=headers, body=body, received_at=hub.clock())
    accepted = connectors.receive(account, delivery)
    hub.reach("hook.accepted")
    is_new = _keep(hub, account.channel_id, accepted, delivery)
    hub.reach("hook.kept")
    return Taken(is_new=is_new, answer=accepted.answer, answer_type=accepted.answer_type)


def _account_at(hub: Hub, hook: str) -> Account:
    with hub.database.reading() as session:
        row = store.channel_at(session, hook)
        if row is None:
            raise Absent("no such address")
        if row["state"] == ChannelState.REMOVED:
            raise Gone("channel_removed")
        return account_of(hub, session, channels.channel(session, row["id"]))


def _keep(hub: Hub, channel_id: int, accepted: Accepted, delivery: Delivery) -> bool:
    with hub.database.transaction() as session:
        if accepted.id is None:
            channels.pull_soon(session, channel_id, now=delivery.received_at)
            return True
        # What waits makes its channel due by itself: nothing else is written, so that posters do not wait in line.
        return store.keep(session, channel_id, _id(accepted.id), delivery, headers=accepted.headers)


def _id(name: str) -> str:
    """The sender's name for a delivery as it can be stored: never cut, since two long ones may begin alike."""
    if name and len(name) <= store.LONGEST_ID and storable(name) == name:
        return name
    return "sha256:" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
