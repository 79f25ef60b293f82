"""What refusals of Mastodon and its kin mean, as the instructions of hub.errors. Pure.

Errors are {"error": "words"} in English where the server heeds `lang=en`; proxies in front of it answer HTML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hub.errors import (
    Ambiguous,
    AuthExpired,
    ConnectorError,
    Gone,
    NotFound,
    RateLimited,
    Rejected,
    ScopeMissing,
    Unavailable,
)
from hub.kernel.html import text_of
from hub.kernel.http import allowance, retry_after

if TYPE_CHECKING:
    from hub.kernel.http import Response

PAUSE = timedelta(minutes=5)
"""Mastodon's own window; for servers that say 429 without saying until when."""

_REQUESTS_OF_A_PULL = 5
_RESERVE = 5
"""One part in so many of what the server allows is left to replies."""

_WORDS = (
    (re.compile(r"authori[sz]ed scopes|insufficient.{0,20}scope|scopes? .{0,20}(missing|required)", re.I), "scope"),
    (re.compile(r"login is currently disabled|suspended|deactivated|disabled account", re.I), "suspended"),
    (re.compile(r"confirmed e-?mail|confirm your e-?mail|pending approval|not approved", re.I), "not_confirmed"),
    (re.compile(r"revoked", re.I), "revoked"),
    (re.compile(r"requires an authenticated user", re.I), "token_without_account"),
    (re.compile(r"character limit|too long|exceed|over.{0,10}limit", re.I), "too_long"),
    (re.compile(r"blank|empty", re.I), "empty"),
    (re.compile(r"duplicate|already (posted|been)", re.I), "duplicate"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is not 2xx. `said`: the server's words; told: it is the API that says it."""

    status: int
    said: str = ""
    told: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def word(self) -> str:
        """What the words come to, as far as they are known."""
        return next((word for pattern, word in _WORDS if pattern.search(self.said)), "")


def read_refusal(response: Response) -> Refusal:
    """Take an error answer apart, JSON or not."""
    told = response.members()
    words = told.get("error_description") or told.get("error") or ""
    if isinstance(words, dict):
        words = words.get("message") or json.dumps(words)
    said = text_of(str(words))[:500]
    return Refusal(status=response.status, said=said, told=bool(told.get("error")), headers=response.headers)


def instruction(refusal: Refusal, *, writing: bool, now: datetime) -> ConnectorError:
    """The error to raise. writing: a post may have been made, unless the answer says that it was not."""
    status, said, word = refusal.status, refusal.said, refusal.word
    if status == 429:
        return RateLimited("too_many_requests", detail=said, retry_at=retry_after(refusal.headers, now) or now + PAUSE)
    if status >= 500 or status == 408:
        retry_at = None if writing else retry_after(refusal.headers, now)
        return (Ambiguous if writing else Unavailable)("server_error", detail=said, retry_at=retry_at)
    if status < 400:
        return Unavailable("moved")
    if word in ("suspended", "not_confirmed") and status in (401, 403):
        return AuthExpired(word, detail=said)
    if status == 401 or word == "token_without_account":
        return AuthExpired("revoked", detail=said)
    if status == 403 and word == "scope":
        return ScopeMissing("scope", detail=said)
    return _about_the_item(refusal, writing)


def _about_the_item(refusal: Refusal, writing: bool) -> ConnectorError:
    status, said = refusal.status, refusal.said
    if status == 410:
        return Gone("deleted", detail=said)
    if status == 404 and refusal.told:
        return NotFound("missing", detail=said)
    if not writing:
        return Unavailable("unexpected_answer" if refusal.told else "not_json", detail=said)
    if not refusal.told:
        return Rejected("blocked", detail=said)
    if status == 403:
        return Rejected("reply_not_allowed", detail=said)
    known = {"too_long", "empty", "duplicate"}
    return Rejected(refusal.word if refusal.word in known else "validation", detail=said)


def pause(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to leave the server alone; None while there is plenty.

    From half of the allowance on, what is left is spread over the time until there is more, so that a storm of news
    does not use it up; the last fifth is left to replies.
    """
    told = allowance(headers, now, named="X-RateLimit")
    if told is None or told.seconds is None or told.left * 2 >= told.limit:
        return None
    pulls = (told.left - told.limit / _RESERVE) / _REQUESTS_OF_A_PULL
    return told.seconds if pulls < 1 else told.seconds / pulls
