"""Tells plugins what happened: each reads the event log at its own pace, at least once, in its own process."""

from __future__ import annotations

import logging

from hub.channels.connectors import Connectors
from hub.errors import HubError
from hub.kernel import log
from hub.kernel.hub import Hub
from hub.kernel.log import Logged

_log = logging.getLogger("hub.observe")
_PATIENCE = 5
HOOKS = ("message_received", "reply_settled")


def tell_observers(hub: Hub, connectors: Connectors) -> int:
    """Bring every observing plugin up to date; returns how many events were told."""
    names = {name for hook in HOOKS for name in hub.plugins.observers(hook)}
    return sum(_tell(hub, connectors, name) for name in sorted(names))


def _tell(hub: Hub, connectors: Connectors, plugin: str) -> int:
    reader = f"plugin:{plugin}"
    with hub.database.transaction() as session:
        position = log.reader_position(session, reader)
        if position is None:
            # A plugin that was just installed hears what happens from now on.
            log.move_reader(session, reader, log.newest(session))
            return 0
        waiting = log.read(session, position, limit=100)
    wanted = {hook for hook in HOOKS if plugin in hub.plugins.observers(hook)}
    told = 0
    for logged in waiting:
        if logged.kind in wanted and not _told(hub, connectors, plugin, logged):
            return told
        told += logged.kind in wanted
        with hub.database.transaction() as session:
            log.move_reader(session, reader, logged.position)
        hub.reach("observe.moved")
    return told


def _told(hub: Hub, connectors: Connectors, plugin: str, logged: Logged) -> bool:
    """Tell one event. False: try it again at the next tick. After some failures it is passed over, and logged."""
    try:
        connectors.observe(plugin, logged)
    except HubError as error:
        with hub.database.transaction() as session:
            failures = log.count_failure(session, f"plugin:{plugin}", at=hub.clock())
        _log.warning("plugin %s failed on %s (%s times): %s", plugin, logged.kind, failures, error.detail)
        return failures >= _PATIENCE
    hub.reach("observe.told")
    return True
