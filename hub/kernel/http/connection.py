"""Connections that can only go to the address that was checked, and never outlast their fetch's deadline."""

from __future__ import annotations

import socket
import ssl
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection

from hub.kernel.http.address import Target
from hub.kernel.http.limits import Guard, Monotonic

if TYPE_CHECKING:
    _Socket = socket.socket
else:
    _Socket = object

IDLE_SECONDS = 30.0
IDLE_CONNECTIONS = 20
_SLICE = 64 * 1024


class _Guarded(_Socket):
    """Asks the guard before each read and write. `guard` is set while a fetch uses the socket."""

    guard: Guard | None = None

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        if self.guard is None:
            return super().recv_into(buffer, nbytes or 0, flags)
        count = self._await(self.guard, buffer, nbytes or 0, flags)
        self.guard.received(count)
        return count

    def _await(self, guard: Guard, buffer: Any, nbytes: int, flags: int) -> int:
        """Wait in as many steps as the guard wants; a read that timed out may be begun again, with TLS as well."""
        waited = 0.0
        while True:
            step = guard.listen(waited)
            self.settimeout(step)
            try:
                return super().recv_into(buffer, nbytes, flags)
            except TimeoutError:
                waited += step

    def sendall(self, data: Any, flags: int = 0) -> None:
        view = memoryview(data).cast("B")
        for start in range(0, len(view), _SLICE):
            if self.guard is not None:
                self.settimeout(self.guard.remaining())
                self.guard.sent = True
            super().sendall(view[start : start + _SLICE], flags)


class GuardedSocket(_Guarded, socket.socket):
    """A TCP socket under a guard."""


class GuardedTLSSocket(_Guarded, ssl.SSLSocket):
    """A TLS socket under a guard."""


Dial = Callable[[str, int, float], GuardedSocket]
"""Opens a TCP connection to (IP address, port) within so many seconds."""


def dial(ip: str, port: int, seconds: float) -> GuardedSocket:
    """Connect to one address; no name is ever looked up here. Raises OSError."""
    opened = GuardedSocket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.settimeout(seconds)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.connect((ip, port))
    except BaseException:
        opened.close()
        raise
    return opened


def tls_context() -> ssl.SSLContext:
    """The system's certificates, or the bundled ones where the system has none."""
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(certifi.where())
    return context


class _Pinned(HTTPConnection):
    """Connects to the checked IP while Host, SNI and the certificate check keep the name."""

    auto_open = 0  # a closed connection is never reopened behind the door's back

    def pin(self, ip: str, open_socket: Dial) -> None:
        self.ip = ip
        self._open_socket = open_socket

    def open(self, guard: Guard, seconds: float) -> None:
        self._guard = guard
        self._seconds = min(seconds, guard.remaining())
        self.connect()
        self.watch(guard)

    def watch(self, guard: Guard) -> None:
        assert isinstance(self.sock, _Guarded)
        self.sock.guard = guard
        guard.expect_headers()

    def _new_conn(self) -> socket.socket:
        opened = self._open_socket(self.ip, self.port, self._seconds)
        opened.settimeout(self._guard.remaining())  # a TLS handshake comes next, and its timeout is for all of it
        return opened


class PlainConnection(_Pinned):
    """http"""


class TLSConnection(_Pinned, HTTPSConnection):
    """https"""


Connection = PlainConnection | TLSConnection
Key = tuple[str, str, int, str]


class Connections:
    """Makes pinned connections and keeps idle ones, by scheme, name, port and checked IP."""

    def __init__(self, monotonic: Monotonic, open_socket: Dial, tls: ssl.SSLContext | None) -> None:
        self._monotonic = monotonic
        self._open_socket = open_socket
        self._tls = tls
        self._idle: dict[Key, tuple[Connection, float]] = {}
        self._lock = threading.Lock()
        weakref.finalize(self, _close_all, self._idle)

    def new(self, target: Target, ip: str) -> Connection:
        connection: Connection
        if target.scheme == "https":
            connection = TLSConnection(target.host, target.port, ssl_context=self._context())
        else:
            connection = PlainConnection(target.host, target.port)
        connection.pin(ip, self._open_socket)
        return connection

    def idle(self, target: Target, ips: tuple[str, ...]) -> Connection | None:
        """Take an idle connection to one of the addresses checked just now, or None."""
        for ip in ips:
            with self._lock:
                connection, since = self._idle.pop(_key(target, ip), (None, 0.0))
            if connection is None:
                continue
            if connection.is_connected and self._monotonic() - since < IDLE_SECONDS:
                return connection
            connection.close()
        return None

    def keep(self, target: Target, connection: Connection) -> None:
        """Put a connection aside whose last answer was read to its end."""
        assert isinstance(connection.sock, _Guarded)
        connection.sock.guard = None
        with self._lock:
            surplus = [self._idle.pop(_key(target, connection.ip), None)]
            self._idle[_key(target, connection.ip)] = (connection, self._monotonic())
            if len(self._idle) > IDLE_CONNECTIONS:
                surplus.append(self._idle.pop(next(iter(self._idle))))
        for entry in surplus:
            if entry is not None:
                entry[0].close()

    def close(self) -> None:
        with self._lock:
            _close_all(self._idle)

    def _context(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = tls_context()
            self._tls.sslsocket_class = GuardedTLSSocket
            return self._tls


def _key(target: Target, ip: str) -> Key:
    return target.scheme, target.host, target.port, ip


def _close_all(idle: dict[Key, tuple[Connection, float]]) -> None:
    while idle:
        idle.popitem()[1][0].close()
