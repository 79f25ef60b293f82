"""Hypothesis strategies: what a network has seen, and the many ways it may tell it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import strategies as st

from hub.connector import Author, Deleted, DeletedBy, Incoming, Kind, Moderation, Page, Post
from hub.testing.clock import START
from hub.testing.fake import US

Event = Incoming | Deleted

_PEOPLE = ("lena", "milan", "us")
_LATEST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Events of one channel. What has no time of its own must be told in the order of `chains`, one per message."""

    chains: tuple[tuple[Event, ...], ...]
    free: tuple[Event, ...]


def _author(person: str, at: datetime) -> Author:
    """As the network tells it at that time: Lena renames herself after the tenth minute."""
    if person == "us":
        return US
    renamed = person == "lena" and at >= START - timedelta(minutes=30)
    return Author(id=person, handle=f"@{person}", name="Lena Brandt-Vogel" if renamed else person.title())


@st.composite
def histories(draw: st.DrawFn, *, most: int = 6) -> History:
    """Some messages with parents known, unknown, late or circular, their edits, deletions and context."""
    count = draw(st.integers(1, most))
    ids = [f"m{number}" for number in range(1, count + 1)]
    by_post = draw(st.booleans())
    chains: list[tuple[Event, ...]] = []
    free: list[Event] = []
    for number, remote_id in enumerate(ids):
        first = draw(_creates(remote_id, ids, number, by_post=by_post))
        tellings, loose = draw(_later(first))
        chains.append((first, *tellings))
        free.extend(loose)
    if draw(st.booleans()):
        free.append(Deleted(remote_id="never-seen", at=START - timedelta(minutes=1)))
    return History(chains=tuple(chains), free=tuple(free))


@st.composite
def _creates(draw: st.DrawFn, remote_id: str, ids: list[str], number: int, *, by_post: bool) -> Incoming:
    at = START - timedelta(minutes=_LATEST) + timedelta(minutes=draw(st.integers(0, 3)) * 10)
    person = draw(st.sampled_from(_PEOPLE))
    parent = draw(st.sampled_from([None, "elsewhere", *ids]))
    root = "article" if by_post else draw(st.sampled_from([None, None, None, *ids, "elsewhere"]))
    return Incoming(
        remote_id=remote_id,
        revision="1",
        kind=draw(st.sampled_from([Kind.MENTION, Kind.REPLY])),
        author=_author(person, at),
        text=f"{remote_id} says something",
        # Two messages of one author may share a second; the network counts its ids up.
        created_at=at,
        parent_id=parent,
        root_id=root,
        post=Post(remote_id="article", title="Cleaning a cartridge") if by_post and draw(st.booleans()) else None,
        addressed=draw(st.booleans()) if person != "us" else True,
        moderation=draw(st.sampled_from([None, Moderation.SPAM])),
    )


@st.composite
def _later(draw: st.DrawFn, first: Incoming) -> tuple[list[Event], list[Event]]:
    """What is told of a message afterwards: bound to its order, and free."""
    bound: list[Event] = []
    loose: list[Event] = []
    if draw(st.booleans()):
        for number in range(draw(st.integers(0, 2))):
            at = first.created_at + timedelta(minutes=number + 1)
            loose.append(_edited(first, f"t{number}", at))
    elif draw(st.booleans()):
        bound.append(replace(first, revision="u1", text=f"{first.remote_id} thought again", moderation=None))
    if not first.addressed and draw(st.booleans()):
        # Without a time of its own an old text must not be told after a new one.
        (bound if bound else loose).append(replace(_last(first, bound), addressed=True))
    if draw(st.booleans()):
        by = draw(st.sampled_from([DeletedBy.AUTHOR, DeletedBy.MODERATION]))
        loose.append(Deleted(remote_id=first.remote_id, at=START - timedelta(minutes=2), by=by))
    if not any(isinstance(event, Incoming) for event in loose) and draw(st.integers(0, 3)) == 0:
        bound.append(Deleted(remote_id=first.remote_id, at=START, by=DeletedBy.UNAVAILABLE))
    return bound, loose


def _last(first: Incoming, told: list[Event]) -> Incoming:
    return next((event for event in reversed(told) if isinstance(event, Incoming)), first)


def _edited(first: Incoming, revision: str, at: datetime) -> Incoming:
    return replace(
        first,
        revision=revision,
        text=f"{first.remote_id} edited to {revision}",
        edited_at=at,
        moderation=Moderation.APPROVED,
        author=_author(first.author.id, at),
    )


@st.composite
def tellings(draw: st.DrawFn, history: History) -> list[list[Event]]:
    """One way to tell a history: in any order that keeps the chains, with repetitions, in pages of any size."""
    left = [list(chain) for chain in history.chains]
    loose = list(draw(st.permutations(history.free)))
    told: list[Event] = []
    while any(left) or loose:
        open_chains = [chain for chain in left if chain]
        pick = draw(st.integers(0, len(open_chains) + bool(loose) - 1))
        event = open_chains[pick].pop(0) if pick < len(open_chains) else loose.pop()
        told.append(event)
        if draw(st.integers(0, 3)) == 0:
            told.append(event)
    # What was told first may be told again at the very end, when nothing newer without a time would be undone.
    told.extend(event for event in history.free if draw(st.integers(0, 3)) == 0)
    return _paged(told, [draw(st.integers(1, 4)) for _ in told])


@st.composite
def answered(draw: st.DrawFn) -> History:
    """What a network tells after we answered `q` with "yes", which it has as `a1`: echo, edits, answers to it."""
    reserved = draw(st.sampled_from([None, "r1"]))
    echo = _said("a1", "us", parent="q", minute=1, text="yes", correlation=reserved)
    free: list[Event] = [
        _said("m2", "lena", parent="a1", minute=2),
        _said("m3", "us", parent="m2", minute=3),
        _said("m4", "milan", parent="a1", minute=4),
    ]
    if draw(st.booleans()):
        free.append(_edited(echo, "t1", echo.created_at + timedelta(minutes=1)))
    if draw(st.booleans()):
        free.append(Deleted(remote_id="a1", at=START))
    return History(chains=((echo,),), free=tuple(free))


def _said(
    remote_id: str, person: str, *, parent: str, minute: int, text: str = "", correlation: str | None = None
) -> Incoming:
    at = START - timedelta(minutes=20) + timedelta(minutes=minute)
    return Incoming(
        remote_id=remote_id,
        revision="1",
        kind=Kind.REPLY,
        author=_author(person, at),
        text=text or f"{remote_id} says something",
        created_at=at,
        parent_id=parent,
        correlation=correlation,
    )


def in_order(history: History) -> list[list[Event]]:
    """Told once, one by one, as it is written down."""
    return [[event] for event in [*(event for chain in history.chains for event in chain), *history.free]]


def _paged(told: list[Event], sizes: list[int]) -> list[list[Event]]:
    pages: list[list[Event]] = []
    for size in sizes:
        if told:
            pages.append(told[:size])
            told = told[size:]
    return pages


def described(pages: list[list[Event]]) -> str:
    """A telling in a few words a line, for whoever reads a failure."""
    return "\n".join(" | ".join(_described(event) for event in page) for page in pages)


def _described(event: Event) -> str:
    if isinstance(event, Deleted):
        return f"{event.remote_id} deleted by {event.by}"
    marks = [
        event.moderation or "",
        "" if event.addressed else "context",
        f"root {event.root_id}" if event.root_id else "",
    ]
    said = f"{event.remote_id}@{event.revision} by {event.author.id} {event.created_at:%H:%M} under {event.parent_id}"
    return " ".join([said, *filter(None, marks)])


def page_of(events: list[Event], cursor: str = "1") -> Page:
    return Page(
        cursor=cursor,
        messages=tuple(event for event in events if isinstance(event, Incoming)),
        deleted=tuple(event for event in events if isinstance(event, Deleted)),
    )
