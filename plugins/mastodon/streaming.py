"""Mastodon's stream as a wake-up call: something happened, look at the lists. Nothing else of it is used.

Server-sent events (WHATWG HTML, 9.2): lines of `event:` and `data:`, a comment `:thump` now and then, no replay. Each
connection therefore begins with a call: what came meanwhile stands in the lists.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hub.connector import Memory
from hub.errors import AddressRefused, Misconfigured, NotFound, Unavailable
from hub.kernel.http import FetchLimits

from .server import Server

if TYPE_CHECKING:
    from hub.kernel.http import Door, StreamedResponse

PATHS = ("/api/v1/streaming/user/notification", "/api/v1/streaming/user")
"""The second one tells of the home timeline as well, for servers that have no other."""

WAKING = frozenset({"notification", "notifications_merged", "conversation", "delete", "status.update"})
MERGED = "notifications_merged"
PASSED_OVER = frozenset({"favourite", "reblog", "follow", "follow_request", "admin.sign_up", "admin.report"})
STREAM = FetchLimits(seconds=12 * 3600.0, bytes=2**31, redirects=0, silence=90.0)
"""Mastodon thumps every fifteen seconds. After half a day a stream is begun anew."""

_NOT_OFFERED = frozenset({400, 401, 403, 404, 405, 406, 410, 501})
_LONGEST_LINE = 64 * 1024


def listen(
    server: Server, door: Door, instance: Any, memory: Memory, wake: Callable[[], None], stop: threading.Event
) -> None:
    """Call `wake` when something happens, until `stop`. Raises NotFound where the server has no such stream."""
    home = streaming_address(instance, server.home)
    # The operator's exceptions count for the server that was entered, not for one that it names.
    excepted = urlsplit(home).hostname == urlsplit(server.home).hostname
    try:
        for path in PATHS:
            url, headers = f"{home}{path}", _headers(server)
            with door.stream("GET", url, headers=headers, limits=STREAM, stop=stop, excepted=excepted) as answer:
                if _is_stream(answer):
                    _follow(answer, memory, wake)
                    return
    except Unavailable:
        if stop.is_set():
            return
        raise
    except (AddressRefused, Misconfigured) as error:
        raise NotFound("no_stream", detail=error.reason) from error
    raise NotFound("no_stream")


def streaming_address(instance: Any, home: str) -> str:
    """Where the stream is, as the server says it: never on a connection less safe than to the server itself."""
    told = _told(instance)
    parts = urlsplit(told)
    scheme = {"wss": "https", "https": "https", "ws": "http", "http": "http"}.get(parts.scheme, "")
    if not scheme or not parts.netloc or (scheme == "http" and home.startswith("https:")):
        return home
    return f"{scheme}://{parts.netloc}"


def events(pieces: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Name and data of each event in a stream, however it is cut into pieces; data that is too long is cut off."""
    rest, name, data = b"", "", b""
    for piece in pieces:
        *lines, rest = (rest + piece).replace(b"\r\n", b"\n").split(b"\n")
        rest = rest[:_LONGEST_LINE]
        for line in lines:
            if line.startswith(b"event:"):
                name = line[6:].strip().decode("utf-8", "replace")
            elif line.startswith(b"data:"):
                data = line[5:].strip()
            elif not line:
                if name:
                    yield name, data
                name, data = "", b""


def _follow(answer: StreamedResponse, memory: Memory, wake: Callable[[], None]) -> None:
    wake()
    for name, data in events(answer):
        if name == MERGED:
            memory.write(str(_count(memory.read()) + 1))
        if name in WAKING and not (name == "notification" and _needs_no_answer(data)):
            wake()


def _needs_no_answer(data: bytes) -> bool:
    """Whether it tells of a like, a boost or a new follower: of a post that is widely read there are hundreds."""
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        return False
    kind = told.get("type") if isinstance(told, dict) else None
    return isinstance(kind, str) and kind in PASSED_OVER


def _count(kept: str) -> int:
    return int(kept) if kept.isascii() and kept.isdecimal() else 0


def _is_stream(answer: StreamedResponse) -> bool:
    """Whether it streams; False where it is another kind of answer. Raises Unavailable for one that may change."""
    if answer.status == 200:
        return answer.headers.get("Content-Type", "").lower().startswith("text/event-stream")
    if answer.status in _NOT_OFFERED:
        return False
    raise Unavailable("server_error")


def _headers(server: Server) -> dict[str, str]:
    return {**server.headers, "Accept": "text/event-stream"}


def _told(instance: Any) -> str:
    """As Mastodon 4 says it, or as older ones do."""
    try:
        return str(instance["configuration"]["urls"]["streaming"])
    except (KeyError, TypeError):
        pass
    try:
        return str(instance["urls"]["streaming_api"])
    except (KeyError, TypeError):
        return ""
