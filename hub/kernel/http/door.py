"""The one door to the network: every request of Hubbub, its connectors and their SDKs goes through it.

A name is resolved once per hop, every answer must be public, and the connection goes to that very address. Redirects
are followed by hand under the same rules; proxies and the environment are never asked.

Failures are the instructions of hub.errors: Unavailable when surely nothing was done, Ambiguous when something may
have been, AddressRefused when the address is not one of the open internet. Reasons: dns, unreachable, tls,
interrupted, too_slow, too_large, redirects, insecure_redirect, encoding, not_json; and for a refused address: scheme,
userinfo, characters, host, zone, port, not_public, not_a_url, url_too_long, header.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hub.errors import AddressRefused, Unavailable
from hub.kernel.http.address import WEB_PORTS, Target, is_local_name, is_public, parse_exception, parse_url
from hub.kernel.http.call import PERMANENT, REDIRECTS, Call, Params, follow, make_call
from hub.kernel.http.connection import Connections, Dial, dial
from hub.kernel.http.exchange import Body, exchange
from hub.kernel.http.limits import DeadlinePassed, FetchLimits, Guard, Monotonic, Turns
from hub.kernel.http.lookup import Resolve, addresses
from hub.kernel.http.response import Response, StreamedResponse

if TYPE_CHECKING:
    import httpx
    import requests

USER_AGENT = "Hubbub/0.1"
LIMITS = FetchLimits()


class Door:
    """Fetches from the open internet and from the operator's exceptions, and from nowhere else. Thread-safe.

    allow: exact "host:port" pairs that may be reached wherever they point, even inside (HUB_ALLOW_HOSTS). A page of
    another host cannot send us to one of them by a redirect.
    ports: open to every host. resolve, open_socket, monotonic, tls: the outer world, exchanged by tests.
    Each process makes a door of its own: kept connections must not cross a fork.
    """

    def __init__(
        self,
        *,
        allow: Collection[str] = (),
        user_agent: str = USER_AGENT,
        monotonic: Monotonic = time.monotonic,
        resolve: Resolve = socket.getaddrinfo,
        open_socket: Dial = dial,
        ports: Collection[int] = WEB_PORTS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._exceptions = frozenset(parse_exception(pair) for pair in allow)
        self._user_agent = user_agent
        self._monotonic = monotonic
        self._resolve = resolve
        self._ports = frozenset(ports)
        self._turns = Turns()
        self._connections = Connections(monotonic, open_socket, tls)

    def check_url(self, url: str) -> None:
        """Judge a URL by its looks, for forms; nothing is looked up. Raises AddressRefused or Misconfigured."""
        self._check(parse_url(url), excepted=True)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Params | None = None,
        json: Any = None,
        body: bytes | None = None,
        auth: tuple[str, str] | None = None,
        limits: FetchLimits = LIMITS,
        excepted: bool = True,
    ) -> Response:
        """Ask and wait for the whole answer; every HTTP status is an answer. `auth` is name and password.

        excepted: the operator's exceptions count; False for an address that a message brought.
        Raises AddressRefused, Misconfigured, Unavailable, Ambiguous.
        """
        answer = self.open_answer(
            method,
            url,
            headers=headers,
            params=params,
            json=json,
            body=body,
            auth=auth,
            limits=limits,
            excepted=excepted,
        )
        try:
            content = answer.read()
        finally:
            answer.close()
        return Response(
            status=answer.status,
            headers=answer.headers,
            body=content,
            url=answer.url,
            history=answer.history,
            method=answer.method,
        )

    @contextmanager
    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Params | None = None,
        json: Any = None,
        body: bytes | None = None,
        auth: tuple[str, str] | None = None,
        limits: FetchLimits = LIMITS,
        stop: threading.Event | None = None,
        excepted: bool = True,
    ) -> Iterator[StreamedResponse]:
        """Ask and give the answer while its body comes; as `request` otherwise.

        Its turn at the host ends with the headers, since a stream may stay open for hours (say so in `limits`).
        stop: when it is set, reading ends within a second with Unavailable. excepted: as in `request`.
        """
        answer = self.open_answer(
            method,
            url,
            headers=headers,
            params=params,
            json=json,
            body=body,
            auth=auth,
            limits=limits,
            stop=stop,
            excepted=excepted,
        )
        answer.end_turn()
        try:
            yield answer
        finally:
            answer.close()

    def open_answer(
        self,
        method: str,
        url: str,
        *,
        limits: FetchLimits = LIMITS,
        excepted: bool = True,
        stop: threading.Event | None = None,
        **parts: Any,
    ) -> StreamedResponse:
        """As `stream`, for a caller that closes the answer itself; it keeps its turn at the host until then."""
        target = parse_url(url)
        self._check(target, excepted=excepted)
        call = make_call(method, target, user_agent=self._user_agent, **parts)
        return self._fetch(replace(call, excepted=excepted), limits, stop)

    def session(self, limits: FetchLimits = LIMITS) -> requests.Session:
        """A session for an SDK that wants one of requests, through this door."""
        from hub.kernel.http.sessions import DoorSession

        return DoorSession(self, limits)

    def transport(self, limits: FetchLimits = LIMITS, *, excepted: bool = True) -> httpx.BaseTransport:
        """A transport for an SDK that uses httpx, through this door. `excepted` as in `request`."""
        from hub.kernel.http.sessions import DoorTransport

        return DoorTransport(self, limits, excepted=excepted)

    def close(self) -> None:
        """Close the connections that were kept for later."""
        self._connections.close()

    def _fetch(self, call: Call, limits: FetchLimits, stop: threading.Event | None) -> StreamedResponse:
        guard = Guard(limits.seconds, self._monotonic, silence=limits.silence, stop=stop)
        history: tuple[str, ...] = ()
        permanent = True
        for _ in range(limits.redirects + 1):
            answer = self._hop(call, guard, limits, history)
            location = answer.headers.get("Location")
            if answer.status not in REDIRECTS or not location or not call.safe or not limits.redirects:
                return answer
            answer.close()
            excepted = self._is_exception(call.target, excepted=call.excepted)
            call = replace(follow(call, location), excepted=excepted)
            permanent = permanent and answer.status in PERMANENT
            if permanent:
                history += (call.target.url,)
        raise Unavailable("redirects")

    def _hop(self, call: Call, guard: Guard, limits: FetchLimits, history: tuple[str, ...]) -> StreamedResponse:
        self._check(call.target, excepted=call.excepted)
        try:
            turn = self._turns.take(call.target.host, guard)
        except DeadlinePassed as error:
            raise Unavailable("too_slow") from error
        try:
            return StreamedResponse(call=call, body=self._ask(call, guard, limits), turn=turn, history=history)
        except BaseException:
            turn.end()
            raise

    def _ask(self, call: Call, guard: Guard, limits: FetchLimits) -> Body:
        anywhere = self._is_exception(call.target, excepted=call.excepted)
        try:
            ips = addresses(call.target, anywhere=anywhere, resolve=self._resolve, guard=guard)
            return exchange(self._connections, call, ips, guard, limits.bytes)
        except DeadlinePassed as error:
            raise call.failed("too_slow", sent=guard.sent) from error

    def _is_exception(self, target: Target, *, excepted: bool) -> bool:
        return excepted and (target.host, target.port) in self._exceptions

    def _check(self, target: Target, *, excepted: bool) -> None:
        if self._is_exception(target, excepted=excepted):
            return
        if target.port not in self._ports:
            raise AddressRefused("port")
        if is_local_name(target.host) or (target.ip is not None and not is_public(target.ip)):
            raise AddressRefused("not_public")
