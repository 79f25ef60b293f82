"""Tells plugins what happened: each reads the event log at its own pace, at least once, in its own process."""

from __future__ import annotations

import logging
import threading

from hub.channels.connectors import Connectors, was_asked
from hub.errors import HubError
from hub.kernel import log
from hub.kernel.hub import Hub
from hub.kernel.log import Logged

_log = logging.getLogger("hub.observe")
_PATIENCE = 5
"""How often an event is tried on a plugin that fails before it is passed over."""

_AT_ONCE = 100
HOOKS = ("message_received", "reply_settled")


def observers(hub: Hub) -> list[str]:
    """The plugins that want to hear anything at all."""
    return sorted({name for hook in HOOKS for name in hub.plugins.observers(hook)})


def tell(hub: Hub, connectors: Connectors, plugin: str, stop: threading.Event) -> int:
    """Bring one plugin up to date, as far as it takes it before `stop`; returns how many events it was told."""
    wanted = {hook for hook in HOOKS if plugin in hub.plugins.observers(hook)}
    told, seen = 0, ""
    for logged in _waiting(hub, plugin):
        if stop.is_set():
            break
        if logged.kind in wanted:
            if not _told(hub, connectors, plugin, logged):
                break
            told += 1
            _move(hub, plugin, logged.position)
        seen = "" if logged.kind in wanted else logged.position
    if seen:
        _move(hub, plugin, seen)
    return told


def _waiting(hub: Hub, plugin: str) -> list[Logged]:
    with hub.database.reading() as session:
        position = log.reader_position(session, _reader(plugin))
        if position is not None:
            return log.read(session, position, limit=_AT_ONCE)
    # A plugin that was just installed hears what happens from now on.
    with hub.database.transaction() as session:
        log.move_reader(session, _reader(plugin), log.newest(session))
    return []


def _told(hub: Hub, connectors: Connectors, plugin: str, logged: Logged) -> bool:
    """Tell one event. False: try it again at the next tick. After some failures it is passed over, and logged."""
    try:
        connectors.observe(plugin, logged)
    except HubError as error:
        return was_asked(error) and _gives_up(hub, plugin, logged, error)
    hub.reach("observe.told")
    return True


def _gives_up(hub: Hub, plugin: str, logged: Logged, error: HubError) -> bool:
    with hub.database.transaction() as session:
        failures = log.count_failure(session, _reader(plugin), at=hub.clock())
    reason = error.params.get("reason")
    _log.warning("plugin %s failed on %s %s (%s times): %s", plugin, logged.kind, logged.position, failures, reason)
    return failures >= _PATIENCE


def _move(hub: Hub, plugin: str, position: str) -> None:
    with hub.database.transaction() as session:
        log.move_reader(session, _reader(plugin), position)
    hub.reach("observe.moved")


def _reader(plugin: str) -> str:
    return f"plugin:{plugin}"
