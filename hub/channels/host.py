"""Runs calls on connectors: holds their instances, checks deadlines, turns whatever happens into an answer."""

from __future__ import annotations

import hashlib
import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import msgspec

from hub.channels import wire
from hub.channels.model import Remembered
from hub.channels.settings import build
from hub.channels.wire import Answer, Request
from hub.connector import Connector, Context, Delivery, Memory
from hub.errors import PluginFault, Unavailable
from hub.events import KINDS
from hub.kernel.clock import to_micros, uptime_ns
from hub.kernel.plugins import Plugins

_log = logging.getLogger("hub.plugin")
_SEATS = {"check": "reading", "pull": "reading", "receive": "receiving"}
"""Which instance of a channel's connector takes a call; all others write."""


class Host:
    """Answers requests in this process. Reading, writing and receiving use an instance each and do not wait."""

    def __init__(self, plugins: Plugins, make_context: Callable[[str], Context]) -> None:
        self._plugins = plugins
        self._make_context = make_context
        self._seats: dict[tuple[str, int, str], _Seat] = {}
        self._memories: dict[tuple[str, int], tuple[bytes, Memory]] = {}
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Answer:
        """Run one call. Never raises: an error of the connector or a bug in it is part of the answer."""
        memory = self._memory(request)
        answer = self._answer(request, memory)
        newer = memory.newer_than(request.memory.version)
        return answer if newer is None else replace(answer, memory=Remembered(text=newer[0], version=newer[1]))

    def _answer(self, request: Request, memory: Memory) -> Answer:
        try:
            _refuse_late(request)
            return Answer(id=request.id, result=wire.encode(self._run(request, memory)))
        except BaseException as error:  # sys.exit() in a plugin is a bug of the plugin and ends nothing else
            problem = wire.to_problem(error)
            if problem.code == PluginFault.code:
                _log_fault(request, error)
            return Answer(id=request.id, problem=_encoded(problem))

    def listen(self, request: Request, wake: Callable[[], None], stop: threading.Event) -> Answer:
        """Run one listening call in an instance of its own, until it ends. Never raises, like `answer`."""
        memory, seat = self._memory(request), _Seat()
        try:
            _refuse_late(request)
            seat.connector(request, lambda: self._make(request, seat, memory)).listen(wake, stop)
            return Answer(id=request.id, result=wire.encode(None))
        except BaseException as error:
            problem = wire.to_problem(error)
            if problem.code == PluginFault.code:
                _log_fault(request, error)
            return Answer(id=request.id, problem=_encoded(problem))
        finally:
            seat.close()

    def close(self) -> None:
        with self._lock:
            seats, self._seats = list(self._seats.values()), {}
        for seat in seats:
            seat.close()

    def _memory(self, request: Request) -> Memory:
        """What all instances of a channel share; other settings begin with another one."""
        told, settings = request.memory, fingerprint(request)
        with self._lock:
            known = self._memories.get((request.kind, request.channel_id))
            if known is None or known[0] != settings or not request.channel_id:
                known = (settings, Memory(told.text, version=told.version, micros=self._micros))
            if request.channel_id:
                self._memories[request.kind, request.channel_id] = known
        known[1].learn(told.text, told.version)
        return known[1]

    def _micros(self) -> int:
        return to_micros(self._make_context("").clock())

    def _run(self, request: Request, memory: Memory) -> Any:
        arguments = wire.decode_arguments(request)
        if request.method == "observe":
            return self._observe(request.kind, *arguments)
        with self._seat(request) as seat:
            if request.method == "pull":
                cursor, seat.deliveries = arguments
                arguments = (cursor,)
            connector = seat.connector(request, lambda: self._make(request, seat, memory))
            return getattr(connector, request.method)(*arguments)

    def _observe(self, plugin: str, hook: str, data: bytes) -> None:
        getattr(self._plugins.modules[plugin], hook)(event=msgspec.json.decode(data, type=KINDS[hook]))

    @contextmanager
    def _seat(self, request: Request) -> Iterator[_Seat]:
        """Where the channel's connector is kept, for one thread at a time."""
        if not request.channel_id:  # a channel that is being connected: nothing of it is kept
            seat = _Seat()
            try:
                yield seat
            finally:
                seat.close()
            return
        name = _SEATS.get(request.method, "writing")
        with self._lock:
            seat = self._seats.setdefault((request.kind, request.channel_id, name), _Seat())
        with seat.turn:
            _refuse_late(request)
            try:
                yield seat
            finally:
                seat.deliveries = ()

    def _make(self, request: Request, seat: _Seat, memory: Memory) -> Connector:
        connector = self._plugins.connector(request.kind)
        context = replace(self._make_context(request.kind), memory=memory, deliveries=lambda: seat.deliveries)
        return connector(build(connector.Settings, request.settings), context)


class _Seat:
    """Where a connector is kept between calls, as long as the channel's settings stay the same.

    deliveries: those the call under way may read.
    """

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.deliveries: tuple[Delivery, ...] = ()
        self._connector: Connector | None = None
        self._fingerprint = b""

    def connector(self, request: Request, make: Callable[[], Connector]) -> Connector:
        settings = fingerprint(request)
        if self._connector is None or self._fingerprint != settings:
            self.close()
            self._connector, self._fingerprint = make(), settings
        return self._connector

    def close(self) -> None:
        connector, self._connector = self._connector, None
        if connector is None:
            return
        try:
            connector.close()
        except Exception as error:
            _log.warning("%s.close() failed: %s", connector.kind, type(error).__name__)


def fingerprint(request: Request) -> bytes:
    """The same for the same settings."""
    return hashlib.sha256(msgspec.json.encode(request.settings, order="sorted")).digest()


def _refuse_late(request: Request) -> None:
    if uptime_ns() > request.deadline:
        raise Unavailable("too_late")


def _encoded(problem: wire.Problem) -> bytes:
    try:
        return wire.encode(problem)
    except Exception as error:  # a plugin may put anything into the fields of an error
        return wire.encode(wire.to_problem(error))


def _log_fault(request: Request, error: BaseException) -> None:
    """Say where in the plugin it happened. What the error says stays out: it may quote somebody's message."""
    places = " < ".join(
        f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(traceback.extract_tb(error.__traceback__))
    )
    _log.warning("fault in %s of %s: %s at %s", request.method, request.kind, type(error).__name__, places)
