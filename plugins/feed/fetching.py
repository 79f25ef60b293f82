"""One conditional GET of a feed, and what each answer means for the channel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hub.errors import ConnectorError, Gone, RateLimited, Unavailable
from hub.kernel.clock import Clock
from hub.kernel.http import FetchLimits, retry_after

from .cursor import Cursor
from .document import MAX_BYTES

if TYPE_CHECKING:
    from hub.kernel.http import Door, Response

ACCEPT = (
    "application/atom+xml, application/feed+json;q=0.9, application/rss+xml;q=0.9, application/rdf+xml;q=0.8,"
    " application/xml;q=0.7, text/xml;q=0.7, */*;q=0.1"
)
PULL_SECONDS = 15.0
CHECK_SECONDS = 6.0
SHORTEST_WAIT = 60.0
LONGEST_WAIT = 86_400.0

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_NO_CACHE = re.compile(r"(?:^|[,\s])no-(?:cache|store)(?:[,\s]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A feed's answer. `body` is None when nothing has changed since the cursor's."""

    url: str
    body: bytes | None
    content_type: str = ""
    etag: str = ""
    modified: str = ""
    max_age: float | None = None
    moved_to: str | None = None


def fetch(http: Door, clock: Clock, url: str, *, known: Cursor | None = None, seconds: float = PULL_SECONDS) -> Answer:
    """Ask for a feed; with `known` only for what is newer. Raises what the status means: Gone, Unavailable …

    Validators belong to the address they came from: when the end of the redirects is another one than last time,
    "not modified" says nothing, and we ask again without them.
    """
    limits = FetchLimits(seconds=seconds, bytes=MAX_BYTES)
    response = http.request("GET", url, headers={"Accept": ACCEPT, **_conditions(known)}, limits=limits)
    if response.status == 304 and known is not None and response.url != known.final:
        known = None
        response = http.request("GET", url, headers={"Accept": ACCEPT}, limits=limits)
    if response.status != 200 and (response.status != 304 or known is None):
        raise failure(response, clock())
    return _answer(response, url)


def failure(response: Response, now: datetime) -> ConnectorError:
    """The instruction in an answer that is no feed."""
    retry_at = retry_after(response.headers, now)
    if response.status == 410:
        return Gone("feed_gone")
    if response.status == 429:
        return RateLimited("too_many_requests", retry_at=retry_at)
    if response.status in (401, 403):
        return Unavailable("sign_in_needed", detail=str(response.status))
    if response.status == 404:
        return Unavailable("feed_not_found")
    if response.status >= 500:
        return Unavailable("server_error", detail=str(response.status), retry_at=retry_at)
    return Unavailable("unexpected_answer", detail=str(response.status), retry_at=retry_at)


def max_age(cache_control: str) -> float | None:
    """Seconds from Cache-Control, None where it does not ask us to wait."""
    found = _MAX_AGE.search(cache_control)
    return float(found[1]) if found and not _NO_CACHE.search(cache_control) else None


def pull_after(*waits: float | None) -> float:
    """The longest of what a feed asks for, at least a minute and at most a day."""
    return min(max([SHORTEST_WAIT, *(wait for wait in waits if wait)]), LONGEST_WAIT)


def _conditions(known: Cursor | None) -> dict[str, str]:
    if known is None or not known.final:
        return {}
    conditions = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
    return {name: value for name, value in conditions.items() if value}


def _answer(response: Response, asked: str) -> Answer:
    headers = response.headers
    return Answer(
        url=response.url,
        body=None if response.status == 304 else response.body,
        content_type=headers.get("Content-Type", ""),
        etag=headers.get("ETag", ""),
        modified=headers.get("Last-Modified", ""),
        max_age=max_age(headers.get("Cache-Control", "")),
        moved_to=_moved_to(response, asked),
    )


def _moved_to(response: Response, asked: str) -> str | None:
    """Where a permanent redirect leads, if to the same host: another host could be anybody's."""
    target = response.history[-1] if response.history else None
    if target is None or urlsplit(target).hostname != urlsplit(asked).hostname:
        return None
    return target
