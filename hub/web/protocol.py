"""uvicorn's HTTP/1.1 with an end to what is too long or too slow, and a door out for live streams."""

from __future__ import annotations

import asyncio
import socket

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hub.web.stream import LiveClient

MOST_HEAD_BYTES = 64 * 1024
REQUEST_SECONDS = 20.0
TAKEOVER = "hub.takeover"
"""Where the scope of a request keeps the way to its socket."""


class HubProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, with an end to heads that are too long or too slow and to bodies that nobody reads any more,
    and a door out for live streams."""

    is_stopping = False
    _head_bytes = 0
    _head_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # asyncio does it only for sockets made with a protocol number, which ours may lack: 40 ms a page otherwise.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head_deadline = self.loop.call_later(REQUEST_SECONDS, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        if self._head_deadline is None:
            self._head_deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)
        self.scope["extensions"] = {TAKEOVER: self.takeover}  # type: ignore[dict-item]

    def on_url(self, url: bytes) -> None:
        self._count_head(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(name + value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._end_head()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._end_head()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle is not None and self.cycle.more_body and self._head_deadline is None:
            # Answered by its head alone; while the rest drips in, uvicorn has no deadline for it.
            self._head_deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def shutdown(self) -> None:
        self.is_stopping = True
        if self.cycle is not None and self.cycle.more_body:
            self.transport.abort()  # nobody waits for the rest of a request that has not begun to be answered
        super().shutdown()

    def takeover(self, client: LiveClient) -> bool:
        """Give the socket of the current request away, with nothing of it answered; False when it is ending."""
        if self.is_stopping or self.cycle.disconnected or self.transport.is_closing():
            return False
        self.cycle.disconnected = True  # uvicorn's word for: nothing more to answer here
        self.connections.discard(self)
        self.flow.resume_reading()
        client.take(self.transport, self.connections)
        self._forget_everything()
        return True

    def _forget_everything(self) -> None:
        """Leave no circle of references: the collector comes late, and a thousand parsers would wait for it."""
        self.scope["extensions"].clear()
        self.parser = self.cycle = self.scope = self.headers = None  # type: ignore[assignment]

    def _count_head(self, part: bytes) -> None:
        self._head_bytes += len(part)
        if self._head_bytes > MOST_HEAD_BYTES:
            raise ValueError("the head of the request is too long")  # httptools makes it a 400

    def _end_head(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None
