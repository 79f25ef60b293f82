"""Search over real HTTP, class of words by class of words, and how soon a message is found while others come in."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from urllib.parse import urlencode

from benchmarks import ingest
from benchmarks.figures import FLOOR, HUB, HUB_POSTGRESQL, Figures, Job
from benchmarks.filled import Filled, agent_of, token_of
from benchmarks.floor.conversations import VOCABULARY, Shape
from benchmarks.floor.load import Request
from benchmarks.pages import Site
from benchmarks.servers import floor_server, hub_server
from hub.inbox.indexing import sweep
from hub.inbox.search import search_conversations
from hub.kernel.hub import Hub, open_hub
from hub.people.model import OPERATOR

COMMONEST = Job(goal="G6", title="search, the commonest word", most=5.0, growth=0.25)
MIDDLE = Job(goal="G6", title="search, a word of the middle", most=5.0, growth=0.25)
RARE = Job(goal="G6", title="search, a rare word", most=5.0, growth=0.25)
NOTHING = Job(goal="G6", title="search, a word nobody said", most=5.0, growth=0.25)
TWO = Job(goal="G6", title="search, two words of the middle", most=5.0, growth=0.25)
COMMONEST_BEGUN = Job(goal="G6", title="search, the commonest word as a beginning", most=5.0, growth=0.25)
BEGUN = Job(goal="G6", title="search, three letters", most=5.0, growth=0.25)
ONE_TEAM = Job(goal="G6", title="search, the commonest word, agent of one team", growth=0.25)
JOBS = (COMMONEST, MIDDLE, RARE, NOTHING, TWO, COMMONEST_BEGUN, BEGUN, ONE_TEAM)

FOUND = Job(goal="G2b", title="stored to found, at full ingest (p95, of 2 s)", most=1.0, unit="ms", grows=False)
_GOAL_MS = 2000.0


class SearchSite(Site):
    """A server that is searched: words are drawn anew for each request, alike at every site."""

    def words(self, job: Job) -> tuple[str, ...]:
        if job in (COMMONEST, COMMONEST_BEGUN, ONE_TEAM):
            return (VOCABULARY[0],)
        if job is RARE:
            return (VOCABULARY[self.dice.randrange(10_000, len(VOCABULARY))],)
        if job is NOTHING:
            return ("".join(self.dice.choices("0123456789", k=9)),)
        if job is BEGUN:
            return (VOCABULARY[self.dice.randrange(len(VOCABULARY))][:3],)
        return tuple(VOCABULARY[self.dice.randrange(200, 400)] for _ in range(2 if job is TWO else 1))


class FloorSearchSite(SearchSite):
    side = FLOOR

    def request(self, job: Job) -> Request:
        star = "*" if job in (COMMONEST_BEGUN, BEGUN) else ""
        query = " ".join(f'"{word}"' for word in self.words(job)) + star
        return Request(path="/search?" + urlencode({"q": query}))

    def headers(self, job: Job) -> Mapping[str, str]:
        return {}


class HubSearchSite(SearchSite):
    """The API as a program of an agent of all eight teams asks it, and of one team."""

    def __init__(self, port: int, here: Filled, side: str) -> None:
        assert here.shape is not None
        super().__init__(port, here.shape)
        self.side = side
        with contextlib.closing(open_hub(here.config)) as hub:
            # Not the first team, whose few long conversations are half of what is new.
            self._of_one = token_of(hub, agent_of(hub, "cleo", here.team_ids[3:4]))
            self._of_all = token_of(hub, agent_of(hub, "dan", here.team_ids))

    def request(self, job: Job) -> Request:
        words = self.words(job)
        quoted = " ".join(words) if job in (COMMONEST_BEGUN, BEGUN) else " ".join(f'"{word}"' for word in words)
        return Request(path="/api/v1/conversations?" + urlencode({"q": quoted, "limit": 50}))

    def headers(self, job: Job) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._of_one if job is ONE_TEAM else self._of_all}"}


@contextlib.contextmanager
def sites(
    floor_file: Path, sqlite: Filled, postgresql: Filled | None, *, warm_up: int = 40
) -> Iterator[Sequence[Site]]:
    """The servers of one size, running, each after so many searches of every job."""
    shape: Shape | None = sqlite.shape
    assert shape is not None
    with contextlib.ExitStack() as running:
        found: list[Site] = [FloorSearchSite(running.enter_context(floor_server(floor_file)), shape)]
        found.append(HubSearchSite(running.enter_context(hub_server(sqlite.config)), sqlite, HUB))
        if postgresql is not None:
            server = running.enter_context(hub_server(postgresql.config))
            found.append(HubSearchSite(server, postgresql, HUB_POSTGRESQL))
        for site in found:
            for job in JOBS:
                site.run(job, clients=1, requests=warm_up)
        yield found


def measure(figures: Figures, at: Sequence[Site], *, requests: int) -> None:
    """One round: every class of words at every site, one client."""
    for job in JOBS:
        for site in at:
            found = site.run(job, clients=1, requests=requests)
            figures.note(job, site.shape.conversations, site.side, found.p50, p95=found.p95)


def measure_found(figures: Figures, seed: int, count: int, here: Filled) -> None:
    """One round: page after page comes in while a sweep goes on; after each, its last message is looked for."""
    assert here.shape is not None
    size = here.shape.conversations
    pages = ingest.pages_of(seed + 5000, count, size, here.shape.contacts)
    with contextlib.closing(open_hub(here.config)) as hub, _swept(hub):
        times = []
        for number, (team, page) in enumerate(ingest.as_pages(pages, with_html=False)):
            word = f"found{seed}x{number}"
            marked = ingest.with_word(page, word)
            ingest.take_in(hub, here, [(team, marked)], pull=2)
            times.append(_until_found(hub, word) * 1000)
    times.sort()
    figures.note(FOUND, size, HUB, times[min(len(times) - 1, int(0.95 * len(times)))])
    figures.note(FOUND, size, FLOOR, _GOAL_MS)


def _until_found(hub: Hub, word: str) -> float:
    began = perf_counter()
    while True:
        with hub.database.reading() as session:
            if search_conversations(session, OPERATOR, f'"{word}"').hits:
                return perf_counter() - began


@contextlib.contextmanager
def _swept(hub: Hub) -> Iterator[None]:
    """As the worker does it: every second, beside the intake."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(1.0):
            sweep(hub)

    sweeping = threading.Thread(target=run)
    sweeping.start()
    try:
        yield
    finally:
        ended.set()
        sweeping.join()
