"""A page in the making: what is told in it, and what was last told of what is watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hub.connector import Incoming, Post, Skipped, Visibility

from . import mapping
from .details import standing
from .items import id_of
from .mapping import MALFORMED, Me, Raw, Setting
from .marks import Mark, is_as_told, mark_of
from .tags import TAG

OURS = "own"
POST = "post"
"""A post of ours that answers nobody: it is no message, but may be answered without a notice."""

_WATCHED = frozenset({"mention", "status", "quote", TAG, OURS})


class Telling:
    """What one pull tells. watched: what was told before of what is looked at again, by the id of its status.

    answered: whose threads are to be read, since somebody answered there. `now` is in epoch seconds.
    """

    def __init__(self, me: Me, now: int, *, answers_quietly: bool) -> None:
        self.watched: Mapping[str, Mark] = {}
        self.messages: dict[str, Incoming] = {}
        self.posts: dict[str, Post] = {}
        self.skipped: list[Skipped] = []
        self.marks: dict[str, Mark] = {}
        self.answered: list[str] = []
        self._me = me
        self._now = now
        self._answers_quietly = answers_quietly

    def knows(self, id: str) -> bool:
        """Whether a status is watched, or told in this page."""
        return id in self.watched or id in self.marks or id in self.messages

    def tell(self, status: Raw, setting: Setting, *, skip: bool = False) -> None:
        """Add a status to the page. skip: put it with the dead letters when it cannot be read."""
        try:
            quoted = self._quoted(status) if setting.came_as == "quote" and setting.post is None else None
            message = mapping.incoming(status, self._me, replace(setting, post=setting.post or quoted))
        except MALFORMED as error:
            if skip:
                self.skipped.append(mapping.skipped(status, error))
            return
        if message.author.is_us and message.parent_id is None:
            self._recount(status)
            return  # our own posts stand above what answers them
        if self._answers_quietly and message.visibility is Visibility.PUBLIC:
            message = replace(message, reply=replace(message.reply, visibility=Visibility.UNLISTED))
        known = self.messages.get(message.remote_id)
        if known is not None and known.addressed and not message.addressed:
            return
        self.messages[message.remote_id] = message
        came_as = OURS if message.author.is_us else setting.came_as
        if came_as in _WATCHED:
            before = self.marks.get(message.remote_id) or self.watched.get(message.remote_id)
            self.marks[message.remote_id] = mark_of(status, came_as, before, self._now)
            self.count_answers(status)

    def tell_anew(self, status: Raw) -> None:
        """Tell a watched status again when it is not as it was told, and look for answers nobody told us of."""
        mark = self.watched.get(id_of(status))
        if mark is None:
            return
        if mark.came_as == POST:
            self._recount(status)
        elif not is_as_told(mark, status):
            self.tell(status, Setting(came_as=mark.came_as))
        self.count_answers(status)

    def watch_post(self, item: Any, *, is_new: bool) -> None:
        """Look for answers to a post of ours from now on; one that is new has none that we know."""
        try:
            id, before = id_of(item), self.watched.get(id_of(item))
            if before is None and not item.get("reblog"):
                mark = mark_of(item, POST, None, 0)
                self.marks[id] = replace(mark, answers=0) if is_new else mark
            elif before is not None and before.came_as == POST:
                self._recount(item)
            self.count_answers(item)
        except MALFORMED:  # the next one is another
            return

    def _recount(self, status: Raw) -> None:
        """Tell a post of ours again when its poll stands otherwise than it was told."""
        id, polled = id_of(status), standing(status)
        mark = self.marks.get(id) or self.watched.get(id)
        if not polled or (mark is not None and mark.polled == polled):
            return
        try:
            self.posts[id] = mapping.as_post(status, self._me)
        except MALFORMED:
            return
        if mark is not None:
            self.marks[id] = replace(mark, polled=polled)

    def count_answers(self, status: Raw) -> None:
        """Have the thread of a watched status read again when the number of its answers is another than before."""
        id, now = id_of(status), self._now
        mark = self.marks.get(id) or self.watched.get(id)
        if mark is not None and mark.has_other_answers(status, now):
            self.marks[id] = mark.read_thread(status, now)
            self.answered.append(id)

    def _quoted(self, status: Raw) -> Post | None:
        """What of ours a quote shows."""
        quote = status.get("quote")
        quoted = quote.get("quoted_status") if isinstance(quote, dict) else None
        if not isinstance(quoted, dict) or not mapping.is_ours(quoted, self._me):
            return None
        return mapping.as_post(quoted, self._me)
