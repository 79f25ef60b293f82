"""A real HTTP server on loopback that answers what a test tells it, and misbehaves on order.

    with FakeServer() as server:
        server.on("GET", "/feed").answers(304)
        server.on("POST", "/api/statuses").drops().answers(json={"id": "7"})     # first the one, ever after the other
        door = Door(allow=[server.address])
        ...
        assert [arrival.path for arrival in server.arrivals] == ["/feed"]

`arrivals` is written before the answer starts: it is the truth about what a network has received.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import struct
import threading
import time
from http.client import HTTPException, parse_headers
from typing import Any, Self

from hub.testing.script import Answer, Arrival, Fault, Route

__all__ = ["Answer", "Arrival", "FakeServer", "Fault", "Route"]

MAX_LINE = 65_536


class FakeServer:
    """A scripted server on one port. Whatever has no route gets 404; `connections` counts what was accepted."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, tls: ssl.SSLContext | None = None) -> None:
        self.arrivals: list[Arrival] = []
        self.connections = 0
        self.stopped = threading.Event()
        self.tls = tls
        self._routes: dict[tuple[str, str], Route] = {}
        self._server = _Server(self, host, port)
        self.host = host
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def address(self) -> str:
        """The "host:port" that Door(allow=...) takes."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.address}"

    def on(self, method: str, path: str) -> Route:
        """The script of one method ("*" for any) and path (without query; a final "*" for any rest)."""
        return self._routes.setdefault((method, path), Route())

    def received(self, method: str, path: str) -> list[Arrival]:
        return [arrival for arrival in self.arrivals if (arrival.method, arrival.path) == (method, path)]

    def answer_to(self, arrival: Arrival) -> Answer:
        for (method, path), route in sorted(self._routes.items(), key=lambda entry: entry[0][1].endswith("*")):
            fits = arrival.path.startswith(path[:-1]) if path.endswith("*") else arrival.path == path
            if fits and method in ("*", arrival.method):
                return route.next(arrival)
        return Answer(status=404, body=b"no such route")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, fake: FakeServer, host: str, port: int) -> None:
        self.fake = fake
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._accepted: dict[socket.socket, int] = {}
        self._lock = threading.Lock()
        super().__init__((host, port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        accepted, address = super().get_request()
        if self.fake.tls is not None:
            accepted = self.fake.tls.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self.fake.connections += 1
            self._accepted[accepted] = self.fake.connections
        return accepted, address

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._accepted.pop(request, None)
        super().shutdown_request(request)

    def number_of(self, accepted: socket.socket) -> int:
        with self._lock:
            return self._accepted[accepted]

    def hang_up(self) -> None:
        with self._lock:
            for accepted in self._accepted:
                with contextlib.suppress(OSError):
                    accepted.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what these tests are about."""


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        fake = self.server.fake
        self.socket: socket.socket = self.request
        number = self.server.number_of(self.socket)
        if isinstance(self.socket, ssl.SSLSocket):
            self.socket.do_handshake()
        with self.socket.makefile("rb") as self.reader:
            while (arrival := self._arrival(number)) is not None:
                fake.arrivals.append(arrival)
                if not self._play(fake.answer_to(arrival), arrival):
                    return

    def _arrival(self, number: int) -> Arrival | None:
        line = self.reader.readline(MAX_LINE).decode("latin-1").split()
        if len(line) != 3:
            return None
        method, target, _ = line
        try:
            headers = parse_headers(self.reader)
        except HTTPException:
            return None
        body = self.reader.read(int(headers.get("Content-Length") or 0))
        path, _, query = target.partition("?")
        return Arrival(
            method=method,
            path=path,
            query=query,
            headers=headers,
            body=body,
            at=time.monotonic(),
            connection=number,
        )

    def _play(self, answer: Answer, arrival: Arrival) -> bool:
        """Write the answer; tells whether the connection stays open."""
        self._wait(answer.before)
        self._wait_for(answer.until)
        if answer.fault is Fault.RESET:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.close()
            return False
        if answer.fault is Fault.DROP:
            return False
        if answer.raw is not None:
            return self._write_raw(answer)
        encoded = answer.encoded(with_body=arrival.method != "HEAD")
        if answer.fault is Fault.TRUNCATE:
            self.socket.sendall(encoded[: -max(1, len(answer.body) // 2)])
            return False
        self.socket.sendall(encoded)
        self._wait(answer.after)
        closing = "close" in answer.headers.get("Connection", "") or "close" in arrival.headers.get("Connection", "")
        return not closing

    def _write_raw(self, answer: Answer) -> bool:
        assert answer.raw is not None
        for piece in answer.raw():
            if self.server.fake.stopped.is_set():
                break
            self.socket.sendall(piece)
            self._wait(answer.every)
        return False

    def _wait(self, seconds: float) -> None:
        if seconds:
            self.server.fake.stopped.wait(seconds)

    def _wait_for(self, event: threading.Event | None) -> None:
        while event is not None and not event.is_set() and not self.server.fake.stopped.is_set():
            event.wait(0.05)
