"""Sending one part and finding out whether it arrived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from hub.connector import Plan, Receipt, Uploads
from hub.errors import AlreadySent, Ambiguous, Gone, NotFound, Rejected, Unavailable
from hub.kernel.html import text_of

from . import mapping
from .mapping import MALFORMED, Me, Raw
from .media import hand_over
from .server import Server, path_of
from .showing import quoted_id, without_quote_link
from .wording import skeleton

_MOST_PAGES = 5
_PER_PAGE = 40
_CLOCKS_APART = timedelta(minutes=2)
"""How far a server's clock may be from ours where it does not tell the time."""

_ROUNDED = timedelta(seconds=2)
_AN_EARLIER_ANSWER = timedelta(seconds=90)
"""A post this much older than the server's time was made by an earlier try: no answer takes so long."""


def send_part(server: Server, uploads: Uploads, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
    """Make one post under its key. What it answers is looked at first: some servers would post it loose."""
    about = previous.remote_id if previous else plan.outgoing.target.remote_id
    status = _look_at(server, about)
    quotes = plan.outgoing.quote and previous is None
    if quotes:
        _refuse_quote(status)
    content = {**plan.parts[part].body, "quoted_status_id" if quotes else "in_reply_to_id": about}
    if part == 0 and plan.outgoing.attachments:
        content["media_ids"] = hand_over(server, uploads, plan.outgoing.attachments)
    answer = server.post("/api/v1/statuses", content, key=plan.parts[part].reserved or "")
    try:
        posted = mapping.receipt(answer.json())
    except MALFORMED as error:
        raise Ambiguous("not_json") from error
    told = _server_time(answer.headers)
    if told is not None and told - posted.at > _AN_EARLIER_ANSWER:
        raise AlreadySent(posted)
    return posted


def find_part(server: Server, me: Me, plan: Plan, part: int, since: datetime) -> Receipt | None:
    """Look through what we wrote since then; None: it is surely not there. Raises Ambiguous when that is too much."""
    said = _Said(server, me, since)
    for status in said:
        if _says(status, plan, part) and _hangs_right(server, said, status, plan, part):
            return mapping.receipt(status)
    return None


class _Said:
    """Our own posts since an instant, newest first, as far as the server's clock can be told from ours."""

    def __init__(self, server: Server, me: Me, since: datetime) -> None:
        self._server = server
        self._path = path_of("accounts", me.id, "statuses")
        self._since = since
        self.met: dict[str, Raw] = {}

    def __iter__(self) -> Iterator[Raw]:
        params: dict[str, Any] = {"limit": _PER_PAGE, "exclude_reblogs": "true"}
        for _ in range(_MOST_PAGES):
            answer = self._server.answer(self._server.ask("GET", self._path, params=params))
            since = self._on_their_clock(answer.headers)
            new = [status for status in _statuses(answer.json()) if mapping.name_of(status["id"]) not in self.met]
            self.met |= {mapping.name_of(status["id"]): status for status in new}
            recent = [status for status in new if mapping.instant(status["created_at"]) >= since]
            yield from recent
            if not new or len(recent) < len(new):
                return
            params = {**params, "max_id": mapping.name_of(new[-1]["id"])}
        raise Ambiguous("cannot_look_up")

    def _on_their_clock(self, headers: Mapping[str, str]) -> datetime:
        told = _server_time(headers)
        if told is None:
            return self._since - _CLOCKS_APART
        return self._since + (told - self._server.now()) - _ROUNDED


def _statuses(items: Any) -> list[Raw]:
    if not isinstance(items, list):
        raise Unavailable("unexpected_answer")
    readable = []
    for item in items:
        try:
            mapping.name_of(item["id"]), mapping.instant(item["created_at"])
        except MALFORMED:
            continue
        readable.append(item)
    return readable


def _says(status: Raw, plan: Plan, part: int) -> bool:
    content = without_quote_link(str(status.get("content") or ""))
    return skeleton(text_of(content)) == skeleton(plan.parts[part].text)


def _hangs_right(server: Server, said: _Said, status: Raw, plan: Plan, part: int) -> bool:
    """Whether a post answers what this part answers: the message, or the part before."""
    answered = str(status.get("in_reply_to_id") or "")
    if part == 0 and plan.outgoing.quote:
        return quoted_id(status) == plan.outgoing.target.remote_id
    if part == 0:
        return answered == plan.outgoing.target.remote_id
    if not answered:
        return False
    above = said.met.get(answered) or server.get(path_of("statuses", answered))
    return isinstance(above, dict) and _says(above, plan, part - 1)


def _refuse_quote(status: Raw) -> None:
    """Raises Rejected where we may not quote it: its author says who may (Mastodon 4.5 and newer)."""
    approval = status.get("quote_approval")
    if not isinstance(approval, dict):
        raise Rejected("no_quotes")
    if approval.get("current_user") not in mapping.QUOTABLE:
        raise Rejected("quote_not_allowed")


def _look_at(server: Server, id: str) -> Raw:
    """The status as it is now. Raises Gone and NotFound when it cannot be answered any more."""
    answer = server.ask("GET", path_of("statuses", id))
    if answer.status == 410:
        raise Gone("deleted")
    if answer.status == 404:
        raise NotFound("missing")
    if answer.status == 403:  # a token may be allowed to write and not to read
        return {}
    status = server.answer(answer).json()
    return status if isinstance(status, dict) else {}


def _server_time(headers: Mapping[str, str]) -> datetime | None:
    try:
        told = parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError, IndexError):
        return None
    return told if told.tzinfo is not None else None
