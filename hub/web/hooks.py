"""What other systems post to /hooks/…, answered beside the pages: a good answer means that it is on the disk."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from hub.channels.webhook.address import PATH
from hub.errors import Absent, Gone, HubError, Rejected
from hub.web.hook_limits import FailureLimits
from hub.web.peers import peer_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.channels.webhook.intake import Taken

MOST_BYTES = 1024 * 1024
_THREADS = 8
_MOST_WAITING = 64
_AGAIN_SECONDS = 5
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; ?charset=[\w-]+)?", re.ASCII)

logger = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the sender reads. Every status beyond 2xx makes it try again later, except 410, which ends it for good."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Where a post goes and where it comes from, known before any of its body. hook: what stands behind /hooks/."""

    hook: str
    peer: str
    headers: Sequence[tuple[bytes, bytes]] = ()


class Hooks:
    """Takes deliveries in, a few at a time. `take_in` is given the address, the headers and the body."""

    def __init__(
        self,
        take_in: Callable[[str, Mapping[str, str], bytes], Taken],
        *,
        trusted_proxies: int = 0,
        limits: FailureLimits | None = None,
    ) -> None:
        self._take_in = take_in
        self._hops = trusted_proxies
        self._limits = FailureLimits() if limits is None else limits
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="hook")
        self._waiting = 0

    def sender(
        self, path: str, headers: Sequence[tuple[bytes, bytes]], client: tuple[str, int] | None = None
    ) -> Sender:
        """Who posts where. `client` is the other end of the connection, which may be a proxy."""
        return Sender(hook=path.removeprefix(PATH), peer=peer_of(client, headers, self._hops), headers=headers)

    def wait(self, sender: Sender) -> float:
        """Seconds until this sender may post, 0 for at once; who failed too often waits, and none of it is read."""
        return self._limits.wait(sender.hook, sender.peer)

    def name(self, sender: Sender) -> str:
        """What to call a sender of ours, by whom something good came within the last hour; empty for others."""
        return f"sender:{sender.hook}:{sender.peer}" if self._limits.is_good(sender.hook, sender.peer) else ""

    async def take(self, sender: Sender, body: bytes) -> Answer:
        """Answer one POST. Too many at once are put off: their senders would not wait that long anyway."""
        if self._waiting >= _MOST_WAITING:
            return _put_off("busy")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._pool, self._answer, sender.hook, sender.headers, body)
        finally:
            self._waiting -= 1
        self._limits.note(sender.hook, sender.peer, answer.status)
        return answer

    def _answer(self, hook: str, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Answer:
        try:
            taken = self._take_in(hook, _by_name(headers), body)
        except Absent:
            return _told(404, "no_such_address")
        except Gone:
            return _told(410, "channel_removed")
        except Rejected as error:
            logger.info("delivery refused", reason=error.reason)
            return _told(401, error.reason)
        except HubError as error:
            logger.warning("delivery put off", reason=error.code)
            return _put_off("not_now")
        except Exception:
            logger.exception("delivery failed")
            return _put_off("not_now")
        return _thanks(taken)


def _by_name(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names in lower case; what came twice is joined, as RFC 9110 5.2 has it."""
    found: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _thanks(taken: Taken) -> Answer:
    status = 202 if taken.is_new else 200
    if taken.answer:
        kind = taken.answer_type if _MEDIA_TYPE.fullmatch(taken.answer_type) else "text/plain"
        return Answer(status=200, body=taken.answer.encode(), content_type=kind)
    return Answer(status=status, body=json.dumps({"status": "kept" if taken.is_new else "known"}).encode())


def _told(status: int, error: str) -> Answer:
    return Answer(status=status, body=json.dumps({"error": error}).encode())


def _put_off(error: str) -> Answer:
    body = json.dumps({"error": error}).encode()
    return Answer(status=503, body=body, headers={"Retry-After": str(_AGAIN_SECONDS)})
