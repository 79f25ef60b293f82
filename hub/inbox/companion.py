"""A channel that can only be read may name a companion that posts its answers. What we said through the companion
comes back in the channel as a stranger's words; here it is recognised and left out."""

from __future__ import annotations

import dataclasses

from hub.channels.model import Channel
from hub.connector import Connector, Incoming, Page, Target
from hub.inbox.model import Direction
from hub.inbox.store import intake
from hub.kernel.database import Session
from hub.outbox import store as outbox


def companion_of(channel: Channel) -> int | None:
    """The id of the channel that posts answers for this one, as its settings say."""
    chosen = channel.settings.get("answers_through", "")
    return int(chosen) if chosen.isdecimal() else None


def without_own_answers(session: Session, connector: type[Connector], channel: Channel, page: Page) -> Page:
    """The page without what we said ourselves through the companion."""
    companion = companion_of(channel)
    if companion is None:
        return page
    kept = tuple(message for message in page.messages if not _is_ours(session, connector, companion, message))
    return dataclasses.replace(page, messages=kept)


def _is_ours(session: Session, connector: type[Connector], companion: int, message: Incoming) -> bool:
    target = connector.companion_target(
        Target(remote_id=message.remote_id, author=message.author, permalink=message.permalink, raw=message.raw)
    )
    if target is None:
        return False
    known = intake.known(session, companion, [target.remote_id]).get(target.remote_id)
    if known is not None:
        return known.direction is Direction.OUT
    echo = outbox.find_echo(
        session, channel_id=companion, reserved=None, remote_id=target.remote_id, parent=None, text=message.text
    )
    return echo is not None
