"""Runs each plugin's connectors in one supervised child process: started on use, ended when idle, killed when hung.

A plugin that hangs, dies or floods costs its own channels; calls to others go on. Children fetch and send; only this
side writes to the database.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial

from hub.channels import wire
from hub.channels.connect import keeper
from hub.channels.connectors import SECONDS, Connectors, Listening
from hub.channels.parent import GRACE_SECONDS, Child, Ended
from hub.channels.wire import Answer, Request, Start
from hub.errors import PluginFault, Unavailable
from hub.kernel.hub import Hub

IDLE_SECONDS = 60.0
CRASHES_MOST = 5
CRASHES_WITHIN = 600.0
"""A plugin that crashed CRASHES_MOST times in so many seconds is not started again until the first is longer ago."""


class ChildConnectors(Connectors):
    """The supervised children of this process, one per plugin."""

    def __init__(
        self,
        hub: Hub,
        *,
        seconds: Mapping[str, float] = SECONDS,
        idle_seconds: float = IDLE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(hub.plugins, seconds=seconds, remember=keeper(hub))
        self._data = str(hub.config.data.resolve())
        self._allow_hosts = tuple(hub.config.allow_hosts)
        self._idle_seconds = idle_seconds
        self._monotonic = monotonic
        self._children: dict[str, Child] = {}
        self._retired: list[Child] = []
        self._crashes: dict[str, deque[float]] = {}
        self._is_closed = False
        self._lock = threading.Lock()

    def _ask(self, plugin: str, request: Request) -> Answer:
        while True:
            # It may end, being idle, between our look and our question; the next one is fresh.
            with contextlib.suppress(Ended):
                return self._child(plugin).ask(request)

    def _begin(self, plugin: str, request: Request, wake: Callable[[], None]) -> Listening:
        while True:
            with contextlib.suppress(Ended):
                child = self._child(plugin)
                ended = child.listen(request, wake)
                stop = wire.stamped(Request(id=0, method="stop_listening", deadline=0), 0, (request.id,), 30)
                return Listening(ended=ended, stop=partial(child.tell, stop))

    def close(self) -> None:
        """End every child; from now on every call is refused as one that surely did nothing."""
        with self._lock:
            self._is_closed = True
            ended, self._children = [*self._children.values(), *self._retired], {}
        for child in ended:
            child.end()
        until = time.monotonic() + GRACE_SECONDS
        for child in ended:
            child.join(until - time.monotonic())

    def pids(self) -> dict[str, int]:
        """The process of each plugin that has one now."""
        with self._lock:
            return {name: child.pid for name, child in self._children.items() if child.is_open}

    def _child(self, plugin: str) -> Child:
        with self._lock:
            if self._is_closed:
                raise Unavailable("stopping")
            child = self._children.get(plugin)
            if child is not None and child.is_open:
                return child
            if child is not None:
                self._retire(self._children.pop(plugin))
            self._refuse_quarantined(plugin)
            start = Start(plugin=plugin, data=self._data, allow_hosts=self._allow_hosts)
            self._children[plugin] = Child(start, idle_seconds=self._idle_seconds, monotonic=self._monotonic)
            return self._children[plugin]

    def _retire(self, child: Child) -> None:
        """It takes no calls any more, though it may still owe answers."""
        self._retired = [each for each in (*self._retired, child) if not each.has_ended]
        if child.crashed_at is not None:
            self._crashes.setdefault(child.plugin, deque(maxlen=CRASHES_MOST)).append(child.crashed_at)

    def _refuse_quarantined(self, plugin: str) -> None:
        crashes = self._crashes.get(plugin, deque())
        if len(crashes) == CRASHES_MOST and self._monotonic() - crashes[0] < CRASHES_WITHIN:
            raise PluginFault(f"{plugin} crashed {CRASHES_MOST} times in ten minutes", reason="quarantined")
