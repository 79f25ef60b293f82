"""What the kit asks of a fake network: a connector author wraps theirs in a dozen short methods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Protocol

from hub.connector import Delivery, Visibility


class Arrived(Protocol):
    """One reply that reached the fake network. From `warning` on each is asked for only where its feature is declared.

    warning: its content warning (features.content_warnings). quotes: whether it quotes what it is about instead of
    answering it (features.quotes). pictures: their descriptions, in order (features.attachments).
    """

    @property
    def text(self) -> str: ...

    @property
    def visibility(self) -> Visibility: ...


class ArrivedWhole(Arrived, Protocol):
    """The same of a network that has all of it."""

    @property
    def warning(self) -> str: ...

    @property
    def quotes(self) -> bool: ...

    @property
    def pictures(self) -> Sequence[str]: ...


class FakeNetwork:
    """One account's corner of a fake network. Implement what the connector's features declare; the rest stays.

    page_size: how many messages one pull brings at most.
    rate_limits: the words for `fails` that mean "slow down", one for each header style the network has.
    proofs: the headers without which nothing that is posted may be taken (features.webhook).
    signs: whether they prove the body as well; dates: and when it was posted, so that an old one is refused.
    """

    page_size: ClassVar[int]
    rate_limits: ClassVar[Sequence[str]] = ("rate_limit",)
    proofs: ClassVar[Sequence[str]] = ()
    signs: ClassVar[bool] = True
    dates: ClassVar[bool] = True

    def says(
        self,
        text: str,
        *,
        parent: str | None = None,
        at: datetime | None = None,
        visibility: Visibility = Visibility.PUBLIC,
        html: str | None = None,
    ) -> str:
        """Somebody writes to our account, now or dated back to `at`; returns the remote id.

        html: the body as the network sends it; on a network without HTML `text` is all there is.
        """
        raise NotImplementedError

    def edits(self, id: str, text: str) -> None:
        """The author changes it (features.edits)."""
        raise NotImplementedError

    def deletes(self, id: str) -> None:
        """The author takes it away (features.deletes or send)."""
        raise NotImplementedError

    def closes(self, id: str) -> None:
        """Nobody may answer it any more (features.send)."""
        raise NotImplementedError

    def garbles(self, id: str) -> None:
        """Serve that item from now on in a form nobody can read: no author, a date in words.

        Where it was posted to us (features.webhook), that delivery, too.
        """
        raise NotImplementedError

    def estranges(self, id: str) -> None:
        """Serve that item with a kind, a visibility and fields that a newer server might have."""
        raise NotImplementedError

    def native_reply(self, parent: str, text: str) -> str:
        """Our own account answers in the network's own app (features.send); returns the remote id."""
        raise NotImplementedError

    def fails(self, *, next_sends: Iterable[str] = (), next_pulls: Iterable[str] = ()) -> None:
        """Script the next calls. `down`: nothing happens at the network. `drop`: it happens and the answer is lost.

        And each word of `rate_limits`.
        """
        raise NotImplementedError

    def allows(self, url: str) -> Mapping[str, str]:
        """A person opens the page to sign in and agrees; returns what the network sends them back with (signs_in)."""
        raise NotImplementedError

    def signs_out(self) -> None:
        """From now on the network does not know our password or token any more (settings with a secret)."""
        raise NotImplementedError

    def arrivals(self) -> Sequence[Arrived]:
        """Every reply of the connector's that reached the network, in order (features.send)."""
        raise NotImplementedError

    def deliveries(self) -> tuple[Delivery, ...]:
        """Everything it posted to our address, oldest first, numbered from 1 (features.webhook)."""
        raise NotImplementedError
