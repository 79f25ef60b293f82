"""What a plugin author imports: the contract, its words, its errors and the hook marker.

Each name is loaded when it is first asked for, so that `import hub` costs nothing to those who only pass by: the
`hub` command, and every run of pytest beside an installed Hubbub.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.connector import (
        API_VERSION,
        Accepted,
        Action,
        Attachment,
        Author,
        Check,
        Choice,
        Connector,
        Context,
        Deleted,
        DeletedBy,
        Delivery,
        Emoji,
        Features,
        Incoming,
        Kind,
        Limits,
        Measure,
        Memory,
        Moderation,
        Outgoing,
        Page,
        Part,
        Plan,
        Poll,
        Post,
        Receipt,
        ReplyRules,
        SignIn,
        Skipped,
        Target,
        Trust,
        Upload,
        Uploads,
        Visibility,
        setting,
    )
    from hub.hookspecs import hookimpl
    from hub.kernel.html import text_of
    from hub.kernel.http import Response, retry_after

__all__ = [
    "API_VERSION",
    "Accepted",
    "Action",
    "Attachment",
    "Author",
    "Check",
    "Choice",
    "Connector",
    "Context",
    "Deleted",
    "DeletedBy",
    "Delivery",
    "Emoji",
    "Features",
    "Incoming",
    "Kind",
    "Limits",
    "Measure",
    "Memory",
    "Moderation",
    "Outgoing",
    "Page",
    "Part",
    "Plan",
    "Poll",
    "Post",
    "Receipt",
    "ReplyRules",
    "Response",
    "SignIn",
    "Skipped",
    "Target",
    "Trust",
    "Upload",
    "Uploads",
    "Visibility",
    "hookimpl",
    "retry_after",
    "setting",
    "text_of",
]

_HOMES = {
    "Response": "hub.kernel.http",
    "hookimpl": "hub.hookspecs",
    "retry_after": "hub.kernel.http",
    "text_of": "hub.kernel.html",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(_HOMES.get(name, "hub.connector")), name)
    globals()[name] = found
    return found
