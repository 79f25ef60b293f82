"""The door in the shapes that SDKs ask for: a session of requests and a transport of httpx.

Whatever the SDK asks about proxies, certificates, timeouts or following redirects is not heard: the door's own rules
hold. Failures come out as the door's own errors; where an SDK wraps them, `door_errors` (sdk_errors) opens it again.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from hub.kernel.http.door import Door
    from hub.kernel.http.limits import FetchLimits
    from hub.kernel.http.response import StreamedResponse

# The body is handed on decompressed and without its frame; these would tell the SDK otherwise.
_FRAME = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive"})


class DoorSession(requests.Session):
    """A session whose every request, to any scheme and host, goes through the door. It keeps no cookies."""

    def __init__(self, door: Door, limits: FetchLimits) -> None:
        super().__init__()
        self.trust_env = False
        self._door_adapter = DoorAdapter(door, limits)

    def get_adapter(self, url: str | bytes) -> BaseAdapter:
        return self._door_adapter


class DoorAdapter(BaseAdapter):
    """Carries one prepared request of requests through the door."""

    def __init__(self, door: Door, limits: FetchLimits) -> None:
        super().__init__()
        self._door = door
        self._limits = limits

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Raises AddressRefused, Misconfigured, Unavailable, Ambiguous."""
        answer = self._door.open_answer(
            request.method or "GET",
            request.url or "",
            headers={str(name): _as_text(value) for name, value in request.headers.items()},
            body=_body_of(request),
            limits=self._limits,
        )
        return _as_requests(request, answer, stream=stream)

    def close(self) -> None:
        """Nothing of its own to close."""


class DoorTransport(httpx.BaseTransport):
    """Carries one request of httpx through the door."""

    def __init__(self, door: Door, limits: FetchLimits, *, excepted: bool = True) -> None:
        self._door = door
        self._limits = limits
        self._excepted = excepted

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises AddressRefused, Misconfigured, Unavailable, Ambiguous."""
        answer = self._door.open_answer(
            request.method,
            str(request.url),
            headers=dict(request.headers),
            body=request.read() or None,
            limits=self._limits,
            excepted=self._excepted,
        )
        return httpx.Response(answer.status, headers=_headers(answer), stream=_HttpxBody(answer), request=request)


class _HttpxBody(httpx.SyncByteStream):
    def __init__(self, answer: StreamedResponse) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        self._answer.close()


class _RequestsBody(io.RawIOBase):
    """What requests reads a streamed body from."""

    def __init__(self, answer: StreamedResponse) -> None:
        self._answer = answer

    def stream(self, size: int, decode_content: bool = True) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        self._answer.close()
        super().close()

    def release_conn(self) -> None:
        self.close()


def _as_requests(request: requests.PreparedRequest, answer: StreamedResponse, *, stream: bool) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers = CaseInsensitiveDict(_merged(_headers(answer)))
    response.encoding = requests.utils.get_encoding_from_headers(response.headers)
    response.url = answer.url
    response.request = request
    response.reason = HTTPStatus(answer.status).phrase if answer.status in set(HTTPStatus) else ""
    if stream:
        answer.end_turn()
        response.raw = _RequestsBody(answer)
    else:
        try:
            response.raw = io.BytesIO(answer.read())
        finally:
            answer.close()
    return response


def _headers(answer: StreamedResponse) -> list[tuple[str, str]]:
    """The answer's headers without its frame, and without the way on: an SDK follows nothing by itself."""
    hidden = _FRAME | {"location"} if 300 <= answer.status < 400 else _FRAME
    return [(name, value) for name, value in answer.headers.iteritems() if name.lower() not in hidden]


def _merged(headers: list[tuple[str, str]]) -> dict[str, str]:
    merged: dict[str, str] = {}
    for name, value in headers:
        merged[name] = f"{merged[name]}, {value}" if name in merged else value
    return merged


def _body_of(request: requests.PreparedRequest) -> bytes | None:
    body: Any = request.body
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    return bytes(body.read()) if hasattr(body, "read") else b"".join(body)


def _as_text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
