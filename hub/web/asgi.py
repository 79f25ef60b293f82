"""Requests as ASGI brings them: the whole body of one, and the answers that are given before a page gets it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from hub.web.protocol import REQUEST_SECONDS

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Refuse = Callable[..., Awaitable[None]]

_SAID_TO_PROGRAMS = {
    "too_large": ("That was too much at once", "Send less, or in several parts."),
    "too_slow": ("The request came too slowly", "Send it again."),
    "crowded": ("Too many requests come in at once", "Send it again in a moment, whole."),
    "busy": ("Too many pictures come in at once", "Send it again in a moment."),
}


def announced_length(scope: Scope) -> int:
    """The bytes a request says it brings; 0 where it does not say."""
    told = dict(scope["headers"]).get(b"content-length", b"")
    return int(told) if told.isdigit() and len(told) < 19 else 0


async def put_off(send: Send, *, seconds: int) -> None:
    """Have the page ask again later. Not a 503: an EventSource that is answered so never asks again."""
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"retry: %d\n\n" % (seconds * 1000)})


async def refuse(send: Send, status: int, code: str, **headers: bytes) -> None:
    """Answer with a status and a word for our own scripts; `headers` by their names with underscores."""
    await _answer(send, status, b"application/json", b'{"error":"%s"}' % code.encode(), headers)


async def refuse_as_problem(send: Send, status: int, code: str, **headers: bytes) -> None:
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


class Arriving:
    """A request whose first part is waited for already, to see whether all of it came with its head."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._first = asyncio.ensure_future(receive())
        self._is_first = True

    async def is_whole(self) -> bool:
        """Whether there is nothing to wait for."""
        await asyncio.sleep(0)
        return self._first.done() and not self._first.result().get("more_body", False)

    def give_up(self) -> None:
        self._first.cancel()

    async def __call__(self) -> Message:
        if self._is_first:
            self._is_first = False
            return await self._first
        return await self._receive()


def brings_a_body(scope: Scope) -> bool:
    """Whether a request has said that something follows its head."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


async def read_body(
    receive: Receive, send: Send, most: int, *, seconds: float = REQUEST_SECONDS, refused: Refuse = refuse
) -> bytes | None:
    """The whole body; None when it did not come or was refused, which is answered already.

    most: bytes. seconds: how long all of it may take. refused: answers in the sender's way.
    """
    body, more = bytearray(), True
    try:
        async with asyncio.timeout(seconds):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > most:
                    await refused(send, 413, "too_large")
                    return None
    except TimeoutError:
        await refused(send, 408, "too_slow")
        return None
    return bytes(body)
