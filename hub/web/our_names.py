"""Whether somebody's name looks like one of ours: of our accounts or of a colleague."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from hub.channels import store as channels
from hub.connector import Trust
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.kernel.lookalikes import looks_of
from hub.people.store import agents

KEPT_SECONDS = 60.0
"""A new colleague's name counts after that at the latest: names are not read for every page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ours:
    """looks: of all our names. accounts: the kinds and handles that are surely ours."""

    looks: frozenset[str]
    accounts: frozenset[tuple[str, str]]
    read_at: float


class OurNames:
    """Asked by the pages of one process, from any thread."""

    def __init__(self, hub: Hub, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._hub = hub
        self._monotonic = monotonic
        self._known: _Ours | None = None

    def is_like_ours(self, name: str, handle: str, *, kind: str, trust: Trust) -> bool:
        """Whether the name that is shown of a stranger looks like ours; kind: of the channel they speak in.

        Never true of an account that is ours, where its network vouches for the handle.
        """
        ours = self._ours()
        if trust is not Trust.CLAIMED and handle and (kind, _bare(handle)) in ours.accounts:
            return False
        return not ours.looks.isdisjoint(looks_of(name or handle))

    def _ours(self) -> _Ours:
        known = self._known
        if known is None or self._monotonic() - known.read_at > KEPT_SECONDS:
            with self._hub.database.reading() as session:
                known = self._known = _read(session, self._monotonic())
        return known


def _read(session: Session, now: float) -> _Ours:
    found = channels.all_channels(session)
    names = {each.name for each in agents.listed(session, None) if each.deactivated_at is None}
    names |= {name for each in found for name in (each.account.name, each.account.handle, each.title)}
    accounts = {(each.kind, _bare(each.account.handle)) for each in found if each.account.handle}
    return _Ours(looks=frozenset().union(*map(looks_of, names)), accounts=frozenset(accounts), read_at=now)


def _bare(handle: str) -> str:
    return handle.removeprefix("@").casefold()
