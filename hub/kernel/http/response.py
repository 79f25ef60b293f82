"""What came back: a whole answer, or one that is read while it comes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from urllib3 import HTTPHeaderDict

from hub.errors import Ambiguous, Unavailable
from hub.kernel.http.call import SAFE_METHODS, Call
from hub.kernel.http.exchange import Body
from hub.kernel.http.limits import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A whole answer, whatever its status.

    headers: looked up without regard to case.
    body: decompressed. url: where it came from in the end.
    history: the URLs of permanent redirects followed from the start; its last one is the address to remember.
    method: what was asked.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    url: str = ""
    history: tuple[str, ...] = ()
    method: str = "GET"

    def __post_init__(self) -> None:
        if not isinstance(self.headers, HTTPHeaderDict):
            object.__setattr__(self, "headers", HTTPHeaderDict(self.headers))

    @property
    def text(self) -> str:
        """The body in the charset it declares, else UTF-8; what cannot be read becomes U+FFFD."""
        try:
            return self.body.decode(_charset(self.headers), "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Read the body as JSON.

        Raises Unavailable("not_json") for anything else, such as a maintenance page; but Ambiguous where such a page
        answers a write as if all were well, or with the server's own failure: the write may have been done.
        """
        try:
            return json.loads(self.body, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            done = self.method not in SAFE_METHODS and not 400 <= self.status < 500
            raise (Ambiguous if done else Unavailable)("not_json") from error

    def members(self) -> Mapping[str, Any]:
        """The JSON object of an error answer; empty where it is none, as a proxy's page in front of a server."""
        try:
            told = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return told if isinstance(told, dict) else {}


class StreamedResponse:
    """An answer whose body is still coming. Iterate it, or `read` all of it; decompressed and capped either way."""

    def __init__(self, *, call: Call, body: Body, turn: Turn, history: tuple[str, ...]) -> None:
        self.status = body.status
        self.headers = body.headers
        self.url = call.target.url
        self.method = call.method
        self.history = history
        self._body = body
        self._turn = turn

    def __iter__(self) -> Iterator[bytes]:
        """Give the body piece by piece as it comes. Raises Unavailable or Ambiguous when it breaks off."""
        while piece := self._body.piece():
            yield piece
        self.close()

    def read(self) -> bytes:
        """Read to the end. Raises Unavailable or Ambiguous when the body breaks off."""
        return b"".join(self)

    def end_turn(self) -> None:
        """Let others ask this host while this answer goes on coming."""
        self._turn.end()

    def close(self) -> None:
        """Keep the connection for later when the body was read, else cut it."""
        self._body.close()
        self._turn.end()


def _charset(headers: Mapping[str, str]) -> str:
    message = Message()
    message["Content-Type"] = headers.get("Content-Type", "")
    return message.get_content_charset("utf-8")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
