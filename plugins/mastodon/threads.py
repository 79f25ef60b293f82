"""The threads around what is new: what it answers, what answers it, and what nobody told us of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hub.errors import AuthExpired, Gone, NotFound, RateLimited, ScopeMissing, Unavailable
from hub.kernel.clock import Clock

from . import mapping
from .items import id_of, parent_of
from .mapping import CONTEXT, MALFORMED, Me, Raw, Setting
from .progress import Progress
from .reading import Gone as GoneForEver
from .reading import Reading
from .telling import OURS, POST, Telling

LATELY = 7 * 24 * 3600
"""Seconds: what is older and was not told of is not new."""

_MOST_THREADS = 5
_MOST_OF_A_THREAD = 60
_TIME_FOR_THREADS = timedelta(seconds=15)
_BROKEN = frozenset({"server_error", "not_json", "unexpected_answer"})


class Threads:
    """Reads threads for the page of one pull, as long as there is time."""

    def __init__(self, reading: Reading, me: Me, clock: Clock, page: Telling) -> None:
        self._reading = reading
        self._me = me
        self._clock = clock
        self._started = clock()
        self._page = page

    def around(self, statuses: Sequence[Raw], progress: Progress) -> tuple[Progress, Mapping[str, Setting]]:
        """What new messages answer: the parent of each, and for deep ones the whole thread."""
        known = {id_of(status) for status in statuses}
        known |= {id for id, mark in self._page.watched.items() if mark.came_as != POST}
        parents = {id: parent_of(status) for status in statuses if (id := id_of(status)) and parent_of(status)}
        found = self._parents({parent for parent in parents.values() if parent not in known})
        settings: dict[str, Setting] = {}
        deep: list[str] = []
        for id, parent_id in parents.items():
            parent = found.get(parent_id)
            if parent is None:
                continue
            if parent.get("in_reply_to_id"):
                deep.append(id)
                self._page.tell(parent, self._as_context(parent))
                continue
            settings[id] = self._under(parent)
            if settings[id].post is None:
                self._page.tell(parent, replace(settings[id], came_as="context"))
        progress = progress.waits_for(reversed(deep))
        if progress.history:
            return progress, settings
        return self._read_threads(progress, settings)

    def _parents(self, ids: Iterable[str]) -> dict[str, Raw]:
        wanted = sorted(ids)
        found: dict[str, Raw] = {}
        while wanted:
            some, wanted = wanted[: self._reading.at_once], wanted[self._reading.at_once :]
            looked = self.seen(some)
            found |= {id: status for id, status in looked.items() if isinstance(status, dict)}
            if self._clock() - self._started > _TIME_FOR_THREADS:
                break
        return found

    def _read_threads(self, progress: Progress, settings: dict[str, Setting]) -> tuple[Progress, Mapping[str, Setting]]:
        waiting = list(progress.waiting)
        for id in progress.waiting[:_MOST_THREADS]:
            if self._clock() - self._started > _TIME_FOR_THREADS:
                break
            try:
                settings[id] = self._read_thread(id)
            except RateLimited:
                break
            except (NotFound, Gone, ScopeMissing, AuthExpired):
                pass
            except Unavailable as error:
                if error.reason not in _BROKEN:
                    raise
            waiting.remove(id)
        return replace(progress, waiting=tuple(waiting)), settings

    def _read_thread(self, id: str) -> Setting:
        """Tell the thread of one message as context; returns what the message hangs on."""
        above, below = self._reading.context(id)
        root = above[0] if above else self._reading.status(id)
        setting = self._under(root) if isinstance(root, dict) else CONTEXT
        unheard = [status for status in below if self._is_unheard(status)]
        for status in (*above[-_MOST_OF_A_THREAD:], *below[:_MOST_OF_A_THREAD]):
            if isinstance(status, dict) and id_of(status) in self._page.watched:
                self._page.tell_anew(status)
            elif isinstance(status, dict):
                self._page.tell(status, replace(setting, came_as=self._as_context(status).came_as))
        for status in unheard:
            self._page.tell(status, replace(setting, came_as="mention"))
        return setting

    def _is_unheard(self, status: Any) -> bool:
        """Whether it answers us and no notification told of it: its author left our name out."""
        try:
            answers_us = str(status.get("in_reply_to_account_id") or "") == self._me.id
            is_known = self._page.knows(id_of(status))
            return (
                answers_us
                and not is_known
                and not mapping.is_ours(status, self._me)
                and not is_old(status, int(self._started.timestamp()))
            )
        except MALFORMED:
            return False

    def _under(self, root: Raw) -> Setting:
        """What hangs on a root: on a post of ours it stands above, on another's it is a message of the thread."""
        try:
            post = mapping.as_post(root, self._me) if mapping.is_ours(root, self._me) else None
            return Setting(came_as="context", root_id=mapping.name_of(root["id"]), post=post)
        except MALFORMED:
            return CONTEXT

    def _as_context(self, status: Raw) -> Setting:
        try:
            return Setting(came_as=OURS) if mapping.is_ours(status, self._me) else CONTEXT
        except MALFORMED:
            return CONTEXT

    def seen(self, ids: Sequence[str]) -> Mapping[str, Raw | GoneForEver | None]:
        """Statuses as they are now; nothing where the token may not read them."""
        try:
            return self._reading.statuses(ids) if ids else {}
        except ScopeMissing:  # what may not be read is not gone
            return {}


def is_old(status: Raw, now: int) -> bool:
    """Whether it was said more than a week before now (epoch seconds), or nobody can tell when."""
    try:
        return int(mapping.instant(status["created_at"]).timestamp()) < now - LATELY
    except MALFORMED:
        return True
