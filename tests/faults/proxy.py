"""A proxy between the hub and a network that misbehaves on order, and notes what it passed on.

It stands on hub.testing's FakeServer: what arrived is written down before anything is answered. The network behind it
is real (a WordPress, an emulator, a network in a box); what it holds in the end is the judge of every test here.
"""

from __future__ import annotations

import http.client
import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

from hub.testing.server import Answer, Arrival, FakeServer, Fault

Misbehaviour = Callable[[Callable[[], Answer]], Answer]
"""Answers a request; calling its argument is what passes the request on to the network."""

_OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"}
_UNPASSED = {"connection", "host", "accept-encoding"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One way to misbehave.

    is_endless: the answer never ends, so that only the hub's own patience does.
    is_plain: the status of the answer alone says whether the request was taken.
    """

    name: str
    answers: Misbehaviour
    is_endless: bool = False
    is_harmless: bool = False
    is_plain: bool = False


def _instead(answer: Answer) -> Misbehaviour:
    return lambda pass_on: answer


def _afterwards(change: Callable[[Answer], Answer]) -> Misbehaviour:
    return lambda pass_on: change(pass_on())


def _limited(**headers: str) -> Misbehaviour:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"error": "RateLimitExceeded", "message": "Too many requests"}).encode()
    return _instead(Answer(status=429, headers={"Content-Type": "application/json", **named}, body=body))


def _down(status: int) -> Answer:
    return Answer(status=status, headers={"Content-Type": "text/html"}, body=b"<h1>Down for maintenance</h1>")


def _dripped(answer: Answer) -> Answer:
    """Bytes for ever, one by one: no read ever times out, the whole must."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
    return Answer(raw=lambda: itertools.chain([head], itertools.repeat(b" ")), every=0.005)


def _soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=2)


_GARBAGE = Answer(raw=lambda: (b"\x00\xff\x16\x03 not HTTP at all\r\n\r\n",))
_PAGE = Answer(headers={"Content-Type": "text/html; charset=utf-8"}, body=b"<!doctype html><title>Hello</title>")
_HALF_JSON = Answer(headers={"Content-Type": "application/json"}, body=b'[{"id": "1", "con')

MODES = (
    Mode(name="slow", answers=_afterwards(lambda answer: replace(answer, before=0.2)), is_harmless=True, is_plain=True),
    Mode(name="reset before the network saw it", answers=_instead(Answer(fault=Fault.RESET))),
    Mode(name="reset after the network saw it", answers=_afterwards(lambda _: Answer(fault=Fault.RESET))),
    Mode(name="dropped answer", answers=_afterwards(lambda _: Answer(fault=Fault.DROP))),
    Mode(
        name="truncated answer",
        answers=_afterwards(lambda answer: replace(answer, fault=Fault.TRUNCATE, body=answer.body or b"cut off")),
    ),
    Mode(name="garbage before the network saw it", answers=_instead(_GARBAGE)),
    Mode(name="garbage after the network saw it", answers=_afterwards(lambda _: _GARBAGE)),
    Mode(name="a page of HTML with 200", answers=_afterwards(lambda _: _PAGE), is_plain=True),
    Mode(name="half a JSON with 200", answers=_afterwards(lambda _: _HALF_JSON), is_plain=True),
    Mode(name="drip of bytes", answers=_afterwards(_dripped), is_endless=True),
    Mode(name="silence", answers=_afterwards(lambda _: Answer(before=3600.0)), is_endless=True),
    Mode(name="500", answers=_instead(_down(500))),
    Mode(name="500 after the network saw it", answers=_afterwards(lambda _: _down(500))),
    Mode(name="502", answers=_instead(_down(502))),
    Mode(name="503", answers=_instead(_down(503))),
    Mode(name="504 after the network saw it", answers=_afterwards(lambda _: _down(504))),
    Mode(name="429 with seconds", answers=_limited(Retry_After="120"), is_plain=True),
    Mode(
        name="429 with a date",
        answers=lambda _: _limited(Retry_After=format_datetime(_soon(), usegmt=True))(_),
        is_plain=True,
    ),
    Mode(
        name="429 with an ISO reset",
        answers=lambda _: _limited(X_RateLimit_Reset=_soon().isoformat())(_),
        is_plain=True,
    ),
    Mode(
        name="429 with an epoch reset",
        answers=lambda _: _limited(RateLimit_Reset=str(int(_soon().timestamp())))(_),
        is_plain=True,
    ),
    Mode(name="429 without a word", answers=_limited(), is_plain=True),
    Mode(name="429 with nonsense", answers=_limited(Retry_After="soon", X_RateLimit_Reset="-1e999"), is_plain=True),
)


class FaultProxy:
    """Passes everything on to `upstream` and its answers back, except what it was told to spoil.

    `passed_on` counts by digest what the network was handed.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.server = FakeServer()
        self.server.on("*", "/*").runs(self._answer)
        self.passed_on: list[Arrival] = []
        self._planned: list[tuple[Callable[[Arrival], bool], Mode]] = []
        self.spoilt: list[Arrival] = []
        self.on_endless: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def address(self) -> str:
        return self.server.address

    def spoils(self, mode: Mode, which: Callable[[Arrival], bool], *, times: int = 1) -> None:
        """Misbehave at the next requests of that kind. A kept connection that breaks may be tried once more."""
        with self._lock:
            self._planned += [(which, mode)] * times

    def _answer(self, arrival: Arrival) -> Answer:
        mode = self._mode_for(arrival)
        if mode is None:
            return self._pass_on(arrival)
        answer = mode.answers(lambda: self._pass_on(arrival))
        if mode.is_endless:
            self.on_endless()
        return answer

    def _mode_for(self, arrival: Arrival) -> Mode | None:
        with self._lock:
            for planned in self._planned:
                if planned[0](arrival):
                    self._planned.remove(planned)
                    self.spoilt.append(arrival)
                    return planned[1]
        return None

    def _pass_on(self, arrival: Arrival) -> Answer:
        self.passed_on.append(arrival)
        path = f"{arrival.path}?{arrival.query}" if arrival.query else arrival.path
        connection = http.client.HTTPConnection(self.upstream, timeout=30)
        try:
            connection.request(arrival.method, path, body=arrival.body or None, headers=self._outwards(arrival))
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        return Answer(status=answer.status, headers=self._homewards(answer.getheaders()), body=self._ours(body))

    def _outwards(self, arrival: Arrival) -> dict[str, str]:
        kept = {name: value for name, value in arrival.headers.items() if name.lower() not in _UNPASSED}
        return {**kept, "Host": self.upstream, "Connection": "close"}

    def _homewards(self, headers: list[tuple[str, str]]) -> Mapping[str, str]:
        """Addresses of the network in its answers lead through the proxy again."""
        return {name: self._ours(value.encode()).decode() for name, value in headers if name.lower() not in _OF_ONE_HOP}

    def _ours(self, said: bytes) -> bytes:
        return said.replace(self.upstream.encode(), self.address.encode())


@contextmanager
def fault_proxy(upstream: str) -> Iterator[FaultProxy]:
    proxy = FaultProxy(upstream)
    with proxy.server:
        yield proxy
