"""A fake network that is a server on loopback."""

from __future__ import annotations

from typing import Self

from hub.testing.contract.network import FakeNetwork
from hub.testing.server import FakeServer


class ServedNetwork(FakeNetwork):
    """Runs its `server` as long as it is entered; the routes are its own."""

    def __init__(self) -> None:
        self.server = FakeServer()

    @property
    def url(self) -> str:
        return self.server.url

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.__exit__(*error)
