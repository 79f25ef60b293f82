"""What is read from a server: its lists and statuses, in the dialect that it understands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.errors import Unavailable

from .mapping import MALFORMED, Raw, name_of
from .refusals import pause, read_refusal
from .server import Listing, Server, path_of

NOTIFICATIONS = 80
POSTS = 40
AT_ONCE = 20
"""Statuses that Mastodon gives in one answer when they are asked for by id."""

ONE_BY_ONE = 5
"""Statuses looked at in one pull where the server gives only single ones."""

_TYPES = ["mention", "status", "quote", "quoted_update", "update", "poll"]
_DIALECTS: tuple[Mapping[str, Any], ...] = (
    {"types[]": _TYPES, "include_filtered": "true"},
    {"types[]": ["mention", "status", "update", "poll"]},
    {},
)
"""Asked for in this order until the server takes it: for 4.3 and newer, for older ones, for those without types."""

_BAD_PARAMS = frozenset({400, 422})


class ForeignId(Exception):
    """The server does not understand an id of ours: it is another server, or another software, than before."""


class Gone:
    """In place of a status: it is deleted for ever."""


GONE = Gone()


class Reading:
    """Reads as one account; what the server does not understand is asked for otherwise from then on."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._dialect = 0
        self._gives_many = True

    @property
    def at_once(self) -> int:
        """How many statuses may be looked at in one pull."""
        return AT_ONCE if self._gives_many else ONE_BY_ONE

    def notifications(self, where: Mapping[str, str]) -> Listing:
        """One page, filtered ones included where the server can. Raises ForeignId."""
        for number in range(self._dialect, len(_DIALECTS)):
            params = {"limit": NOTIFICATIONS, **_DIALECTS[number], **where}
            answer = self._server.ask("GET", "/api/v1/notifications", params=params)
            if answer.status not in _BAD_PARAMS:
                self._dialect = number
                return self._listing(answer)
        if where:
            raise ForeignId
        raise self._server.refusal(answer)

    def own_posts(self, account: str, where: Mapping[str, str]) -> Listing:
        """One page of what we wrote ourselves. Raises ForeignId."""
        params = {"limit": POSTS, "exclude_reblogs": "true", **where}
        answer = self._server.ask("GET", path_of("accounts", account, "statuses"), params=params)
        if answer.status in _BAD_PARAMS and where:
            raise ForeignId
        return self._listing(answer)

    def tagged(self, tags: Sequence[str], where: Mapping[str, str]) -> Listing | None:
        """One page of what is said under any of these hashtags; None where we may not read it. Raises ForeignId."""
        params = {"limit": POSTS, "any[]": list(tags[1:]), **where}
        answer = self._server.ask("GET", path_of("timelines/tag", tags[0]), params=params)
        if answer.status in _BAD_PARAMS and where:
            raise ForeignId
        if 400 <= answer.status < 500 and answer.status != 429:
            return None
        return self._listing(answer)

    def context(self, id: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """What stands above and below a status, from the root on. Raises NotFound, Gone and the others."""
        told = self._server.get(path_of("statuses", id, "context"))
        if not isinstance(told, dict):
            raise Unavailable("unexpected_answer")
        return tuple(told.get("ancestors") or ()), tuple(told.get("descendants") or ())

    def statuses(self, ids: Sequence[str]) -> dict[str, Raw | Gone | None]:
        """Look at statuses: each as it is now, GONE, or None where it is not to be seen (any more)."""
        found: dict[str, Raw | Gone | None] = dict(self._many(ids)) if self._gives_many and len(ids) > 1 else {}
        missing = [id for id in ids if id not in found]
        again = {id: self.status(id) for id in missing[: max(ONE_BY_ONE, len(ids) if not found else ONE_BY_ONE)]}
        if not found and len(ids) > 1 and any(isinstance(status, dict) for status in again.values()):
            self._gives_many = False
        return found | again

    def status(self, id: str) -> Raw | Gone | None:
        answer = self._server.ask("GET", path_of("statuses", id), params={"lang": "en"})
        if answer.status == 410:
            return GONE
        self._refuse_scope(answer)
        if answer.status in (401, 403, 404):
            return None
        status = self._server.answer(answer).json()
        return status if isinstance(status, dict) else None

    def _many(self, ids: Iterable[str]) -> dict[str, Raw]:
        answer = self._server.ask("GET", "/api/v1/statuses", params={"id[]": list(ids), "lang": "en"})
        self._refuse_scope(answer)
        if 400 <= answer.status < 500 and answer.status != 429:
            self._gives_many = False
            return {}
        items = self._server.answer(answer).json()
        return {id: item for item in items if (id := _id(item))} if isinstance(items, list) else {}

    def direct(self) -> tuple[Raw, ...]:
        """The newest message of each of our newest direct conversations; nothing where the server does not tell."""
        answer = self._server.ask("GET", "/api/v1/conversations", params={"limit": POSTS})
        if answer.status != 200:
            return ()
        try:
            items = answer.json()
        except Unavailable:  # a page, which says nothing of conversations
            return ()
        found = [each.get("last_status") for each in items if isinstance(each, dict)] if isinstance(items, list) else []
        return tuple(status for status in found if isinstance(status, dict))

    def _refuse_scope(self, answer: Any) -> None:
        if answer.status == 403 and read_refusal(answer).word == "scope":
            raise self._server.refusal(answer)

    def _listing(self, answer: Any) -> Listing:
        items = self._server.answer(answer).json()
        if not isinstance(items, list):
            raise Unavailable("unexpected_answer")
        return Listing(items=tuple(items), pause=pause(answer.headers, self._server.clock()))


def _id(item: Any) -> str:
    try:
        return name_of(item["id"])
    except MALFORMED:
        return ""
