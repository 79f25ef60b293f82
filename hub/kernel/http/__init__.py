"""The only door to the network, and what comes and goes through it.

The door itself is loaded when it is first asked for: a command that only lists plugins needs no urllib3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub.kernel.http.entered import server_of
from hub.kernel.http.limits import FetchLimits
from hub.kernel.http.retry_after import allowance, retry_after

if TYPE_CHECKING:
    from hub.kernel.http.door import Door
    from hub.kernel.http.response import Response, StreamedResponse
    from hub.kernel.http.sdk_errors import cause_of, door_errors

__all__ = [
    "Door",
    "FetchLimits",
    "Response",
    "StreamedResponse",
    "allowance",
    "cause_of",
    "door_errors",
    "retry_after",
    "server_of",
]

_HOMES = {
    "Door": "door",
    "Response": "response",
    "StreamedResponse": "response",
    "cause_of": "sdk_errors",
    "door_errors": "sdk_errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
