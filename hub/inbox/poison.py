"""A delivery on which its plugin fails again and again is put aside, so that what came after it comes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.channels import store as channels
from hub.channels.connectors import was_asked
from hub.channels.webhook import store as webhook
from hub.connector import Delivery
from hub.errors import PluginFault
from hub.kernel.database import Session

ONE_BY_ONE_AFTER = 2
"""Failed pulls in a row after which deliveries are handed over singly: then it is known which one it fails on."""

PATIENCE = 5
"""Pulls in a row that may fail on one delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poison:
    """A delivery that its plugin cannot bear, and what it does about it."""

    delivery: Delivery
    fault: PluginFault


def poison_in(deliveries: Sequence[Delivery], fault: PluginFault, *, failures: int) -> Poison | None:
    """The delivery to try without, when the plugin has now failed on it alone often enough. `failures`: before this."""
    if len(deliveries) != 1 or failures + 1 < PATIENCE or not was_asked(fault):
        return None
    return Poison(delivery=deliveries[0], fault=fault)


def put_aside(session: Session, channel_id: int, poison: Poison, *, pull: int, now: datetime) -> None:
    """Keep it for a person to look at, whole among the deliveries and to be seen among what could not be read."""
    raw = poison.delivery.body.decode("utf-8", "backslashreplace")
    reason = str(poison.fault.params.get("reason") or "failed")
    number = poison.delivery.number
    channels.bury(session, channel_id, reason=f"{poison.fault.code}: {reason}", raw=raw, at=now, delivery=number)
    webhook.note_read(session, channel_id, [number], unclear=[number], pull=pull, now=now)
