"""One process that serves everything on one port: the pages by a few threads, the live streams by the event loop.

uvicorn speaks HTTP. Pages are WSGI and run in a small pool of threads; nobody gets one before the whole request has
arrived. A live stream takes its socket over from uvicorn, so that an open page costs no more than that.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import resource
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import uvicorn
from a2wsgi import WSGIMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hub.channels.webhook.address import PATH
from hub.errors import HubError
from hub.web import hooks as webhooks
from hub.web.stream import LiveClient
from hub.web.upload_places import UploadPlaces

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from hub.web.hooks import Hooks
    from hub.web.live import LiveHub
    from hub.web.upload_places import MayUpload

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Refuse = Callable[..., Awaitable[None]]

PAGE_THREADS = 8
MOST_BODY_BYTES = 2 * 1024 * 1024
MOST_UPLOAD_BYTES = 24 * 1024 * 1024
UPLOAD_SECONDS = 60.0
MOST_HEAD_BYTES = 64 * 1024
REQUEST_SECONDS = 20.0
STOP_SECONDS = 10
FILES_KEPT_FREE = 200
"""Open files that live streams leave to pages, the database and the log."""

_TAKEOVER = "hub.takeover"
_UPLOADING = re.compile(r"/uploads|/conversations/\d+/(?:replies|draft)|/api/v1/media")


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
        self.scope["extensions"] = {_TAKEOVER: self.takeover}  # type: ignore[dict-item]

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


def web_app(
    pages: WSGIApplication,
    live: LiveHub,
    *,
    is_ours: Callable[[dict[bytes, bytes]], bool],
    may_upload: MayUpload,
    hooks: Hooks | None = None,
) -> AsgiApp:
    """Put the pages, the live stream and the webhooks on one port.

    is_ours: tells by its headers whether a page of ours asks. may_upload: tells by its path and headers whether a
    large request comes from somebody who may send pictures; asked in a thread. hooks: None serves no webhooks.
    """
    threads = WSGIMiddleware(pages, workers=PAGE_THREADS)  # type: ignore[arg-type]
    uploads = UploadPlaces(may_upload)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live_as_long_as_the_server(live, receive, send)
        elif scope["path"] == "/live":
            await _open_stream(live, is_ours, scope, send)
        elif hooks is not None and scope["path"].startswith(PATH):
            await _take_delivery(hooks, scope, receive, send)
        else:
            await _with_whole_body(threads, uploads, scope, receive, send)

    return app


def make_server(app: AsgiApp) -> uvicorn.Server:
    """uvicorn as we want it; `should_exit` stops it: streams at once, what has begun within STOP_SECONDS."""
    config = uvicorn.Config(
        app,
        http=HubProtocol,
        loop="asyncio",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # addresses can hold one-time tokens; the pages log their routes
        proxy_headers=False,  # HUB_TRUSTED_PROXIES decides, in the pages
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return uvicorn.Server(config)


def run_server(app: AsgiApp, listening: list[socket.socket]) -> None:
    """Serve until SIGTERM or SIGINT."""
    server = make_server(app)
    for each in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again once it has stopped; our handler makes that a clean exit.
        signal.signal(each, server.handle_exit)
    server.run(sockets=listening)


def streams_this_process_can_hold() -> int:
    """One open file each; raises the soft limit as far as the system lets us."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max(50, hard - FILES_KEPT_FREE) if hard != resource.RLIM_INFINITY else 100_000


async def _live_as_long_as_the_server(live: LiveHub, receive: Receive, send: Send) -> None:
    await receive()
    live.start()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await live.stop()
    await send({"type": "lifespan.shutdown.complete"})


async def _open_stream(live: LiveHub, is_ours: Callable[[dict[bytes, bytes]], bool], scope: Scope, send: Send) -> None:
    headers = dict(scope["headers"])
    if scope["method"] != "GET":
        return await _refuse(send, 405, "method_not_allowed", allow=b"GET")
    if not is_ours(headers):
        return await _refuse(send, 403, "other_origin")
    try:
        actor = await live.admit(scope["headers"])
    except HubError:
        return await _put_off(send, seconds=5)
    if actor is None:
        return await _refuse(send, 401, "signed_out")
    if not live.has_room(actor):
        return await _put_off(send, seconds=30)
    after = headers.get(b"last-event-id") or next(iter(parse_qs(scope["query_string"]).get(b"after", [])), None)
    client = LiveClient(actor, headers.get(b"cookie", b""), gone=live.leave)
    if not scope["extensions"][_TAKEOVER](client):
        return await _put_off(send, seconds=2)
    return live.join(client, None if after is None else after.decode("latin-1"))


async def _take_delivery(hooks: Hooks, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["method"] != "POST":
        return await _refuse(send, 405, "method_not_allowed", allow=b"POST")
    sender = hooks.sender(scope["path"], scope["headers"], scope["client"])
    if wait := hooks.wait(sender):
        return await _refuse(send, 429, "too_many", retry_after=b"%d" % math.ceil(wait))
    body = await _read_body(receive, send, webhooks.MOST_BYTES)
    if body is None:
        return None
    answer = await hooks.take(sender, body)
    headers = [
        (b"content-type", answer.content_type.encode("latin-1", "replace")),
        (b"content-length", str(len(answer.body)).encode()),
        # What a sender wants to read back is its own words: they must not become a page of ours.
        (b"content-security-policy", b"sandbox; default-src 'none'"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *((name.lower().encode(), value.encode()) for name, value in answer.headers.items()),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    return await send({"type": "http.response.body", "body": answer.body})


async def _with_whole_body(app: Any, uploads: UploadPlaces, scope: Scope, receive: Receive, send: Send) -> None:
    """Collect the body before the app takes a thread: slow senders would soon hold them all."""
    length = _announced_length(scope)
    refuse = _refuse_as_problem if scope["path"].startswith("/api/") else _refuse
    if _UPLOADING.fullmatch(scope["path"]) is None or length <= MOST_BODY_BYTES:
        body = await _read_body(receive, send, MOST_BODY_BYTES, refuse=refuse)
    elif length > MOST_UPLOAD_BYTES or not await uploads.admits(scope["path"], scope["headers"]):
        # None of it is kept; the page sees by the length that it is too much, or by the head who did not send it.
        body = b""
    elif uploads.are_taken:
        return await refuse(send, 503, "busy", retry_after=b"5")
    else:
        async with uploads.one:
            body = await _read_body(receive, send, MOST_UPLOAD_BYTES, seconds=UPLOAD_SECONDS, refuse=refuse)
    if body is None:
        return None

    async def whole() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return await app(scope, whole, send)  # type: ignore[no-any-return]


def _announced_length(scope: Scope) -> int:
    told = dict(scope["headers"]).get(b"content-length", b"")
    return int(told) if told.isdigit() and len(told) < 19 else 0


async def _read_body(
    receive: Receive, send: Send, most: int, *, seconds: float = REQUEST_SECONDS, refuse: Refuse | None = None
) -> bytes | None:
    """The whole body; None when it did not come or was refused, which is answered already."""
    body, more = bytearray(), True
    refuse = refuse or _refuse
    try:
        async with asyncio.timeout(seconds):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > most:
                    await refuse(send, 413, "too_large")
                    return None
    except TimeoutError:
        await refuse(send, 408, "too_slow")
        return None
    return bytes(body)


async def _put_off(send: Send, *, seconds: int) -> None:
    """Have the page ask again later. Not a 503: an EventSource that is answered so never asks again."""
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"retry: %d\n\n" % (seconds * 1000)})


async def _refuse(send: Send, status: int, code: str, **headers: bytes) -> None:
    await _answer(send, status, b"application/json", b'{"error":"%s"}' % code.encode(), headers)


async def _refuse_as_problem(send: Send, status: int, code: str, **headers: bytes) -> None:
    """The same for programs, in the one shape of their errors (RFC 9457); they have not said their language yet."""
    title, advice = _SAID_TO_PROGRAMS[code]
    problem = {
        "type": f"urn:problem-type:hubbub:{code}",
        "title": title,
        "status": status,
        "detail": f"{title}. {advice}",
        "code": code,
        "request_id": "",
    }
    await _answer(send, status, b"application/problem+json", json.dumps(problem).encode(), headers)


_SAID_TO_PROGRAMS = {
    "too_large": ("That was too much at once", "Send less, or in several parts."),
    "too_slow": ("The request came too slowly", "Send it again."),
    "busy": ("Too many pictures come in at once", "Send it again in a moment."),
}


async def _answer(send: Send, status: int, kind: bytes, body: bytes, headers: Mapping[str, bytes]) -> None:
    own = [(name.replace("_", "-").encode(), value) for name, value in headers.items()]
    fixed = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        # No "connection: close": who is still sending would lose the answer. HubProtocol ends what goes on for long.
    ]
    await send({"type": "http.response.start", "status": status, "headers": fixed + own})
    await send({"type": "http.response.body", "body": body})
