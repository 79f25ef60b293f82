"""One pull: a way down the notifications, our own posts, a look at what is watched, and the threads around it all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from hub.connector import Deleted, Incoming, Page, Post, Skipped
from hub.errors import NotFound, RateLimited, Unavailable
from hub.kernel.clock import Clock

from . import mapping
from .direct import Direct, Heard
from .items import (
    BROKEN,
    OURS,
    broken_mark,
    came_as,
    cid_of,
    date_of,
    is_for_us,
    is_missing,
    is_unclear,
    key_of,
    mark_of,
    mark_of_view,
    missing_mark,
    refs_of,
    uri_of,
)
from .mapping import MALFORMED, Me, Raw, Setting
from .progress import AT_ONCE, Progress, Walk
from .reading import Listing, Reading
from .record_keys import did_of
from .second_look import SecondLook
from .tags import TAG, read_down

OVERLAP = 48 * 3600
_DEEP_EVERY = 24 * 3600
_DEEP = 14 * 24 * 3600
_PAGES_AT_ONCE = 5
_MOST_PAGES = 50
_MOST_HISTORY_PAGES = 10
_OWN_PAGES = 3
_MOST_THREADS = 5
_MOST_SECOND_LOOKS = 5
_TIME = timedelta(seconds=25)


class Pull:
    """Collects one page. A failure on the way leaves nothing behind."""

    def __init__(self, reading: Reading, direct: Direct, me: Me, clock: Clock, *, tags: tuple[str, ...] = ()) -> None:
        self._reading = reading
        self._tags = tags
        self._direct = direct
        self._me = me
        self._clock = clock
        self._started = clock()
        self._messages: dict[str, Incoming] = {}
        self._deleted: list[Deleted] = []
        self._skipped: list[Skipped] = []
        self._marks: dict[str, str] = {}
        self._second_look = SecondLook(reading)
        self._views: dict[str, Raw] = {}
        self._pauses: list[float] = []

    def page(self, progress: Progress) -> Page:
        history = progress.history
        first = not progress.newest_at
        after = self._hear(progress)
        for step in (self._listen_to_ourselves, self._look_again, self._go_deep, self._listen_to_tags):
            if not self._is_late and (not history or (first and step == self._listen_to_ourselves)):
                after = step(after)
        if after.walk is None:
            after = self._read_threads(after)
        told = Heard(chat=after.chat) if self._is_late else self._direct.pull(after.chat, history=history and first)
        after = replace(after, history=after.walk is not None and after.history, chat=told.chat)
        after = replace(after, deep_at=self._now if history and not after.history else after.deep_at)
        return Page(
            cursor=after.watching(self._marks).dump(),
            messages=(*self._messages.values(), *told.messages),
            deleted=(*self._deleted, *told.deleted),
            skipped=(*self._skipped, *told.skipped),
            more=after.walk is not None,
            history=history,
            pull_after=max(self._pauses, default=None),
        )

    @property
    def _is_late(self) -> bool:
        """Whether a slow server has taken so long that the rest has to wait for the next pull."""
        return self._clock() - self._started > _TIME

    @property
    def _now(self) -> int:
        return int(self._started.timestamp())

    # --- notifications ------------------------------------------------------------------------------------------------

    def _hear(self, progress: Progress) -> Progress:
        """Read down from the newest, or go on where the last pull stopped."""
        walk = progress.walk or Walk(below="", until=max(progress.newest_at - OVERLAP, 0))
        newest_at = progress.newest_at or 1
        most = _MOST_HISTORY_PAGES if progress.history else _MOST_PAGES
        for _ in range(_PAGES_AT_ONCE):
            listing = self._listed(self._reading.notifications(walk.below or None))
            items = [item for item in listing.items if is_for_us(item, self._me)]
            fresh = [item for item in items if self._is_new(progress, item)]
            progress = self._take(progress, fresh)
            dates = [date_of(item) for item in listing.items]
            newest_at = max([newest_at, *(at for at in dates if at <= self._now)])
            walk = replace(
                walk,
                below=listing.below or "",
                quiet=0 if fresh or not items else walk.quiet + 1,
                pages=walk.pages + 1,
            )
            passed = bool(dates) and 0 < min(dates) < walk.until
            if not listing.below or passed or walk.quiet >= 2 or walk.pages >= most:
                return replace(progress, walk=None, newest_at=newest_at)
            if self._is_late:
                break
        return replace(progress, walk=walk, newest_at=newest_at)

    def _go_deep(self, progress: Progress) -> Progress:
        """Once a day, a page at a time, read a fortnight again: authors date their posts, and filters let go."""
        if progress.deep is None and self._now - progress.deep_at < _DEEP_EVERY:
            return progress
        listing = self._listed(self._reading.notifications(progress.deep))
        items = [item for item in listing.items if is_for_us(item, self._me)]
        progress = self._take(progress, [item for item in items if self._is_new(progress, item)])
        dates = [date_of(item) for item in listing.items]
        pages = progress.deep_pages + 1
        done = not listing.below or pages >= _MOST_PAGES or (bool(dates) and 0 < min(dates) < self._now - _DEEP)
        return replace(
            progress, deep=None if done else listing.below, deep_at=self._now, deep_pages=0 if done else pages
        )

    def _take(self, progress: Progress, items: Iterable[Any]) -> Progress:
        """Tell new notifications: as the posts they are about, which say more, where those can be seen."""
        items = list(items)
        views = self._posts(uri_of(item) for item in items)
        usable = [view for item in items if (view := views.get(uri_of(item))) is not None]
        settings, deep = self._around(progress, [*usable, *items])
        for item in reversed(items):
            came_as = str(item.get("reason")) if isinstance(item, dict) else ""
            around = settings.get(uri_of(item), mapping.CONTEXT)
            self._tell(views.get(uri_of(item)), item, setting=replace(around, came_as=came_as))
        return progress.waits_for(deep)

    def _is_new(self, progress: Progress, item: Any) -> bool:
        known = self._marks.get(key_of(item)) or progress.watched.get(key_of(item))
        return known is None or not (is_missing(known) or known.endswith(cid_of(item)))

    # --- our own posts ------------------------------------------------------------------------------------------------

    def _listen_to_ourselves(self, progress: Progress) -> Progress:
        """Tell what we wrote in other apps, and find our posts that were answered: not every answer is notified."""
        below, counts, answered = None, dict[str, int](), list[str]()
        for _ in range(_OWN_PAGES):
            listing = self._listed(self._reading.own_posts(self._me.did, below))
            met = 0
            self._views |= {uri_of(view): view for view in listing.items}
            for view in listing.items:
                uri, replies = uri_of(view), view.get("replyCount")
                met += uri in progress.counts
                counts[uri] = replies if isinstance(replies, int) else 0
                if counts[uri] > progress.counts.get(uri, 0):
                    answered.append(uri)
                if self._is_new(progress, view):
                    self._tell(view, setting=Setting(came_as=OURS))
            below = listing.below
            if met or below is None:
                break
        # At first only a few: what was answered long ago is no news, and these come as history.
        return progress.waits_for(answered if progress.counts else answered[:_MOST_THREADS]).counting(counts)

    def _listen_to_tags(self, progress: Progress) -> Progress:
        """Tell what is said under the hashtag whose turn it is. A search that fails costs only itself."""
        tagged = progress.tagged.of(self._tags, self._now)
        if not tagged.watches:
            return replace(progress, tagged=tagged)
        watch, items = tagged.watches[0], list[Raw]()
        with suppress(NotFound, RateLimited, Unavailable):
            page = partial(self._reading.tagged, watch.tag)
            items, watch = read_down(page, watch, self._me, self._now)
        fresh = [{**item, "reason": TAG} for item in items if self._is_new(progress, item)]
        return replace(self._take(progress, fresh), tagged=tagged.after(watch))

    # --- what was told before -----------------------------------------------------------------------------------------

    def _look_again(self, progress: Progress) -> Progress:
        """Read some of the watched: edits, deletions and likes taken back come without a notice."""
        uris, progress = progress.due()
        found = self._posts(uris)
        for uri, view in found.items():
            mark = progress.watched[uri]
            setting = self._setting(view, came_as(mark))
            now = mark_of_view(view, self._me, setting, self._now) if came_as(mark) != BROKEN else broken_mark(view)
            if now != mark:
                self._tell(view, setting=setting)
        missing = [uri for uri in uris if uri not in found and is_unclear(progress.watched[uri])]
        for uri, why in self._second_look.at(progress.watched, missing[:_MOST_SECOND_LOOKS]).items():
            self._deleted.append(Deleted(remote_id=uri, by=why))
            self._messages.pop(uri, None)
            self._marks[uri] = missing_mark(progress.watched[uri], why)
        return progress

    def _setting(self, view: Raw, came_as: str) -> Setting:
        """What is known around a post that was told before."""
        reply = refs_of(view)
        root = self._views.get(reply.root) if reply is not None and did_of(reply.root) == self._me.did else None
        return Setting(came_as=came_as, hidden=None if root is None else uri_of(view) in mapping.folded(root))

    # --- the threads around it ----------------------------------------------------------------------------------------

    def _around(self, progress: Progress, views: Iterable[Any]) -> tuple[dict[str, Setting], list[str]]:
        """What new posts hang on: their roots and parents. Also names those with more between than we know."""
        hung = {uri_of(view): reply for view in views if (reply := refs_of(view)) is not None}
        known = set(progress.watched) | set(self._messages)
        wanted = {uri for reply in hung.values() for uri in (reply.parent, reply.root)}
        found = self._posts(uri for uri in wanted if uri not in self._views and self._needs(uri, known, hung))
        settings, deep = dict[str, Setting](), list[str]()
        for uri, reply in hung.items():
            settings[uri] = Setting(post=self._post(reply.root))
            parent = found.get(reply.parent)
            if parent is None or (reply.parent == reply.root and settings[uri].post is not None):
                continue
            self._tell(parent, setting=Setting(came_as="context", post=settings[uri].post))
            above = refs_of(parent)
            if above is not None and above.parent not in known and above.parent not in hung:
                deep.append(uri)
        return settings, deep

    def _needs(self, uri: str, known: set[str], hung: Mapping[str, Any]) -> bool:
        return did_of(uri) == self._me.did or (uri not in known and uri not in hung)

    def _post(self, root: str) -> Post | None:
        """What a thread hangs on: a post of ours stands above it, another's is a message of it."""
        view = self._views.get(root) if did_of(root) == self._me.did else None
        try:
            return mapping.as_post(view) if view is not None else None
        except MALFORMED:
            return None

    def _read_threads(self, progress: Progress) -> Progress:
        waiting = list(progress.waiting)
        for uri in progress.waiting[:_MOST_THREADS]:
            if self._is_late:
                break
            try:
                self._read_thread(progress, uri)
            except RateLimited:
                break
            except NotFound:
                pass
            except Unavailable as error:
                if error.reason not in ("server_error", "not_json", "unexpected_answer"):
                    raise
            waiting.remove(uri)
        return replace(progress, waiting=tuple(waiting))

    def _read_thread(self, progress: Progress, uri: str) -> None:
        thread = self._reading.thread(uri)
        self._views |= {uri_of(view): view for view in thread.posts}
        for view in thread.posts:
            if not self._is_new(progress, view):
                continue
            reply = refs_of(view)
            self._tell(view, setting=Setting(post=self._post(reply.root) if reply else None))

    # --- telling ------------------------------------------------------------------------------------------------------

    def _tell(self, *tries: Any, setting: Setting) -> None:
        """Add a post to the page, in the first form that can be read; a notification nobody can read is skipped."""
        error: Exception = TypeError("nothing to read")
        for view in tries:
            try:
                message = mapping.incoming(view, self._me, setting)
            except MALFORMED as failed:
                error = failed
                continue
            self._add(message)
            return
        item = tries[-1]
        if setting.came_as not in ("context", OURS):
            self._skipped.append(mapping.skipped(item, error))
            self._marks[key_of(item)] = broken_mark(item)

    def _add(self, message: Incoming) -> None:
        if message.author.is_us and message.parent_id is None and message.correlation is None:
            return  # our own posts stand above what answers them; only a quote of somebody is written here
        known = self._messages.get(message.remote_id)
        if known is not None and known.addressed and not message.addressed:
            return
        self._messages[message.remote_id] = message
        if message.author.is_us or message.addressed:
            self._marks[message.remote_id] = mark_of(message, self._now)

    def _posts(self, uris: Iterable[str]) -> dict[str, Raw]:
        """Posts as they are now; when time is short only some."""
        wanted, found = [uri for uri in dict.fromkeys(uris) if uri], dict[str, Raw]()
        for at in range(0, len(wanted), AT_ONCE):
            if self._is_late:
                break
            found |= self._reading.posts(wanted[at : at + AT_ONCE])
        self._views |= found
        return found

    def _listed(self, listing: Listing) -> Listing:
        if listing.pause is not None:
            self._pauses.append(listing.pause)
        return listing
