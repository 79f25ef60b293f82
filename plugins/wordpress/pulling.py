"""One pull: a slice of the list of comments, what changed in it, and what is gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hub.connector import Deleted, DeletedBy, Incoming, Page, Skipped
from hub.errors import Gone, NotFound, Rejected, ScopeMissing, Unavailable

from . import mapping
from .mapping import FIELDS, POST_FIELDS, Article, Me
from .progress import PAGE, Progress, Slice
from .site import Site

COMMENTS = "wp/v2/comments"
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


class Pull:
    """Collects one page. Articles are fetched once per pull, in batches."""

    def __init__(self, site: Site, me: Me) -> None:
        self._site = site
        self._me = me
        self._articles: dict[int, Article | None] = {}
        self._messages: list[Incoming] = []
        self._deleted: list[Deleted] = []
        self._skipped: list[Skipped] = []

    def page(self, progress: Progress) -> Page:
        """The next step of a walk; once it has ended, one older slice besides."""
        history, offset = progress.history, progress.offset
        slice, items = self._slice(offset)
        after = self._take(progress, slice, items).walked(slice)
        if not after.offset and not history:
            after = self._sweep(after, slice)
        return Page(
            cursor=after.dump(),
            messages=tuple(sorted(self._messages, key=lambda message: int(message.remote_id))),
            deleted=tuple(self._deleted),
            skipped=tuple(self._skipped),
            more=bool(after.offset),
            history=history,
        )

    def _sweep(self, progress: Progress, newest: Slice) -> Progress:
        if newest.ends or progress.oldest_seen >= min(newest.ids, default=0):
            return progress
        slice, items = self._slice(progress.sweep)
        if progress.forgets:
            items = [item for item in items if (_id(item) or 0) >= progress.oldest_seen]
        return self._take(progress, slice, items).swept(slice)

    def _slice(self, offset: int) -> tuple[Slice, list[Any]]:
        listing = self._site.list(COMMENTS, self._params(offset=offset, orderby="id", order="desc"))
        total = (
            listing.total if listing.total is not None else offset + len(listing.items) + (len(listing.items) == PAGE)
        )
        ids = tuple(id for item in listing.items if (id := _id(item)) is not None)
        return Slice(offset=offset, ids=ids, ends=offset + PAGE >= total), list(listing.items)

    def _params(self, **more: Any) -> dict[str, Any]:
        """As much as this account may ask for: every state, and e-mail addresses to tell visitors apart."""
        params = {"per_page": PAGE, "_fields": FIELDS, **more}
        if self._me.edits:
            params["status"] = "any"
        if self._me.moderates:
            params["context"] = "edit"
        return params

    def _take(self, progress: Progress, slice: Slice, items: list[Any]) -> Progress:
        """Keep what is new or changed, and look closer at what should have been there."""
        missing = slice.misses(progress.seen)[:PAGE]
        gone: set[int] = set()
        if missing:
            again = self._site.list(COMMENTS, self._params(include=",".join(map(str, missing)))).items
            gone = set(missing) - {id for item in again if (id := _id(item)) is not None}
            items = [*items, *again]
            by = DeletedBy.MODERATION if self._me.moderates else DeletedBy.UNAVAILABLE
            self._deleted += [Deleted(remote_id=str(id), by=by) for id in sorted(gone)]
        return progress.saw(self._read(items, progress.seen), gone)

    def _read(self, items: list[Any], seen: Mapping[int, str]) -> dict[int, str]:
        self._fetch_articles(items)
        revisions: dict[int, str] = {}
        for item in items:
            try:
                message = mapping.incoming(item, self._articles.get(item["post"]), self._me, self._site.home)
                number = int(item["id"])
            except _MALFORMED as error:
                self._note_malformed(item, error, seen, revisions)
                continue
            if seen.get(number) != message.revision and number not in revisions:
                self._messages.append(message)
            revisions[number] = message.revision
        return revisions

    def _note_malformed(self, item: Any, error: Exception, seen: Mapping[int, str], revisions: dict[int, str]) -> None:
        """To the dead letters once, not at every pull."""
        skipped, number = mapping.skipped(item, error), _id(item)
        if number is not None:
            revisions[number] = mapping.fingerprint(skipped.raw)
            if seen.get(number) == revisions[number]:
                return
        self._skipped.append(skipped)

    def _fetch_articles(self, items: Iterable[Any]) -> None:
        wanted: dict[str, set[int]] = {}
        for item in items:
            post = item.get("post") if isinstance(item, dict) else None
            if isinstance(post, int) and post not in self._articles:
                wanted.setdefault(mapping.post_route(item), set()).add(post)
        for route, posts in wanted.items():
            self._articles |= dict.fromkeys(posts)
            for raw in self._posts(route, sorted(posts)):
                try:
                    self._articles[int(raw["id"])] = mapping.article(raw)
                except _MALFORMED:
                    continue

    def _posts(self, route: str, posts: list[int]) -> tuple[Any, ...]:
        """Posts of one type; none where this type may not be read: their comments still may."""
        params = {"include": ",".join(map(str, posts)), "per_page": PAGE, "_fields": POST_FIELDS}
        try:
            return self._site.list(route, params).items
        except (Gone, NotFound, Rejected, ScopeMissing):
            return ()
        except Unavailable as error:
            if error.reason in ("rest_off", "http_404"):
                return ()
            raise


def _id(item: Any) -> int | None:
    try:
        return int(item["id"])
    except _MALFORMED:
        return None
