"""One server through the door: its address, and calls to its API with our token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hub.errors import ConnectorError, Unavailable
from hub.kernel.clock import Clock
from hub.kernel.http import FetchLimits, server_of

from .refusals import instruction, pause, read_refusal

if TYPE_CHECKING:
    from datetime import datetime

    from hub.kernel.http import Door, Response

READ = FetchLimits(seconds=9.0, redirects=2)
"""A reply takes at most two reads and a write, which have to end before the engine's patience does."""

WRITE = FetchLimits(seconds=12.0, redirects=0)
_HANDLE = re.compile(r"@?[\w.-]+@([^@/\s]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One answer that is a list. pause: seconds the server should be left alone after it."""

    items: tuple[Any, ...]
    pause: float | None = None


class Server:
    """Reads and writes as one account. Raises the errors of hub.errors."""

    def __init__(self, door: Door, clock: Clock, *, address: str, token: str) -> None:
        self.home = home_of(address)
        self.clock = clock
        self._door = door
        self.headers = {"Authorization": f"Bearer {token.strip()}", "Accept": "application/json"}

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """Read one thing as JSON. A page of HTML with status 200 is Unavailable("not_json")."""
        return self.answer(self.ask("GET", path, params=params)).json()

    def list(self, path: str, params: Mapping[str, Any] | None = None) -> Listing:
        """Read one page of a list."""
        answer = self.answer(self.ask("GET", path, params=params))
        items = answer.json()
        if not isinstance(items, list):
            raise Unavailable("unexpected_answer")
        return Listing(items=tuple(items), pause=pause(answer.headers, self.clock()))

    def post(self, path: str, content: Mapping[str, Any], *, key: str) -> Response:
        """Write once. Raises Ambiguous where it may have been done."""
        headers = {"Idempotency-Key": key}
        return self.answer(
            self.ask("POST", path, json=content, params={"lang": "en"}, headers=headers, limits=WRITE), writing=True
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        limits: FetchLimits = READ,
        **parts: Any,
    ) -> Response:
        """One signed-in request, whatever its answer."""
        return self._door.request(
            method, self.home + path, headers={**self.headers, **(headers or {})}, limits=limits, **parts
        )

    def ask_as_a_stranger(
        self,
        path: str,
        method: str = "GET",
        *,
        headers: Mapping[str, str] | None = None,
        limits: FetchLimits = READ,
        **parts: Any,
    ) -> Response:
        """One request without our token."""
        told = {"Accept": "application/json", **(headers or {})}
        return self._door.request(method, self.home + path, headers=told, limits=limits, **parts)

    def answer(self, response: Response, *, writing: bool = False) -> Response:
        """The answer, when it is a good one. Raises what a refusal means."""
        if 200 <= response.status < 300:
            return response
        raise self.refusal(response, writing=writing)

    def refusal(self, response: Response, *, writing: bool = False) -> ConnectorError:
        return instruction(read_refusal(response), writing=writing, now=self.clock())

    def now(self) -> datetime:
        return self.clock()


def path_of(kind: str, id: str, what: str = "") -> str:
    """The path of one thing: `statuses`, its id, and `context` or an action."""
    return f"/api/v1/{kind}/{quote(id, safe='')}" + (f"/{what}" if what else "")


def home_of(address: str) -> str:
    """The server's address without a final slash, from whatever people copy: a profile, a page, or a full handle."""
    handle = _HANDLE.fullmatch(address.strip())
    return server_of(handle[1] if handle else address)
