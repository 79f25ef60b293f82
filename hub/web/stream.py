"""What goes over the wire of one live page, and the page itself as a protocol on its socket.

The format is that of https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from hub.kernel.log import Logged
    from hub.people.model import Actor

BUFFER_BYTES = 64 * 1024

_FIELDS = ("conversation_id", "channel_id", "outbox_id", "state")

# Written as it is, since uvicorn is out by then. There is no length: the stream ends with its connection.
_HEAD = b"""HTTP/1.1 200 OK\r
Content-Type: text/event-stream\r
Cache-Control: no-store\r
X-Accel-Buffering: no\r
X-Content-Type-Options: nosniff\r
Cross-Origin-Resource-Policy: same-origin\r
Connection: close\r
\r
retry: 2000\n\n"""


def told(logged: Logged) -> bytes:
    """One event of the log: ids and states, never texts."""
    facts = {name: value for name in _FIELDS if (value := getattr(logged.event, name, None)) is not None}
    data = msgspec.json.encode({"kind": logged.kind, **facts})
    return b"id: %s\ndata: %s\n\n" % (logged.position.encode(), data)


def reset(position: str) -> bytes:
    """Too much was missed: the page refreshes all it shows and goes on from here."""
    return b"event: reset\nid: %s\ndata: {}\n\n" % position.encode()


def moved_on(position: str) -> bytes:
    """Nothing to tell up to here: moves the page's Last-Event-ID on without an event."""
    return b"id: %s\n\n" % position.encode()


def ping(position: str) -> bytes:
    return b": ping\n" + moved_on(position)


class LiveClient(asyncio.Protocol):
    """One open page. It takes its socket over from the HTTP server and costs no task, no thread and no queue.

    actor: for whom it was opened. cookie: what proves it, again and again. gone: called once when it is over.
    """

    __slots__ = ("_connections", "_gone", "_transport", "actor", "cookie", "is_gone")

    def __init__(self, actor: Actor, cookie: bytes, *, gone: Callable[[LiveClient], None]) -> None:
        self._gone = gone
        self._connections: set[Any]
        self._transport: asyncio.Transport
        self.actor = actor
        self.cookie = cookie
        self.is_gone = False

    def take(self, transport: asyncio.Transport, connections: set[Any]) -> None:
        """Begin to answer on a socket; `connections` are those that the server ends when it stops."""
        self._transport = transport
        self._connections = connections
        connections.add(self)
        transport.set_protocol(self)
        transport.set_write_buffer_limits(high=BUFFER_BYTES)
        transport.write(_HEAD)

    def write(self, chunk: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(chunk)

    def data_received(self, data: bytes) -> None:
        """A page has nothing to say here."""

    def pause_writing(self) -> None:
        # More than BUFFER_BYTES wait: a page this slow is dropped and comes back with its Last-Event-ID.
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_gone = True
        self._connections.discard(self)
        self._gone(self)

    def shutdown(self) -> None:
        """End the stream at once; the HTTP server calls it for each of its connections when it stops."""
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()
