"""What a fake server is told to answer, and what it notes down."""

from __future__ import annotations

import hashlib
import itertools
import json as jsonlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One request as it came. `at` is the server's monotonic seconds; `connection` counts from 1."""

    method: str
    path: str
    query: str
    headers: Message
    body: bytes
    at: float
    connection: int

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def digest(self) -> str:
        """Equal for two arrivals that say the same."""
        return hashlib.sha256(f"{self.method} {self.path}?{self.query}\n".encode() + self.body).hexdigest()

    def json(self) -> Any:
        return jsonlib.loads(self.body)


class Fault(StrEnum):
    """What goes wrong instead of a proper answer, after the request was read and logged."""

    NONE = "none"
    RESET = "reset"
    DROP = "drop"
    TRUNCATE = "truncate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One scripted answer.

    before, after: seconds to wait before the first byte and before hanging up.
    until: the first byte waits for this event, too.
    raw: bytes written as they are instead of status, headers and body, `every` so many seconds.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    fault: Fault = Fault.NONE
    before: float = 0.0
    after: float = 0.0
    raw: Callable[[], Iterable[bytes]] | None = None
    every: float = 0.0
    until: threading.Event | None = None

    def encoded(self, *, with_body: bool) -> bytes:
        names = {name.lower() for name in self.headers}
        phrase = HTTPStatus(self.status).phrase if self.status in set(HTTPStatus) else "Unknown"
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{name}: {value}" for name, value in self.headers.items())]
        if "content-length" not in names and self.status not in (204, 304):
            lines.append(f"Content-Length: {len(self.body)}")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        return head + self.body if with_body else head


class Route:
    """The answers of one method and path, in order; the last one stays."""

    def __init__(self) -> None:
        self._script: list[Callable[[Arrival], Answer]] = []
        self._lock = threading.Lock()

    def answers(
        self,
        status: int = 200,
        body: bytes | str = b"",
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Self:
        """Answer properly. `more`: before, after, until of Answer."""
        chosen = {"Content-Type": "application/json"} if json is not None else {}
        content = jsonlib.dumps(json).encode() if json is not None else body
        content = content.encode() if isinstance(content, str) else content
        return self.plays(Answer(status=status, body=content, headers=chosen | dict(headers or {}), **more))

    def redirects(self, to: str, status: int = 302) -> Self:
        return self.answers(status, headers={"Location": to})

    def resets(self) -> Self:
        """Read the request, then reset the connection."""
        return self.plays(Answer(fault=Fault.RESET))

    def drops(self) -> Self:
        """Read the request, do what it asks as far as anybody can tell, and hang up without an answer."""
        return self.plays(Answer(fault=Fault.DROP))

    def truncates(self, body: bytes | str = b"only half of this arrives") -> Self:
        """Promise the whole body and hang up in the middle of it."""
        content = body.encode() if isinstance(body, str) else body
        return self.plays(Answer(body=content, fault=Fault.TRUNCATE))

    def speaks(self, *raw: bytes) -> Self:
        """Write these bytes instead of an HTTP answer: garbage, or a protocol's corner."""
        return self.plays(Answer(raw=lambda: raw))

    def drips(self, head: bytes, piece: bytes, every: float = 0.0) -> Self:
        """Write `head`, then `piece` for ever, until the other side has had enough."""
        return self.plays(Answer(raw=lambda: itertools.chain([head], itertools.repeat(piece)), every=every))

    def runs(self, script: Callable[[Arrival], Answer]) -> Self:
        """Let a function decide on the answer."""
        with self._lock:
            self._script.append(script)
        return self

    def plays(self, answer: Answer) -> Self:
        return self.runs(lambda arrival: answer)

    def next(self, arrival: Arrival) -> Answer:
        with self._lock:
            step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        return step(arrival)
