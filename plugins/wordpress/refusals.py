"""What WordPress's refusals mean, as the instructions of hub.errors. Pure.

Its REST API answers an error as {"code", "message", "data": {"status"}}; firewalls and hosts in front of it as HTML.
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
    Gone,
    NotFound,
    RateLimited,
    Rejected,
    ScopeMissing,
    Unavailable,
)
from hub.kernel.html import text_of
from hub.kernel.http import retry_after

if TYPE_CHECKING:
    from hub.kernel.http import Response

FLOOD_PAUSE = timedelta(seconds=15)
"""WordPress's own pause between two comments of one author; it does not say so in its answer."""

_BY_CODE: dict[str, tuple[type[ConnectorError], str]] = {
    "comment_duplicate": (Rejected, "duplicate"),
    "rest_comment_closed": (Rejected, "closed"),
    "rest_comment_draft_post": (Rejected, "closed"),
    "comment_content_column_length": (Rejected, "too_long"),
    "rest_comment_content_invalid": (Rejected, "empty"),
    "require_valid_comment": (Rejected, "empty"),
    "rest_comment_author_data_required": (Rejected, "author_data_required"),
    "rest_comment_trash_post": (NotFound, "post_in_trash"),
    "rest_comment_invalid_id": (Gone, "deleted"),
    "rest_comment_invalid_post_id": (Gone, "post_deleted"),
    "rest_post_invalid_id": (Gone, "post_deleted"),
    "rest_cannot_edit": (ScopeMissing, "cannot_moderate"),
    "rest_cannot_delete": (ScopeMissing, "cannot_moderate"),
    "rest_forbidden_context": (ScopeMissing, "cannot_moderate"),
    "rest_forbidden_param": (ScopeMissing, "cannot_moderate"),
    "rest_cannot_read": (ScopeMissing, "cannot_read"),
    "rest_cannot_read_post": (ScopeMissing, "cannot_read"),
    "rest_no_route": (Unavailable, "rest_off"),
    "rest_disabled": (Unavailable, "rest_off"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is not 2xx: `code` is WordPress's own word, empty when something else answered."""

    status: int
    code: str = ""
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def read_refusal(response: Response) -> Refusal:
    """Take an error answer apart, JSON or not."""
    told = response.members()
    return Refusal(
        status=response.status,
        code=str(told.get("code") or ""),
        message=text_of(str(told.get("message") or ""))[:500],
        headers=response.headers,
    )


def instruction(refusal: Refusal, *, writing: bool, now: datetime) -> ConnectorError:
    """The error to raise. writing: something may have been done, unless the answer says that it was not."""
    code, detail = refusal.code, refusal.message
    if refusal.status == 429 or code == "comment_flood":
        retry_at = retry_after(refusal.headers, now) or now + FLOOD_PAUSE
        return RateLimited(code or "too_many_requests", detail=detail, retry_at=retry_at)
    if refusal.status >= 500 or refusal.status == 408:
        reason = code or f"http_{refusal.status}"
        return (Ambiguous if writing else Unavailable)(reason, detail=detail)
    if refusal.status == 401:
        return AuthExpired(code or "http_401", detail=detail)
    if code in _BY_CODE:
        kind, reason = _BY_CODE[code]
        return kind(reason, detail=detail)
    return _unknown(refusal, writing)


def _unknown(refusal: Refusal, writing: bool) -> ConnectorError:
    if refusal.status < 400:
        return Unavailable("moved")
    if refusal.status == 410:
        return Gone(refusal.code or "deleted", detail=refusal.message)
    if writing:
        reason = {413: "too_long"}.get(refusal.status) or refusal.code or "blocked"
        return Rejected(reason, detail=refusal.message)
    return Unavailable(refusal.code or f"http_{refusal.status}", detail=refusal.message)
