"""Which addresses a target has now: looked up once, all of them checked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from typing import Any

from hub.errors import AddressRefused, Unavailable
from hub.kernel.http.address import Target, is_public
from hub.kernel.http.limits import Guard

Resolve = Callable[..., list[Any]]


def addresses(target: Target, *, anywhere: bool, resolve: Resolve, guard: Guard) -> tuple[str, ...]:
    """Return the addresses to connect to, in the resolver's order.

    anywhere: the operator trusts this host and port wherever it points.
    Raises AddressRefused when ANY of them is not public, Unavailable("dns") when there is none.
    """
    found = (target.host,) if target.ip is not None else _look_up(target, resolve, guard)
    try:
        public = anywhere or all(is_public(ip_address(ip)) for ip in found)
    except ValueError as error:
        raise Unavailable("dns") from error
    if not public:
        raise AddressRefused("not_public")
    return found


def _look_up(target: Target, resolve: Resolve, guard: Guard) -> tuple[str, ...]:
    # The system's resolver knows no deadline: it runs beside us and is left behind when it takes too long.
    answers: SimpleQueue[list[Any] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(target.host, target.port, 0, socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        found = answers.get(timeout=guard.remaining())
    except Empty as error:
        raise Unavailable("dns") from error
    if isinstance(found, Exception) or not found:
        raise Unavailable("dns") from (found if isinstance(found, Exception) else None)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
