"""The HTTP status of an error, and when to ask again: the same for people's pages and for programs."""

from __future__ import annotations

import math

from hub.errors import (
    Absent,
    Conflict,
    ConnectorError,
    HubError,
    Invalid,
    LeaseLost,
    Misconfigured,
    OutOfOrder,
    PluginFault,
    TooMany,
)

_STATUS: list[tuple[type[HubError], int]] = [
    (Absent, 404),
    (Invalid, 422),
    (Conflict, 409),
    (LeaseLost, 409),
    (TooMany, 429),
    (OutOfOrder, 503),
    (Misconfigured, 422),
    (ConnectorError, 502),
    (PluginFault, 502),
]
_AGAIN_SECONDS = 10


def status_of(error: HubError) -> int:
    """The status (RFC 9110, 15) an error is answered with."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def when_again(error: HubError) -> dict[str, str]:
    """The header that says when to try again, where that helps (RFC 9110, 10.2.3)."""
    if isinstance(error, TooMany):
        return {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
    return {"Retry-After": str(_AGAIN_SECONDS)} if isinstance(error, OutOfOrder) else {}
