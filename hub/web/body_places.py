"""How many requests may be under way with a body that has not arrived: each is held in memory until it has.

Strangers share a few places, and one address has only some of them. Whoever is known by a session, a token or good
deliveries before finds a place of their own, and what comes whole with its head needs none.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from hub.errors import HubError
from hub.people.limits import address_bucket
from hub.web.peers import peer_of

MOST_OF_STRANGERS = 128
"""Of two megabytes each at most."""

MOST_OF_ADDRESS = 32
"""Places of strangers that one IP address may hold."""

MOST_OF_ONE = 32
"""Places of somebody who is known."""

_ASKING_THREADS = 2
_STRANGERS = "strangers"

Who = Callable[[str, list[tuple[bytes, bytes]]], int | None]
"""Told the path and the headers of a request: the agent it comes from, None where that is nobody."""


class BodyPlaces:
    """Used by one thread, the event loop's. trusted_proxies: how many of them say where a request comes from."""

    def __init__(self, who: Who, *, trusted_proxies: int = 0) -> None:
        self._who = who
        self._hops = trusted_proxies
        self._held = Counter[str]()
        self._pool = ThreadPoolExecutor(_ASKING_THREADS, thread_name_prefix="body")

    @property
    def taken(self) -> int:
        """Places that are held now; may be asked from any thread."""
        return sum(count for holder, count in list(self._held.items()) if holder != _STRANGERS)

    async def holders(
        self, path: str, headers: list[tuple[bytes, bytes]], client: tuple[str, int] | None, *, known: str = ""
    ) -> Sequence[str]:
        """In whose names a place is held for this request; empty when there is none.

        known: the name of a sender who is known already. Nobody is asked for as long as strangers find places.
        """
        if known and self._held[known] < MOST_OF_ONE:
            return (known,)
        address = address_bucket("body", peer_of(client, headers, self._hops))
        if self._held[_STRANGERS] < MOST_OF_STRANGERS and self._held[address] < MOST_OF_ADDRESS:
            return (address, _STRANGERS)
        agent = await self._agent(path, headers)
        name = f"agent:{agent}"
        return (name,) if agent is not None and self._held[name] < MOST_OF_ONE else ()

    @contextlib.contextmanager
    def one(self, holders: Sequence[str]) -> Iterator[None]:
        """Hold a place in these names while the block runs; whoever asks has just been told them."""
        self._held.update(holders)
        try:
            yield
        finally:
            self._held.subtract(holders)
            self._held += Counter()  # those who hold none are forgotten

    async def _agent(self, path: str, headers: list[tuple[bytes, bytes]]) -> int | None:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._who, path, headers)
        except HubError:
            return None
