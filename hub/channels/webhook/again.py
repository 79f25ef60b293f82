"""What was posted and could not be read is read once more, when somebody has mended the cause."""

from __future__ import annotations

import logging

from hub.channels import store as channels
from hub.channels.webhook import store
from hub.events import ChannelChanged
from hub.kernel import log
from hub.kernel.hub import Hub

_log = logging.getLogger("hub.hooks")


def read_again(hub: Hub, channel_id: int, *, first: int | None = None, last: int | None = None, by: int | None) -> int:
    """Have the deliveries of a channel's dead letters read again, whole; returns how many.

    first, last: only the letters in this range of ids. by: the agent who asks, None for the operator. What they told
    when they were read first is known and does not come in twice; asked again, it is done once. Raises Absent.
    """
    now = hub.clock()
    with hub.database.transaction() as session:
        channel = channels.channel(session, channel_id)
        found = store.unread(session, channel.id, first=first or 0, last=2**62 if last is None else last)
        if found:
            channels.note_read_again(session, channel.id, found, by=by, now=now)
            channels.pull_soon(session, channel.id, now=now)
            log.append(session, ChannelChanged(channel_id=channel.id, state=channel.state.value), at=now)
    if found:
        _log.info("%s deliveries of channel %s are read again, asked by agent %s", len(found), channel_id, by)
    return len(found)
