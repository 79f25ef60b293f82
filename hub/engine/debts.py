"""Claims whose work failed: our own beat keeps them alive, so they must be given back, or wait until we end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from hub.errors import HubError
from hub.kernel.database import Database, Session

_AGAIN_SECONDS = 60.0

GiveBack = Callable[[Session], None]
"""Releases one claim; safe when it is released or another's already, since it names the fence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Debt:
    """`due` by the monotonic clock."""

    due: float
    give_back: GiveBack


class Debts:
    """What this process still has to give back."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._debts: deque[_Debt] = deque()

    def owe(self, give_back: GiveBack, error: Exception) -> None:
        """A database that was away for a moment is tried again at once; a bug of ours is met again at leisure."""
        pause = 0.0 if isinstance(error, HubError) else _AGAIN_SECONDS
        self._debts.append(_Debt(due=self._monotonic() + pause, give_back=give_back))

    def settle(self, database: Database) -> None:
        """Give back what is due. Raises what the database raises; what is left is tried the next time."""
        now = self._monotonic()
        for debt in [debt for debt in self._debts if debt.due <= now]:
            with database.transaction() as session:
                debt.give_back(session)
            self._debts.remove(debt)
