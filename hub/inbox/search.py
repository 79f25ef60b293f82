"""Finds conversations by what was said in them, the one with the newest hit first.

By hits and not by the conversations' last activity: the index yields them in this order without looking at the others,
and a page that is gone on from stays where it was while new messages come in.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from hub.channels import store as channels
from hub.inbox.model import ConversationState, Line
from hub.inbox.store import conversations
from hub.inbox.store import search as store
from hub.inbox.store.search import Place, Reach
from hub.inbox.words import Question, ask
from hub.kernel.database import Session
from hub.people.authorize import Action, authorize, visible_teams
from hub.people.model import Actor

UNSWEPT = 5000
"""Changes that are looked through one by one because the sweep has not come to them."""

_MOST_HITS = 20_000
"""Hits that are looked at for one page; where most cannot be seen, the page is cut short and says where to go on."""

_FIRST_HITS = 64
"""Hits that the index is asked for at first; then three times as many."""

_PORTION = 64
"""Hits that are at first held against what the person may see; then twice as many."""

_WINDOWS = (250, 2000)
"""Newest messages that are looked through before the index is asked, where asking it costs more the more it finds."""

_MOST_ROWS = 100_000
"""Messages that are looked through for one page, where what is asked for is common."""

_COMMON = 100
"""What is in one of so many of the newest messages is found sooner by looking through them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A conversation that was found, and our id of its newest message that answers the question."""

    line: Line
    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page of what was found. `further` goes on where it ends, as `after`; empty at the end of everything.

    A page with a `further` may hold fewer hits than asked for, even none.
    """

    hits: tuple[Hit, ...]
    further: str


def search_conversations(
    session: Session,
    who: Actor,
    typed: str,
    *,
    state: ConversationState | None = None,
    channel_id: int | None = None,
    after: str = "",
    limit: int = 50,
) -> Found:
    """Find the conversations this person may see in which one message holds every word and "phrase" of what was typed.

    Whatever is typed is taken literally; the last word may be the beginning of one. `after`: the `further` of the page
    before; anything else begins at the newest. Raises Absent for a channel that the person may not read.
    """
    authorize(who, Action.READ_CONVERSATION)
    if channel_id is not None:
        authorize(who, Action.READ_CHANNEL, channels.channel(session, channel_id))
    teams = visible_teams(who)
    question = ask(typed)
    if not question.terms:
        return Found(hits=(), further="")
    reach = Reach(
        teams=None if teams is None else tuple(sorted(teams)),
        channel_id=channel_id or 0,
        state=state.value if state else "",
    )
    search = _Search(session=session, question=question, reach=reach, mark=parse_mark(after))
    return search.page(limit)


def parse_mark(text: str) -> int | None:
    """The place a page ended at, from the `further` it gave; None when it is none of ours."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    return min(int(text), store.HIGHEST)


@dataclass(kw_only=True)
class _Search:
    """One page on its way. mark: the place the page before ended at; end: where looking was given up, if it was."""

    session: Session
    question: Question
    reach: Reach
    mark: int | None
    end: int = 0
    _shown: dict[int, bool] = field(default_factory=dict)

    def page(self, limit: int) -> Found:
        found: dict[int, Place] = {}
        for place in self._places():
            if place.conversation_id in found or self._was_shown(place.conversation_id):
                continue
            if len(found) == limit:
                return self._found(found, further=min(each.id for each in found.values()))
            found[place.conversation_id] = place
        return self._found(found, further=self.end)

    def _found(self, places: Mapping[int, Place], *, further: int) -> Found:
        lines = conversations.these_lines(self.session, list(places))
        hits = [Hit(line=lines[each], message_id=place.message_id) for each, place in places.items() if each in lines]
        return Found(hits=tuple(hits), further=str(further) if further else "")

    def _places(self) -> Iterator[Place]:
        """Every visible hit below the mark, newest first, as far as it is looked."""
        before = store.HIGHEST if self.mark is None else self.mark
        below = [place for place in self._unswept if place.id < before]
        for place in heapq.merge(below, self._indexed(before), key=_id, reverse=True):
            if place.id < self.end:
                return
            yield place

    @cached_property
    def _unswept(self) -> list[Place]:
        """Hits that the index does not know yet: a message is found as soon as it is stored."""
        return sorted(store.unswept(self.session, self.question, self.reach, most=UNSWEPT), key=_id, reverse=True)

    def _indexed(self, before: int) -> Iterator[Place]:
        """The visible hits below a place that the index knows, in portions, as few of them as are wanted."""
        find = self._step_by_step if store.is_incremental(self.session, self.question) else self._by_windows
        portion = _PORTION
        for hits in find(before):
            start = 0
            while start < len(hits):
                yield from store.visible(self.session, hits[start : start + portion], self.reach)
                start, portion = start + portion, min(portion * 2, _PORTION * 16)

    def _step_by_step(self, before: int, most: int = 0) -> Iterator[list[int]]:
        """Ask the index for some hits, then for more."""
        looked_at, most = 0, most or _FIRST_HITS
        while looked_at < _MOST_HITS:
            hits = store.hits(self.session, self.question, before=before, most=most)
            yield hits
            if len(hits) < most:
                return
            before, looked_at, most = hits[-1], looked_at + most, most * 3
        self.end = before

    def _by_windows(self, before: int) -> Iterator[list[int]]:
        """Look through the newest messages; what is rare there is then asked of the index."""
        found = looked_through = 0
        for rows in _WINDOWS:
            hits = store.among_newest(self.session, self.question, before=before, rows=rows)
            yield hits
            found, looked_through = found + len(hits), looked_through + rows
            before = store.end_of_newest(self.session, before=before, rows=rows)
            if not before:
                return
            if found * _COMMON < looked_through:
                yield from self._step_by_step(before, _MOST_HITS // 10)
                return
        yield from self._on_and_on(before, rows=2 * _WINDOWS[-1])

    def _on_and_on(self, before: int, *, rows: int) -> Iterator[list[int]]:
        looked_at = looked_through = 0
        while looked_at < _MOST_HITS and looked_through < _MOST_ROWS:
            hits = store.among_newest(self.session, self.question, before=before, rows=rows)
            yield hits
            before = store.end_of_newest(self.session, before=before, rows=rows)
            if not before:
                return
            looked_at, looked_through, rows = looked_at + len(hits), looked_through + rows, rows * 2
        self.end = before

    def _was_shown(self, conversation_id: int) -> bool:
        """Whether a page before this one shows the conversation, for a newer hit."""
        if self.mark is None:
            return False
        if conversation_id not in self._shown:
            newer = any(each.conversation_id == conversation_id and each.id >= self.mark for each in self._unswept)
            self._shown[conversation_id] = newer or store.is_found_above(
                self.session, self.question, self.reach, conversation_id, mark=self.mark
            )
        return self._shown[conversation_id]


def _id(place: Place) -> int:
    return place.id
