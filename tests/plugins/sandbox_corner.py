"""What the contract kit sees of the sandbox network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from hub_plugins.sandbox.connector import PAGE
from hub_plugins.sandbox.network import Network

from hub.connector import Visibility
from hub.testing.contract import Arrived, FakeNetwork


class SandboxCorner(FakeNetwork):
    """One account, and people who only speak when told to."""

    page_size = PAGE

    def __init__(self, network: Network, account: str) -> None:
        self.inner = network
        self.account = account
        network.hush()

    def says(
        self,
        text: str,
        *,
        parent: str | None = None,
        at: datetime | None = None,
        visibility: Visibility = Visibility.PUBLIC,
        html: str | None = None,
    ) -> str:
        person = self.inner.person("lena")
        told = "" if html else text
        return person.says(told, to=self.account, parent=parent, at=at, visibility=visibility, html=html)

    def edits(self, id: str, text: str) -> None:
        self.inner.edits(id, text)

    def deletes(self, id: str) -> None:
        self.inner.deletes(id)

    def closes(self, id: str) -> None:
        self.inner.closes(id)

    def garbles(self, id: str) -> None:
        self.inner.alters(id, created_at="last Tuesday or so", author=None)

    def estranges(self, id: str) -> None:
        self.inner.alters(id, kind="hologram", visibility="circle", depth_of_field=3)

    def native_reply(self, parent: str, text: str) -> str:
        return self.inner.person(self.account.removeprefix("@")).says(text, parent=parent)

    def fails(self, *, next_sends: Iterable[str] = (), next_pulls: Iterable[str] = ()) -> None:
        self.inner.fails(next_sends=next_sends, next_pulls=next_pulls)

    def signs_out(self) -> None:
        self.inner.fails(next_sends=["signed_out"], next_pulls=["signed_out"])

    def arrivals(self) -> Sequence[Arrived]:
        return [arrival for arrival in self.inner.arrivals() if arrival.account == self.account]
