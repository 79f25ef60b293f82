"""Runs each plugin's connectors in one supervised child process: started on use, ended when idle, killed when hung.

A plugin that hangs, dies or floods costs its own channels; calls to others go on. Children fetch and send; only this
side writes to the database.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections import deque
from concurrent.futures import Future, TimeoutError
from typing import BinaryIO, cast

import msgspec

from hub.channels.child import Start, read_frame, write_frame
from hub.channels.connectors import Connectors
from hub.channels.wire import Answer, Request
from hub.errors import PluginFault
from hub.kernel.hub import Hub

_log = logging.getLogger("hub.children")
_GRACE_SECONDS = 2.0
_IDLE_SECONDS = 60.0
_CRASHES_MOST = 5
_CRASHES_WITHIN = 600.0


class ChildConnectors(Connectors):
    """The supervised children of this process, one per plugin."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub.plugins)
        self._start = {"data": str(hub.config.data.resolve()), "allow_hosts": tuple(hub.config.allow_hosts)}
        self._children: dict[str, _Child] = {}
        self._crashes: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def _ask(self, plugin: str, request: Request) -> Answer:
        return self._child(plugin).ask(request)

    def end_idle(self) -> None:
        now = time.monotonic()
        with self._lock:
            idle = [name for name, child in self._children.items() if child.is_idle(now - _IDLE_SECONDS)]
            ended = [self._children.pop(name) for name in idle]
        for child in ended:
            child.end()

    def close(self) -> None:
        with self._lock:
            ended, self._children = list(self._children.values()), {}
        for child in ended:
            child.end()

    def _child(self, plugin: str) -> _Child:
        with self._lock:
            child = self._children.get(plugin)
            if child is not None and child.is_alive():
                return child
            if child is not None:
                self._count_crash(plugin)
            self._refuse_quarantined(plugin)
            started = self._children[plugin] = _Child(
                Start(plugin=plugin, data=str(self._start["data"]), allow_hosts=tuple(self._start["allow_hosts"]))
            )
            return started

    def _count_crash(self, plugin: str) -> None:
        self._crashes.setdefault(plugin, deque(maxlen=_CRASHES_MOST)).append(time.monotonic())
        del self._children[plugin]

    def _refuse_quarantined(self, plugin: str) -> None:
        crashes = self._crashes.get(plugin, deque())
        if len(crashes) == _CRASHES_MOST and time.monotonic() - crashes[0] < _CRASHES_WITHIN:
            raise PluginFault(f"{plugin} crashed {_CRASHES_MOST} times in ten minutes", reason="quarantined")


class _Child:
    """One plugin's process and the calls it owes us."""

    def __init__(self, start: Start) -> None:
        self.plugin = start.plugin
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hub.channels.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._requests = cast(BinaryIO, self._process.stdin)
        self._answers = cast(BinaryIO, self._process.stdout)
        self._owed: dict[int, Future[Answer]] = {}
        self._lock = threading.Lock()
        self._used = time.monotonic()
        self._write(msgspec.msgpack.encode(start))
        threading.Thread(target=self._read, name=f"answers of {self.plugin}", daemon=True).start()

    def ask(self, request: Request) -> Answer:
        """Wait for the answer until a little after the request's deadline, then kill the process that hangs."""
        promise: Future[Answer] = Future()
        with self._lock:
            self._owed[request.id] = promise
            self._used = time.monotonic()
        self._write(msgspec.msgpack.encode(request))
        try:
            return promise.result(timeout=request.deadline / 1e9 - time.monotonic() + _GRACE_SECONDS)
        except TimeoutError:
            _log.warning("plugin %s hangs in %s: killed", self.plugin, request.method)
            self._process.kill()
            raise PluginFault(f"no answer to {request.method} in time", reason="hangs") from None
        finally:
            with self._lock:
                self._owed.pop(request.id, None)
                self._used = time.monotonic()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def is_idle(self, since: float) -> bool:
        with self._lock:
            return not self._owed and self._used < since

    def end(self) -> None:
        """Close the pipe, which ends the process; kill it when it does not listen."""
        try:
            self._requests.close()
            self._process.wait(timeout=_GRACE_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._answers.close()

    def _write(self, frame: bytes) -> None:
        try:
            with self._lock:
                write_frame(self._requests, frame)
        except (OSError, ValueError):
            self._fail_owed()

    def _read(self) -> None:
        try:
            while (frame := read_frame(self._answers)) is not None:
                self._deliver(msgspec.msgpack.decode(frame, type=Answer))
        except (OSError, ValueError, msgspec.MsgspecError):
            _log.warning("plugin %s sent garbage: killed", self.plugin)
            self._process.kill()
        self._process.wait()
        self._fail_owed()

    def _deliver(self, answer: Answer) -> None:
        with self._lock:
            promise = self._owed.pop(answer.id, None)
        if promise is not None:
            promise.set_result(answer)

    def _fail_owed(self) -> None:
        with self._lock:
            owed, self._owed = list(self._owed.values()), {}
        for promise in owed:
            promise.set_exception(PluginFault(f"{self.plugin} ended while it was asked", reason="died"))
