"""The address of a channel that other systems post to."""

from __future__ import annotations

from hub.channels.webhook import store
from hub.kernel.database import Session
from hub.kernel.hub import Hub

PATH = "/hooks/"


def address_of(hub: Hub, session: Session, channel_id: int) -> str:
    """Where to post for a channel; empty for one that nobody posts to."""
    hook = store.hook_of(session, channel_id)
    return f"{hub.config.base_url}{PATH}{hook}" if hook else ""
