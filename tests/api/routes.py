"""Every operation of the API and what each role's token gets from it, as tests/web/routes.py says of the pages.

A new operation fails the tests until it stands here. `own` is the answer to a token with the operation's scope of each
role, for an object of their own team, in the order of ROLES; `foreign` the same for an object of another team.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ROLES = ("writer", "agent", "supervisor", "admin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`body` is what a request says when it is filled in well; `form`: it brings a picture instead."""

    own: tuple[int, ...]
    foreign: tuple[int, ...] | None = None
    body: dict[str, Any] | None = None
    form: bool = False

    def of(self, whose: str) -> tuple[int, ...]:
        return self.own if whose == "own" else self.foreign or ()


def answers(text: str) -> tuple[int, ...]:
    found = tuple(int(code) for code in text.split())
    assert len(found) == len(ROLES)
    return found


_ALL = answers("200 200 200 200")
_AGENTS = answers("404 200 200 200")
_LEADS = answers("404 404 200 200")
_FOREIGN = answers("404 404 404 200")

ASKED: dict[str, Asked] = {
    "GET /channels": Asked(own=_ALL),
    "GET /channels/{channel_id}": Asked(own=_ALL, foreign=_FOREIGN),
    "GET /channel-kinds": Asked(own=_LEADS),
    "POST /channels": Asked(
        own=answers("404 404 201 201"), body={"kind": "shop", "settings": {"handle": "@shop"}, "team_id": 1}
    ),
    "POST /channels/{channel_id}/check": Asked(own=_LEADS, foreign=_FOREIGN),
    "POST /channels/{channel_id}/pull": Asked(own=answers("404 404 202 202"), foreign=answers("404 404 404 202")),
    "POST /channels/{channel_id}/read-again": Asked(own=answers("404 404 202 202"), foreign=answers("404 404 404 202")),
    "POST /channels/{channel_id}/pause": Asked(own=_LEADS, foreign=_FOREIGN),
    "POST /channels/{channel_id}/resume": Asked(own=_LEADS, foreign=_FOREIGN),
    "GET /conversations": Asked(own=_ALL),
    "GET /conversations/{conversation_id}": Asked(own=_ALL, foreign=_FOREIGN),
    "GET /conversations/{conversation_id}/messages": Asked(own=_ALL, foreign=_FOREIGN),
    "POST /conversations/{conversation_id}/replies": Asked(
        own=answers("404 202 202 202"), foreign=answers("404 404 404 202"), body={"text": "Glad to help"}
    ),
    "POST /conversations/{conversation_id}/notes": Asked(
        own=answers("201 201 201 201"), foreign=answers("404 404 404 201"), body={"text": "Call her back"}
    ),
    "POST /media": Asked(own=answers("404 201 201 201"), form=True),
    "GET /outbox": Asked(own=_AGENTS),
    "GET /outbox/{outbox_id}": Asked(own=_AGENTS, foreign=_FOREIGN),
    "POST /outbox/{outbox_id}/retry": Asked(own=_AGENTS, foreign=_FOREIGN),
    "POST /outbox/{outbox_id}/mark-sent": Asked(own=_AGENTS, foreign=_FOREIGN),
    "POST /outbox/{outbox_id}/cancel": Asked(own=_AGENTS, foreign=_FOREIGN),
    "GET /events": Asked(own=_ALL),
}
"""By method and path, as the operations have them."""
