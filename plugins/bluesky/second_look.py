"""Why a post that we knew is missing from a list: deleted, shut to us, or its author's account is away.

A list leaves all of them out alike. What its thread and its author's profile answer tells them apart; only whether the
author or a moderator took a post away nobody tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub.connector import DeletedBy
from hub.errors import NotFound, Rejected, Unavailable

from .items import is_missing
from .mapping import Raw
from .reading import Reading
from .record_keys import did_of

GONE = DeletedBy.UNAVAILABLE
"""Nobody has it. One answer like that may be a fault of an index: only the second is taken for a deletion."""


def demand(reading: Reading, uri: str) -> Raw:
    """A post shortly before something is done with it. Raises NotFound, and Rejected where we cannot see it."""
    view = reading.look_at(uri)
    if view is not None:
        return view
    why = SecondLook(reading).why_missing(uri)
    if why is DeletedBy.BLOCKED:
        raise Rejected("blocked_by_author")
    if why is DeletedBy.ACCOUNT:
        raise Rejected("author_away")
    raise NotFound("missing") if why is GONE else Unavailable("unexpected_answer")


class SecondLook:
    """Looks of one pull; an author is asked for once. Raises the errors of hub.errors."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._away: dict[str, bool] = {}

    def at(self, watched: Mapping[str, str], missing: Iterable[str]) -> dict[str, DeletedBy]:
        """What became of posts that are not to be seen, by uri; those that are there are left out."""
        found = {uri: why for uri in missing if (why := self.why_missing(uri)) is not None}
        return {
            uri: DeletedBy.AUTHOR if why is GONE and is_missing(watched[uri]) else why for uri, why in found.items()
        }

    def why_missing(self, uri: str) -> DeletedBy | None:
        """None: it is there."""
        try:
            thread = self._reading.thread(uri, depth=0, height=0)
        except NotFound:
            return self._why_not_found(uri)
        if uri in thread.blocked:
            return DeletedBy.BLOCKED
        return self._why_not_found(uri) if uri in thread.hidden else None

    def _why_not_found(self, uri: str) -> DeletedBy:
        did = did_of(uri)
        if did not in self._away:
            self._away[did] = self._reading.is_away(did)
        return DeletedBy.ACCOUNT if self._away[did] else GONE
