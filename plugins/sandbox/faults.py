"""What goes wrong on purpose: the words of `Network.fails`, before and after the network did its work."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from typing import Any

from hub.connector import Context
from hub.errors import Ambiguous, AuthExpired, RateLimited, Rejected, Unavailable

RETRY_AFTER = timedelta(seconds=30)
CRASHED = 70
"""The exit code of a connector's process that a `crash` ended."""


def strike_before(fault: str, context: Context) -> None:
    """Nothing has happened yet at the network, and nothing will."""
    if fault == "refuse":
        raise Rejected("refused", detail="The sandbox network was told to refuse this.")
    if fault == "signed_out":
        raise AuthExpired("signed_out")
    if fault == "rate_limit":
        raise RateLimited("too_many", retry_at=context.clock() + RETRY_AFTER)
    if fault == "down":
        raise Unavailable("down", detail="The sandbox network was told to be down.")
    if fault == "lose":
        raise Ambiguous("interrupted")
    if fault == "hang":
        threading.Event().wait()


def strike_after(fault: str, answer: Any, *, wrote: bool) -> Any:
    """The network did its work; the answer is lost, wrong, or its reader dies. Returns the answer otherwise."""
    if fault == "drop":
        raise Ambiguous("interrupted") if wrote else Unavailable("interrupted")
    if fault == "crash":
        os._exit(CRASHED)
    if fault == "garbage":
        return {"surprise": "this is not what you asked for"}
    return answer
