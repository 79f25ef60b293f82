"""What refusals of AT Protocol servers mean, as the instructions of hub.errors. Pure.

Errors are {"error": "Name", "message": "words"}; proxies in front of a server answer HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hub.errors import (
    Ambiguous,
    AuthExpired,
    ConnectorError,
    NotFound,
    RateLimited,
    Rejected,
    ScopeMissing,
    Unavailable,
)
from hub.kernel.http import allowance, retry_after

if TYPE_CHECKING:
    from hub.kernel.http import Response

PAUSE = timedelta(minutes=5)
"""The window of a server's limits; for one that says 429 without saying until when."""

_RESERVE = 5
"""One part in so many of what the server allows is left to replies."""

_SHUT = frozenset({"AccountTakedown", "AccountDeactivated", "AccountSuspended", "AccountDeleted"})
_MISSING = frozenset({"NotFound", "RecordNotFound", "RepoNotFound", "ActorNotFound"})
_OF_FILES = frozenset({"BlobTooLarge", "InvalidMimeType", "PayloadTooLarge"})
_NO_MESSAGES = frozenset(
    {"MessagesDisabled", "NotFollowedBySender", "BlockedActor", "BlockedSubject", "ConvoLocked", "AccountSuspended"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is not 2xx. `name` is the protocol's word for it, empty when it is not the API that speaks."""

    status: int
    name: str = ""
    said: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_expired(self) -> bool:
        """Whether the session has to be renewed; nothing was done."""
        if self.is_about_scope or self.name in _SHUT:
            return False
        return self.name in ("ExpiredToken", "InvalidToken", "AuthMissing") or (self.status == 401 and bool(self.name))

    @property
    def is_about_an_account(self) -> bool:
        """Whether a profile was refused because there is no such account now: suspended, deactivated or unknown."""
        unknown = self.name in _MISSING or (self.name == "InvalidRequest" and self.said == "Profile not found")
        return self.status == 400 and (self.name in _SHUT or unknown)

    @property
    def is_about_scope(self) -> bool:
        """Whether the app password does not reach this far; the words are all there is to tell it by."""
        return self.said.startswith(("Bad token scope", "Bad token method")) or self.name in (
            "ScopeMissingError",
            "InsufficientScope",
        )


def read_refusal(response: Response) -> Refusal:
    """Take an error answer apart, JSON or not."""
    told = response.members()
    return Refusal(
        status=response.status,
        name=str(told.get("error") or ""),
        said=str(told.get("message") or "")[:500],
        headers=response.headers,
    )


def instruction(refusal: Refusal, *, writing: bool, now: datetime) -> ConnectorError:
    """The error to raise. writing: something may have been written, unless the answer says that it was not."""
    status, said = refusal.status, refusal.said
    if status == 429 or refusal.name == "RateLimitExceeded":
        return RateLimited("too_many_requests", detail=said, retry_at=retry_after(refusal.headers, now) or now + PAUSE)
    if status == 501:  # it does not know how, and did nothing
        return Rejected("validation", detail=said) if writing else Unavailable("unexpected_answer", detail=said)
    if status >= 500 or status == 408:
        retry_at = None if writing else retry_after(refusal.headers, now)
        return (Ambiguous if writing else Unavailable)("server_error", detail=said, retry_at=retry_at)
    if status < 400:
        return Unavailable("moved")
    if refusal.name in _SHUT:
        return AuthExpired("suspended", detail=said)
    if refusal.is_about_scope:
        return ScopeMissing("cannot_read_direct")  # nothing else is out of an app password's reach
    if refusal.is_expired:
        return AuthExpired("revoked", detail=said)
    return _about_the_item(refusal, writing)


def _about_the_item(refusal: Refusal, writing: bool) -> ConnectorError:
    if refusal.name in _MISSING:
        return NotFound("missing", detail=refusal.said)
    if not writing:
        return Unavailable("unexpected_answer" if refusal.name else "not_json", detail=refusal.said)
    if refusal.name in _OF_FILES or refusal.status == 413:
        return Rejected("media", detail=refusal.said)
    if refusal.name in _NO_MESSAGES or "recipient" in refusal.said.lower():
        return Rejected("reply_not_allowed", detail=refusal.said)
    return Rejected("validation" if refusal.name else "blocked", detail=refusal.said)


def pause(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to leave the server alone so that replies have room; None while there is plenty."""
    told = allowance(headers, now, named="RateLimit")
    return None if told is None or told.left * _RESERVE >= told.limit else told.seconds
