"""Ingest: pages of 100 messages, one durable transaction each, through the hub's own intake and by raw sqlite3."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from benchmarks import filled
from benchmarks.figures import FLOOR, HUB, HUB_POSTGRESQL, Figures, Job
from benchmarks.filled import Filled
from benchmarks.floor import ingest as floor
from benchmarks.floor import queries
from benchmarks.floor.conversations import Arrival
from hub.channels import store as channels
from hub.connector import Author, Incoming, Kind, Page
from hub.inbox.ingest import store_page
from hub.kernel.clock import system_clock
from hub.kernel.hub import Hub, open_hub

# The hub indexes what it took in afterwards, and outside. The goal is put against a floor that does it at once.
TEXT = Job(goal="G1", title="ingest, text only", unit="µs each")
HTML = Job(goal="G1", title="ingest, HTML cleaned", unit="µs each")
SEARCHED = Job(goal="G1", title="ingest, floor with search index", most=3.0, unit="µs each", grows=False)

NEW_THREADS, NEW_CONTACTS = 4000, 2000


def measure_empty(figures: Figures, seed: int, count: int) -> None:
    """One round on databases that are empty."""
    pages = pages_of(seed, count, NEW_THREADS, NEW_CONTACTS)
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as name:
        folder = Path(name)
        for job in (TEXT, HTML, SEARCHED):
            file, here = folder / f"{job.title}.db", folder / job.title
            queries.build(file, with_search=job is SEARCHED)
            figures.note(job, 0, FLOOR, _each(job, count, _floor(file, pages, job)))
            figures.note(job, 0, HUB, _each(job, count, _hub(filled.build(here), pages, job)))


def measure_into(
    figures: Figures, seed: int, count: int, *, floor_file: Path, sqlite: Filled, postgresql: Filled | None
) -> None:
    """One round into databases that hold conversations already; each round brings other messages."""
    shape = sqlite.shape
    assert shape is not None
    size = shape.conversations
    for job, its_seed in ((TEXT, seed), (HTML, seed + 1000), (SEARCHED, seed + 2000)):
        pages = pages_of(its_seed, count, size, shape.contacts)
        figures.note(job, size, FLOOR, _each(job, count, _floor(floor_file, pages, job)))
        figures.note(job, size, HUB, _each(job, count, _hub(sqlite, pages, job)))
        if postgresql is not None:
            figures.note(job, size, HUB_POSTGRESQL, _each(job, count, _hub(postgresql, pages, job)))


def pages_of(seed: int, count: int, threads: int, contacts: int) -> list[list[Arrival]]:
    from benchmarks.floor.conversations import arrivals

    return arrivals(count, seed=seed, threads=threads, contacts=contacts, at=filled.unix_now())


def take_in(hub: Hub, here: Filled, pages: Sequence[tuple[int, Page]], pull: int) -> float:
    """Take pages in, each for the team it belongs to, and return the seconds it took."""
    with hub.database.reading() as session:
        known = [channels.channel(session, channel_id) for channel_id in here.channel_ids]
    began = perf_counter()
    for team, page in pages:
        with hub.database.transaction() as session:
            store_page(session, known[team], page, pull=pull, now=system_clock())
    return perf_counter() - began


def incoming(message: Arrival, *, with_html: bool) -> Incoming:
    return Incoming(
        remote_id=message.remote_id,
        revision="1",
        kind=Kind.MENTION,
        author=Author(
            id=f"u{message.contact}", handle=f"u{message.contact}@example.social", name=f"User {message.contact}"
        ),
        text=message.body,
        html=f"<p>{message.body}</p>" if with_html else None,
        root_id=f"t{message.thread}",
        created_at=datetime.fromtimestamp(message.at, UTC),
    )


def with_word(page: Page, word: str) -> Page:
    """The page with a word in its last message that is nowhere else."""
    last = page.messages[-1]
    return replace(page, messages=(*page.messages[:-1], replace(last, text=f"{last.text} {word}")))


def as_pages(pages: Sequence[Sequence[Arrival]], *, with_html: bool) -> list[tuple[int, Page]]:
    """What a connector would have handed over, with the team each page is for."""
    return [
        (page[0].team, Page(cursor="1", messages=tuple(incoming(message, with_html=with_html) for message in page)))
        for page in pages
    ]


def _floor(file: Path, pages: Sequence[Sequence[Arrival]], job: Job) -> float:
    return floor.ingest(file, pages, with_html=job is HTML, with_search=job is SEARCHED)


def _hub(here: Filled, pages: Sequence[Sequence[Arrival]], job: Job) -> float:
    ready = as_pages(pages, with_html=job is HTML)
    with contextlib.closing(open_hub(here.config)) as hub:
        return take_in(hub, here, ready, pull=2)


def _each(job: Job, count: int, seconds: float) -> float:
    return seconds / count * 1_000_000
