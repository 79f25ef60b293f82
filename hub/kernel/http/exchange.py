"""One request and its answer over one connection, and what a failure means at each moment of it."""

from __future__ import annotations

import ssl
from http.client import HTTPException

from urllib3 import HTTPHeaderDict, HTTPResponse
from urllib3.exceptions import DecodeError, HTTPError, ReadTimeoutError
from urllib3.util.ssl_match_hostname import CertificateError

from hub.errors import Unavailable
from hub.kernel.http.call import Call
from hub.kernel.http.connection import Connection, Connections
from hub.kernel.http.limits import DeadlinePassed, Guard, TooMuch

PIECE = 64 * 1024
_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
_BROKEN = (OSError, HTTPException, HTTPError, TooMuch)


def exchange(connections: Connections, call: Call, ips: tuple[str, ...], guard: Guard, limit: int) -> Body:
    """Send the request to one of the checked addresses and read the answer's headers.

    Raises Unavailable or Ambiguous. A write never goes over a kept connection: one that died meanwhile would make it
    ambiguous for nothing.
    """
    kept = connections.idle(call.target, ips) if call.safe else None
    answer = _try_again(kept, call, guard) if kept is not None else None
    connection = kept
    if answer is None or connection is None:
        connection = _connect(connections, call, ips, guard)
        try:
            answer = _ask(connection, call, guard)
        except _BROKEN as error:
            connection.close()
            raise call.failed(_reason(error), sent=guard.sent) from error
    body = Body(connections, connection, call, answer, limit)
    body.refuse_early()
    return body


class Body:
    """The answer's status, headers and body; the body in pieces, decompressed, at most `limit` bytes of it."""

    def __init__(
        self, connections: Connections, connection: Connection, call: Call, answer: HTTPResponse, limit: int
    ) -> None:
        self.status = answer.status
        self.headers: HTTPHeaderDict = answer.headers
        self._connections = connections
        self._connection: Connection | None = connection
        self._call = call
        self._answer = answer
        self._room = limit
        self._whole = False

    def piece(self) -> bytes:
        """The next piece as soon as there is one, b"" at the end. Raises Unavailable or Ambiguous."""
        if self._connection is None:
            return b""
        try:
            piece = self._answer.read1(PIECE, decode_content=True)
        except _BROKEN as error:
            self.close()
            raise self._call.failed(_reason(error), sent=True) from error
        self._room -= len(piece)
        if self._room < 0:
            self._refuse("too_large")
        self._whole = not piece
        return piece

    def refuse_early(self) -> None:
        """Refuse by the headers alone what could not be read anyway."""
        encoding = self.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in _ENCODINGS:
            self._refuse("encoding")
        if self._call.method != "HEAD" and (self._answer.length_remaining or 0) > self._room:
            self._refuse("too_large")

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        self._answer.close()
        if self._whole and not connection.is_closed:
            self._connections.keep(self._call.target, connection)
        else:
            connection.close()

    def _refuse(self, reason: str) -> None:
        self.close()
        raise self._call.failed(reason, sent=True)


def _try_again(connection: Connection, call: Call, guard: Guard) -> HTTPResponse | None:
    """Ask over a kept connection; None when it was dead, so that a new one is worth a try."""
    connection.watch(guard)
    try:
        return _ask(connection, call, guard)
    except (TimeoutError, TooMuch) as error:
        connection.close()
        raise call.failed(_reason(error), sent=True) from error
    except _BROKEN:
        connection.close()
        return None


def _connect(connections: Connections, call: Call, ips: tuple[str, ...], guard: Guard) -> Connection:
    cause: Exception | None = None
    for tried, ip in enumerate(ips):
        connection = connections.new(call.target, ip)
        try:
            # Each address gets its share, so that one that swallows packets leaves time for the next.
            connection.open(guard, guard.remaining() / (len(ips) - tried))
        except DeadlinePassed:
            connection.close()
            raise
        except (ssl.SSLError, CertificateError) as error:
            connection.close()
            raise Unavailable("tls", detail=getattr(error, "verify_message", "")) from error
        except (OSError, HTTPError) as error:
            connection.close()
            cause = error
        else:
            return connection
    raise Unavailable("unreachable") from cause


def _ask(connection: Connection, call: Call, guard: Guard) -> HTTPResponse:
    try:
        connection.request(call.method, call.target.path, body=call.body, headers=call.headers, preload_content=False)
    except (BrokenPipeError, ConnectionResetError):
        # A server may answer and hang up before it has read everything: its answer still counts.
        if not guard.sent:
            raise
    answer = connection.getresponse()
    guard.headers_complete()
    return answer


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError | ReadTimeoutError):
        return "too_slow"
    if isinstance(error, TooMuch):
        return "too_large"
    return "encoding" if isinstance(error, DecodeError) else "interrupted"
