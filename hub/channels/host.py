"""Runs calls on connectors: holds their instances, checks deadlines, turns whatever happens into an answer."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.channels import wire
from hub.channels.settings import build
from hub.channels.wire import Answer, Request
from hub.connector import Connector, Context
from hub.errors import PluginFault, Unavailable
from hub.events import KINDS
from hub.kernel.plugins import Plugins

_log = logging.getLogger("hub.plugin")
_READING = frozenset({"check", "pull"})


@dataclass(slots=True)
class _Instance:
    """A connector that is kept between calls, and the lock that gives it to one thread at a time."""

    connector: Connector
    fingerprint: str
    lock: threading.Lock = field(default_factory=threading.Lock)


class Host:
    """Answers requests in this process. Reading and writing of one channel use two instances and do not wait."""

    def __init__(self, plugins: Plugins, make_context: Callable[[str], Context]) -> None:
        self._plugins = plugins
        self._make_context = make_context
        self._instances: dict[tuple[str, int, bool], _Instance] = {}
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Answer:
        """Run one call. Never raises: an error of the connector or a bug in it is part of the answer."""
        try:
            if time.monotonic_ns() > request.deadline:
                raise Unavailable("too_late")
            return Answer(id=request.id, result=wire.encode(self._run(request)))
        except Exception as error:
            if wire.to_problem(error).code == PluginFault.code:
                logging.getLogger("hub.plugin").warning(
                    "plugin fault in %s %s", request.kind, request.method, exc_info=error
                )
            return Answer(id=request.id, problem=wire.to_problem(error))

    def close(self) -> None:
        for instance in self._instances.values():
            instance.connector.close()

    def _run(self, request: Request) -> Any:
        arguments = wire.decode_arguments(request)
        if request.method == "observe":
            return self._observe(request.kind, *arguments)
        instance = self._instance(request)
        with instance.lock:
            result = getattr(instance.connector, request.method)(*arguments)
        return msgspec.convert(result, wire.RESULTS[request.method], strict=True)

    def _observe(self, plugin: str, hook: str, data: bytes) -> None:
        getattr(self._plugins.modules[plugin], hook)(event=msgspec.json.decode(data, type=KINDS[hook]))

    def _instance(self, request: Request) -> _Instance:
        place = (request.kind, request.channel_id, request.method in _READING)
        fingerprint = hashlib.sha256(msgspec.json.encode(request.settings, order="sorted")).hexdigest()
        with self._lock:
            known = self._instances.get(place)
            if known is None or known.fingerprint != fingerprint:
                known = _Instance(self._make(request), fingerprint)
                # Channel 0 is one that is being connected: nothing of it is kept.
                if request.channel_id:
                    self._instances[place] = known
            return known

    def _make(self, request: Request) -> Connector:
        connector = self._plugins.connector(request.kind)
        return connector(build(connector.Settings, request.settings), self._make_context(request.kind))
