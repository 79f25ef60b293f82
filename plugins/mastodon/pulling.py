"""One pull: a step through each of the two lists, a look at what is watched, and the threads around what is new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hub.connector import Deleted, DeletedBy, Incoming, Page, Post, Skipped, Visibility
from hub.errors import AuthExpired, Gone, NotFound, RateLimited, ScopeMissing, Unavailable
from hub.kernel.clock import Clock

from . import mapping
from .items import entry_of, id_of, is_answer, is_broken, parent_of, status_of, type_of
from .mapping import CONTEXT, MALFORMED, Me, Raw, Setting
from .marks import MISSING, Mark, is_as_told, mark_of, read_mark
from .progress import Progress
from .reading import ForeignId, Reading
from .reading import Gone as GoneForEver
from .server import Listing
from .tags import TAG, Tagged, fresh_of
from .walk import MOST_HISTORY_PAGES, NAMELESS, Step, Walk

TYPES = frozenset({"mention", "status", "quote", "quoted_update", "update", "poll"})
OURS = "own"
POST = "post"
"""A post of ours that answers nobody: it is no message, but may be answered without a notice."""

_WATCHED = frozenset({"mention", "status", "quote", TAG, OURS})
_MOST_THREADS = 5
_MOST_OF_A_THREAD = 60
_TIME_FOR_THREADS = timedelta(seconds=15)
_SWEEP_EVERY = 15 * 60
_MOST_HURRIED = 100
_CONVERSE_EVERY = 24 * 3600
_SWEEP_BACK = 7 * 24 * 3600
_BROKEN = frozenset({"server_error", "not_json", "unexpected_answer"})


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
        self._answers_quietly = answers_quietly
        self._merged = merged
        self._me = me
        self._clock = clock
        self._started = clock()
        self._messages: dict[str, Incoming] = {}
        self._deleted: list[Deleted] = []
        self._skipped: list[Skipped] = []
        self._has_history = False
        self._watched: dict[str, Mark] = {}
        self._marks: dict[str, Mark] = {}
        self._answered: list[str] = []
        self._pauses: list[float] = []

    def page(self, progress: Progress) -> Page:
        """Everything of one step; a failure on the way leaves nothing behind."""
        history = self._has_history = progress.history
        self._watched = {id: read_mark(kept) for id, kept in progress.watched.items()}
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
            cursor=after.waits_for(self._answered)
            .watching({id: mark.dump() for id, mark in self._marks.items()})
            .dump(),
            messages=tuple(self._messages.values()),
            deleted=tuple(self._deleted),
            skipped=tuple(self._skipped),
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
                    self._tell_anew(status)
            elif is_broken(item):
                self._skipped.append(mapping.skipped(item, TypeError("not a notification")))
            elif status is not None and type_of(item) in TYPES:
                known = self._watched.get(id_of(status))
                new.append((status, known.came_as if known else type_of(item)))
        progress, settings = self._around([status for status, _ in new], progress)
        for status, came_as in new:
            self._tell(status, replace(settings.get(id_of(status), CONTEXT), came_as=came_as), skip=True)
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
                self._tell(item, Setting(came_as=OURS), skip=True)
            elif is_answer(item):
                self._tell_anew(item)
            elif not progress.history:
                self._watch_post(item, is_new=entry_of(item).id in fresh)
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
        new = [each for each in fresh_of(listing.items, step, self._me) if not self._knows(each)]
        progress, settings = self._around(new, replace(progress, tagged=tagged))
        for status in new:
            self._tell(status, replace(settings.get(id_of(status), CONTEXT), came_as=TAG), skip=True)
        return progress, step.more

    def _knows(self, status: Raw) -> bool:
        return id_of(status) in self._watched or id_of(status) in self._marks

    def _after_history(self, progress: Progress) -> Progress:
        if progress.heard.is_walking or progress.said.is_walking:
            return progress
        now = int(self._started.timestamp())
        return replace(progress, history=False, swept_at=now, conversed_at=now)

    # --- what was told before -----------------------------------------------------------------------------------------

    def _look_again(self, progress: Progress) -> Progress:
        """Read some of the watched: edits, deletions and lost visibility come without a notice."""
        ids, progress = progress.due(self._reading.at_once)
        marks: dict[str, str] = {}
        forgotten: list[str] = []
        for id, status in self._seen(ids).items():
            before = self._watched[id]
            if isinstance(status, dict):
                self._tell_anew(status)
            elif before.came_as == POST or before.is_missing:
                forgotten.append(id)
            elif isinstance(status, GoneForEver):
                self._deleted.append(Deleted(remote_id=id, by=DeletedBy.AUTHOR))
                forgotten.append(id)
            else:
                self._deleted.append(Deleted(remote_id=id, by=DeletedBy.UNAVAILABLE))
                marks[id] = replace(before, seen=MISSING).dump()
        return progress.marked(marks, forgotten)

    def _seen(self, ids: Sequence[str]) -> Mapping[str, Raw | GoneForEver | None]:
        try:
            return self._reading.statuses(ids) if ids else {}
        except ScopeMissing:  # what may not be read is not gone
            return {}

    def _sweep(self, progress: Progress) -> Progress:
        """Slowly read a week of notifications once more: filtered ones that were let in later keep their old ids."""
        now = int(self._started.timestamp())
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
            if status is not None and id_of(status) in self._watched:
                self._tell_anew(status)
            elif status is not None and type_of(item) in TYPES:
                self._tell(status, Setting(came_as=type_of(item)))
        entries = [entry_of(item) for item in listing.items]
        last = next((entry for entry in reversed(entries) if not entry.id.startswith(NAMELESS)), None)
        most = _MOST_HURRIED if progress.hurries else MOST_HISTORY_PAGES
        done = last is None or last.at < now - _SWEEP_BACK or progress.swept + 1 >= most
        return replace(
            progress,
            sweep=None if done or last is None else last.id,
            swept_at=now,
            swept=0 if done else progress.swept + 1,
            hurries=progress.hurries and not done,
        )

    def _converse(self, progress: Progress) -> Progress:
        """Once a day look through the newest direct conversations for what no notification told of."""
        now = int(self._started.timestamp())
        if now - progress.conversed_at < _CONVERSE_EVERY:
            return progress
        for status in self._reading.direct():
            known = id_of(status) in progress.watched or id_of(status) in self._messages
            if not known and not self._is_old(status, now):
                self._tell(status, Setting(came_as="mention"))
        return replace(progress, conversed_at=now)

    def _is_old(self, status: Raw, now: int) -> bool:
        try:
            return int(mapping.instant(status["created_at"]).timestamp()) < now - _SWEEP_BACK
        except MALFORMED:
            return True

    # --- the threads around it ----------------------------------------------------------------------------------------

    def _around(self, statuses: Sequence[Raw], progress: Progress) -> tuple[Progress, Mapping[str, Setting]]:
        """What new messages answer: the parent of each, and for deep ones the whole thread."""
        known = {id_of(status) for status in statuses}
        known |= {id for id, mark in self._watched.items() if mark.came_as != POST}
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
                self._tell(parent, self._as_context(parent))
                continue
            settings[id] = self._under(parent)
            if settings[id].post is None:
                self._tell(parent, replace(settings[id], came_as="context"))
        progress = progress.waits_for(reversed(deep))
        if progress.history:
            return progress, settings
        return self._read_threads(progress, settings)

    def _parents(self, ids: Iterable[str]) -> dict[str, Raw]:
        wanted = sorted(ids)
        found: dict[str, Raw] = {}
        while wanted:
            some, wanted = wanted[: self._reading.at_once], wanted[self._reading.at_once :]
            looked = self._seen(some)
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
            if isinstance(status, dict) and id_of(status) in self._watched:
                self._tell_anew(status)
            elif isinstance(status, dict):
                self._tell(status, replace(setting, came_as=self._as_context(status).came_as))
        for status in unheard:
            self._tell(status, replace(setting, came_as="mention"))
        return setting

    def _is_unheard(self, status: Any) -> bool:
        """Whether it answers us and no notification told of it: its author left our name out."""
        try:
            answers_us = str(status.get("in_reply_to_account_id") or "") == self._me.id
            is_known = id_of(status) in self._watched or id_of(status) in self._messages
            now = int(self._started.timestamp())
            return (
                answers_us and not is_known and not mapping.is_ours(status, self._me) and not self._is_old(status, now)
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

    # --- telling ------------------------------------------------------------------------------------------------------

    def _tell(self, status: Raw, setting: Setting, *, skip: bool = False) -> None:
        """Add a status to the page. skip: put it with the dead letters when it cannot be read."""
        try:
            quoted = self._quoted(status) if setting.came_as == "quote" and setting.post is None else None
            message = mapping.incoming(status, self._me, replace(setting, post=setting.post or quoted))
        except MALFORMED as error:
            if skip:
                self._skipped.append(mapping.skipped(status, error))
            return
        if message.author.is_us and message.parent_id is None:
            return  # our own posts stand above what answers them
        if self._answers_quietly and message.visibility is Visibility.PUBLIC:
            message = replace(message, reply=replace(message.reply, visibility=Visibility.UNLISTED))
        known = self._messages.get(message.remote_id)
        if known is not None and known.addressed and not message.addressed:
            return
        self._messages[message.remote_id] = message
        came_as = OURS if message.author.is_us else setting.came_as
        if came_as in _WATCHED:
            before = self._marks.get(message.remote_id) or self._watched.get(message.remote_id)
            self._marks[message.remote_id] = mark_of(status, came_as, before, int(self._started.timestamp()))
            self._count_answers(status)

    def _tell_anew(self, status: Raw) -> None:
        """Tell a watched status again when it is not as it was told, and look for answers nobody told us of."""
        mark = self._watched.get(id_of(status))
        if mark is None:
            return
        if mark.came_as != POST and not is_as_told(mark, status):
            self._tell(status, Setting(came_as=mark.came_as))
        self._count_answers(status)

    def _watch_post(self, item: Any, *, is_new: bool) -> None:
        """Look for answers to a post of ours from now on; one that is new has none that we know."""
        try:
            id, before = id_of(item), self._watched.get(id_of(item))
            if before is None and not item.get("reblog"):
                mark = mark_of(item, POST, None, 0)
                self._marks[id] = replace(mark, answers=0) if is_new else mark
            self._count_answers(item)
        except MALFORMED:  # the next one is another
            return

    def _count_answers(self, status: Raw) -> None:
        id, now = id_of(status), int(self._started.timestamp())
        mark = self._marks.get(id) or self._watched.get(id)
        if mark is not None and mark.has_other_answers(status, now):
            self._marks[id] = mark.read_thread(status, now)
            self._answered.append(id)

    def _quoted(self, status: Raw) -> Post | None:
        """What of ours a quote shows."""
        quote = status.get("quote")
        quoted = quote.get("quoted_status") if isinstance(quote, dict) else None
        if not isinstance(quoted, dict) or not mapping.is_ours(quoted, self._me):
            return None
        return mapping.as_post(quoted, self._me)

    def _listed(self, listing: Listing) -> Listing:
        if listing.pause is not None:
            self._pauses.append(listing.pause)
        return listing
