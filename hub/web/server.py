"""One process that serves everything on one port: the pages by a few threads, the live streams by the event loop.

uvicorn speaks HTTP. Pages are WSGI and run in a small pool of threads; nobody gets one before the whole request has
arrived. A live stream takes its socket over from uvicorn, so that an open page costs no more than that.
"""

from __future__ import annotations

import math
import re
import resource
import signal
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import uvicorn
from a2wsgi import WSGIMiddleware

from hub.channels.webhook.address import PATH
from hub.errors import HubError
from hub.web import hooks as webhooks
from hub.web.asgi import (
    Arriving,
    AsgiApp,
    Message,
    Receive,
    Refuse,
    Scope,
    Send,
    announced_length,
    brings_a_body,
    put_off,
    read_body,
    refuse,
    refuse_as_problem,
)
from hub.web.body_places import BodyPlaces
from hub.web.protocol import TAKEOVER, HubProtocol
from hub.web.stream import LiveClient
from hub.web.upload_places import UploadPlaces

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from hub.web.hooks import Hooks
    from hub.web.live import LiveHub
    from hub.web.upload_places import Uploader

PAGE_THREADS = 8
MOST_BODY_BYTES = 2 * 1024 * 1024
MOST_UPLOAD_BYTES = 24 * 1024 * 1024
UPLOAD_SECONDS = 60.0
STOP_SECONDS = 10
FILES_KEPT_FREE = 200
"""Open files that live streams leave to pages, the database and the log."""

_UPLOADING = re.compile(r"/uploads|/conversations/\d+/(?:replies|draft)|/api/v1/media")


def web_app(
    pages: WSGIApplication,
    live: LiveHub,
    *,
    is_ours: Callable[[dict[bytes, bytes]], bool],
    uploader: Uploader,
    hooks: Hooks | None = None,
    places: BodyPlaces | None = None,
) -> AsgiApp:
    """Put the pages, the live stream and the webhooks on one port.

    is_ours: tells by its headers whether a page of ours asks. uploader: tells by its path and headers which agent who
    may send pictures a large request comes from; asked in a thread. hooks: None serves no webhooks. places: for bodies
    that are waited for; None lets those in whom `uploader` knows when strangers have taken theirs.
    """
    threads = WSGIMiddleware(pages, workers=PAGE_THREADS)  # type: ignore[arg-type]
    uploads = UploadPlaces(uploader)
    waited_for = BodyPlaces(uploader) if places is None else places

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live_as_long_as_the_server(live, receive, send)
        elif scope["path"] == "/live":
            await _open_stream(live, is_ours, scope, send)
        elif hooks is not None and scope["path"].startswith(PATH):
            await _take_delivery(hooks, waited_for, scope, receive, send)
        else:
            await _with_whole_body(threads, uploads, waited_for, scope, receive, send)

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
        return await refuse(send, 405, "method_not_allowed", allow=b"GET")
    if not is_ours(headers):
        return await refuse(send, 403, "other_origin")
    try:
        actor = await live.admit(scope["headers"])
    except HubError:
        return await put_off(send, seconds=5)
    if actor is None:
        return await refuse(send, 401, "signed_out")
    if not live.has_room(actor):
        return await put_off(send, seconds=30)
    after = headers.get(b"last-event-id") or next(iter(parse_qs(scope["query_string"]).get(b"after", [])), None)
    client = LiveClient(actor, headers.get(b"cookie", b""), gone=live.leave)
    if not scope["extensions"][TAKEOVER](client):
        return await put_off(send, seconds=2)
    return live.join(client, None if after is None else after.decode("latin-1"))


async def _take_delivery(hooks: Hooks, places: BodyPlaces, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["method"] != "POST":
        return await refuse(send, 405, "method_not_allowed", allow=b"POST")
    sender = hooks.sender(scope["path"], scope["headers"], scope["client"])
    if wait := hooks.wait(sender):
        return await refuse(send, 429, "too_many", retry_after=b"%d" % math.ceil(wait))
    body = await _read_in_place(places, scope, receive, send, webhooks.MOST_BYTES, known=hooks.name(sender))
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


async def _read_in_place(
    places: BodyPlaces,
    scope: Scope,
    receive: Receive,
    send: Send,
    most: int,
    *,
    refused: Refuse = refuse,
    known: str = "",
) -> bytes | None:
    """The whole body, as `read_body` has it; one that has to be waited for only while there is a place for it."""
    if not brings_a_body(scope):
        return await read_body(receive, send, most, refused=refused)
    arriving = Arriving(receive)
    if await arriving.is_whole():
        return await read_body(arriving, send, most, refused=refused)
    holders = await places.holders(scope["path"], scope["headers"], scope["client"], known=known)
    if not holders:
        arriving.give_up()
        await refused(send, 503, "crowded", retry_after=b"5")
        return None
    with places.one(holders):
        return await read_body(arriving, send, most, refused=refused)


async def _with_whole_body(
    app: Any, uploads: UploadPlaces, places: BodyPlaces, scope: Scope, receive: Receive, send: Send
) -> None:
    """Collect the body before the app takes a thread: slow senders would soon hold them all."""
    length = announced_length(scope)
    refused = refuse_as_problem if scope["path"].startswith("/api/") else refuse
    if _UPLOADING.fullmatch(scope["path"]) is None or length <= MOST_BODY_BYTES:
        body = await _read_in_place(places, scope, receive, send, MOST_BODY_BYTES, refused=refused)
    elif length > MOST_UPLOAD_BYTES or (sender := await uploads.sender(scope["path"], scope["headers"])) is None:
        # None of it is kept; the page sees by the length that it is too much, or by the head who did not send it.
        body = b""
    elif uploads.are_taken(sender):
        return await refused(send, 503, "busy", retry_after=b"5")
    else:
        async with uploads.one(sender):
            body = await read_body(receive, send, MOST_UPLOAD_BYTES, seconds=UPLOAD_SECONDS, refused=refused)
    if body is None:
        return None

    async def whole() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return await app(scope, whole, send)  # type: ignore[no-any-return]
