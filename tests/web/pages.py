"""What tests of the live stream need: a server on a real socket, and pages that read from it."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from hub.events import Event, ReplySettled
from hub.kernel import log as event_log
from hub.kernel.database import Database
from hub.kernel.log import Logged
from hub.people.model import Actor, Role
from hub.testing.clock import START
from hub.web.body_places import BodyPlaces
from hub.web.live import LiveHub
from hub.web.server import make_server, web_app

PATIENCE = 60.0
"""Seconds after which a test gives up on what should have come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    id: str
    name: str
    data: Any


@dataclass(slots=True)
class Page:
    """A browser's page as the server sees it: `told` waits for the next event, `is_over` for the end."""

    socket: socket.socket
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    last_event_id: str = ""
    comments: list[str] = field(default_factory=list)
    _buffer: bytes = b""

    def told(self) -> Told:
        while True:
            lines = self._block()
            fields = dict(line.partition(": ")[::2] for line in lines if not line.startswith(":"))
            self.comments += [line for line in lines if line.startswith(":")]
            self.last_event_id = fields.get("id", self.last_event_id)
            if "data" in fields:
                return Told(id=self.last_event_id, name=fields.get("event", "message"), data=json.loads(fields["data"]))

    def conversations(self, count: int) -> list[int]:
        """The conversations of the next events."""
        return [self.told().data["conversation_id"] for _ in range(count)]

    def settle(self) -> Page:
        """Wait until the server has told where the page stands: from then on nothing is missed."""
        while not self.last_event_id:
            lines = self._block()
            self.last_event_id = next((line[4:] for line in lines if line.startswith("id: ")), "")
        return self

    def is_over(self) -> bool:
        while chunk := self.socket.recv(65536):
            self._buffer += chunk
        return True

    def close(self) -> None:
        self.socket.close()

    def _block(self) -> list[str]:
        while b"\n\n" not in self._buffer:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise EOFError("the stream ended")
            self._buffer += chunk
        block, _, self._buffer = self._buffer.partition(b"\n\n")
        return block.decode().split("\n")

    def read_head(self) -> Page:
        while b"\r\n\r\n" not in self._buffer:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise EOFError("no answer")
            self._buffer += chunk
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return self


class LiveServer:
    """A hub's web side with pages that say hello, and a live stream whose sessions and rights the test decides."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.sessions: dict[bytes, Actor] = {}
        self.places = BodyPlaces(lambda path, headers: self._agent(headers), trusted_proxies=1)
        self.live = LiveHub(database, authenticate=self._authenticate, rights=lambda session, found: _may_see)
        self.server = make_server(
            web_app(
                _hello,
                self.live,
                is_ours=lambda headers: b"origin" not in headers,
                uploader=lambda path, headers: 1,
                places=self.places,
            )
        )
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self._listening]})
        self._pages: list[Page] = []

    def sign_in(self, session: str = "ann", *, teams: frozenset[int] = frozenset(), role: Role = Role.AGENT) -> None:
        actor = Actor(agent_id=len(self.sessions) + 1, name=session, role=role, team_ids=teams)
        self.sessions[f"hub={session}".encode()] = actor

    def sign_out(self, session: str) -> None:
        del self.sessions[f"hub={session}".encode()]

    def open(self, session: str = "ann", *, path: str = "/live", method: str = "GET", **headers: str) -> Page:
        page = self.connect()
        lines = [f"{method} {path} HTTP/1.1", "host: hub.example", f"cookie: hub={session}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        page.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return page.read_head()

    def hold_little(self) -> None:
        """Let the system keep little of what pages do not read, so that it soon waits with us."""
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)

    def connect(self) -> Page:
        page = Page(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE))
        self._pages.append(page)
        return page

    def happen(self, *conversations: int, channel: int = 1) -> None:
        """Write one event for each conversation, in one transaction."""
        with self.database.transaction() as session:
            for each in conversations:
                event_log.append(session, settled(each, channel=channel), at=START)

    def stop(self) -> None:
        self.server.should_exit = True
        self._thread.join(PATIENCE)

    @property
    def is_stopped(self) -> bool:
        return not self._thread.is_alive()

    @contextlib.contextmanager
    def running(self) -> Iterator[LiveServer]:
        self._thread.start()
        try:
            yield self
        finally:
            self.stop()
            for page in self._pages:
                page.close()
            self._listening.close()

    def _authenticate(self, headers: list[tuple[bytes, bytes]]) -> Actor | None:
        return self.sessions.get(dict(headers).get(b"cookie", b""))

    def _agent(self, headers: list[tuple[bytes, bytes]]) -> int | None:
        actor = self._authenticate(headers)
        return None if actor is None else actor.agent_id


def settled(conversation: int, *, channel: int = 1) -> Event:
    return ReplySettled(channel_id=channel, conversation_id=conversation, outbox_id=conversation * 10, state="sent")


def _may_see(actor: Actor, logged: Logged) -> bool:
    return actor.role is Role.ADMIN or logged.event.channel_id in actor.team_ids


def _hello(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(5 + len(body)))])
    return [b"hello", body]
