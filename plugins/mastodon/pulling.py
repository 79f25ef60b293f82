"""One pull: a step through each of the lists, and a look at what is watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hub.connector import Deleted, DeletedBy, Page
from hub.errors import ScopeMissing
from hub.kernel.clock import Clock

from . import mapping
from .items import entry_of, id_of, is_answer, is_broken, status_of, type_of
from .mapping import CONTEXT, Me, Raw, Setting
from .marks import MISSING, read_mark
from .progress import Progress
from .reading import ForeignId, Reading
from .reading import Gone as GoneForEver
from .server import Listing
from .tags import TAG, Tagged, fresh_of
from .telling import OURS, POST, Telling
from .threads import LATELY, Threads, is_old
from .walk import MOST_HISTORY_PAGES, NAMELESS, Step, Walk

TYPES = frozenset({"mention", "status", "quote", "quoted_update", "update", "poll"})
_SWEEP_EVERY = 15 * 60
_MOST_HURRIED = 100
_CONVERSE_EVERY = 24 * 3600


class Pull:
    """Collects one page."""

    def __init__(
        self,
        reading: Reading,
        me: Me,
        clock: Clock,
        *,
        merged: str = "",
        answers_quietly: bool = False,
        tags: tuple[str, ...] = (),
    ) -> None:
        self._reading = reading
        self._tags = tags
        self._merged = merged
        self._me = me
        self._now = int(clock().timestamp())
        self._page = Telling(me, self._now, answers_quietly=answers_quietly)
        self._threads = Threads(reading, me, clock, self._page)
        self._deleted: list[Deleted] = []
        self._has_history = False
        self._pauses: list[float] = []

    def page(self, progress: Progress) -> Page:
        """Everything of one step; a failure on the way leaves nothing behind."""
        history = self._has_history = progress.history
        self._page.watched = {id: read_mark(kept) for id, kept in progress.watched.items()}
        after, heard_more = self._hear(progress)
        after, said_more = self._listen_to_ourselves(after)
        after, tagged_more = self._listen_to_tags(after)
        more = heard_more or said_more or tagged_more
        if history:
            after = self._after_history(after)
            more = more or after.history
        else:
            after = self._look_again(after)
            after = self._sweep(after)
            after = self._converse(after)
            more = more or after.hurries
        return Page(
            cursor=after.waits_for(self._page.answered)
            .watching({id: mark.dump() for id, mark in self._page.marks.items()})
            .dump(),
            messages=tuple(self._page.messages.values()),
            deleted=tuple(self._deleted),
            posts=tuple(self._page.posts.values()),
            skipped=tuple(self._page.skipped),
            more=more,
            history=history,
            pull_after=max(self._pauses, default=None),
        )

    # --- the two lists ----------------------------------------------------------------------------------------------

    def _hear(self, progress: Progress) -> tuple[Progress, bool]:
        """A step through our notifications."""
        if progress.history and not progress.heard.is_walking:
            return progress, False
        try:
            listing = self._listed(self._reading.notifications(progress.heard.params))
        except ForeignId:
            return replace(progress, heard=Walk(), history=True), True
        except ScopeMissing:  # the connection test warns of it; the rest works
            return replace(progress, heard=progress.heard.ended), False
        step = progress.heard.took([entry_of(item) for item in listing.items])
        if step.lost:
            return replace(progress, heard=step.walk, history=True), True
        progress = self._take_notifications(replace(progress, heard=step.walk), listing.items, step)
        return progress, step.more

    def _take_notifications(self, progress: Progress, items: Sequence[Any], step: Step) -> Progress:
        fresh = set(step.fresh)
        new: list[tuple[Raw, str]] = []
        for item in reversed(items):
            status = status_of(item)
            if entry_of(item).id not in fresh:
                if status is not None:
                    self._page.tell_anew(status)
            elif is_broken(item):
                self._page.skipped.append(mapping.skipped(item, TypeError("not a notification")))
            elif status is not None and type_of(item) in TYPES:
                known = self._page.watched.get(id_of(status))
                new.append((status, known.came_as if known else type_of(item)))
        progress, settings = self._threads.around([status for status, _ in new], progress)
        for status, came_as in new:
            self._page.tell(status, replace(settings.get(id_of(status), CONTEXT), came_as=came_as), skip=True)
        return progress

    def _listen_to_ourselves(self, progress: Progress) -> tuple[Progress, bool]:
        """A step through our own posts: answers given in the network's own apps, and the echoes of ours."""
        if progress.history and not progress.said.is_walking:
            return progress, False
        try:
            listing = self._listed(self._reading.own_posts(self._me.id, progress.said.params))
        except ForeignId:
            return replace(progress, said=Walk(), history=True), True
        except ScopeMissing:
            return replace(progress, said=progress.said.ended), False
        step = progress.said.took([entry_of(item) for item in listing.items])
        fresh = set(step.fresh)
        for item in reversed(listing.items):
            if is_answer(item) and entry_of(item).id in fresh:
                self._page.tell(item, Setting(came_as=OURS), skip=True)
            elif is_answer(item):
                self._page.tell_anew(item)
            elif not progress.history:
                self._page.watch_post(item, is_new=entry_of(item).id in fresh)
        return replace(progress, said=step.walk, history=progress.history or step.lost), step.more

    def _listen_to_tags(self, progress: Progress) -> tuple[Progress, bool]:
        """A step through what is said under the hashtags we watch."""
        before = progress.tagged.of(self._tags)
        if not self._tags or (self._has_history and before.walk.newest_at):
            return replace(progress, tagged=before), False
        try:
            listing = self._reading.tagged(self._tags, before.walk.params)
        except ForeignId:
            return replace(progress, tagged=Tagged()), False
        if listing is None:  # the connection test warns of it; the rest works
            return progress, False
        tagged, step = before.took(self._listed(listing).items)
        new = [each for each in fresh_of(listing.items, step) if not self._page.knows(id_of(each))]
        progress, settings = self._threads.around(new, replace(progress, tagged=tagged))
        for status in new:
            self._page.tell(status, replace(settings.get(id_of(status), CONTEXT), came_as=TAG), skip=True)
        return progress, step.more

    def _after_history(self, progress: Progress) -> Progress:
        if progress.heard.is_walking or progress.said.is_walking:
            return progress
        now = self._now
        return replace(progress, history=False, swept_at=now, conversed_at=now)

    # --- what was told before -----------------------------------------------------------------------------------------

    def _look_again(self, progress: Progress) -> Progress:
        """Read some of the watched: edits, deletions and lost visibility come without a notice."""
        ids, progress = progress.due(self._reading.at_once)
        marks: dict[str, str] = {}
        forgotten: list[str] = []
        for id, status in self._threads.seen(ids).items():
            before = self._page.watched[id]
            if isinstance(status, dict):
                self._page.tell_anew(status)
            elif before.came_as == POST or before.is_missing:
                forgotten.append(id)
            elif isinstance(status, GoneForEver):
                self._deleted.append(Deleted(remote_id=id, by=DeletedBy.AUTHOR))
                forgotten.append(id)
            else:
                self._deleted.append(Deleted(remote_id=id, by=DeletedBy.UNAVAILABLE))
                marks[id] = replace(before, seen=MISSING).dump()
        return progress.marked(marks, forgotten)

    def _sweep(self, progress: Progress) -> Progress:
        """Slowly read a week of notifications once more: filtered ones that were let in later keep their old ids."""
        now = self._now
        if self._merged and self._merged != progress.merged:
            progress = replace(progress, merged=self._merged, hurries=True, sweep=None, swept=0)
        if now - progress.swept_at < _SWEEP_EVERY and not progress.hurries:
            return progress
        try:
            listing = self._listed(self._reading.notifications({"max_id": progress.sweep} if progress.sweep else {}))
        except (ForeignId, ScopeMissing):
            return replace(progress, sweep=None, swept_at=now, swept=0, hurries=False)
        for item in reversed(listing.items):
            status = status_of(item)
            if status is not None and id_of(status) in self._page.watched:
                self._page.tell_anew(status)
            elif status is not None and type_of(item) in TYPES:
                self._page.tell(status, Setting(came_as=type_of(item)))
        entries = [entry_of(item) for item in listing.items]
        last = next((entry for entry in reversed(entries) if not entry.id.startswith(NAMELESS)), None)
        most = _MOST_HURRIED if progress.hurries else MOST_HISTORY_PAGES
        done = last is None or last.at < now - LATELY or progress.swept + 1 >= most
        return replace(
            progress,
            sweep=None if done or last is None else last.id,
            swept_at=now,
            swept=0 if done else progress.swept + 1,
            hurries=progress.hurries and not done,
        )

    def _converse(self, progress: Progress) -> Progress:
        """Once a day look through the newest direct conversations for what no notification told of."""
        now = self._now
        if now - progress.conversed_at < _CONVERSE_EVERY:
            return progress
        for status in self._reading.direct():
            if not self._page.knows(id_of(status)) and not is_old(status, now):
                self._page.tell(status, Setting(came_as="mention"))
        return replace(progress, conversed_at=now)

    def _listed(self, listing: Listing) -> Listing:
        if listing.pause is not None:
            self._pauses.append(listing.pause)
        return listing
