"""Pages over real HTTP: a signed-in agent's inbox, a conversation, a reply, against the reference application."""

from __future__ import annotations

import contextlib
import itertools
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.figures import FLOOR, HUB, HUB_POSTGRESQL, Figures, Job
from benchmarks.filled import Filled, sign_in
from benchmarks.floor.conversations import TEAMS, Shape, body
from benchmarks.floor.load import Load, Request, load
from benchmarks.servers import floor_server, hub_server
from hub.kernel.hub import open_hub

INBOX = Job(goal="G4", title="inbox of 50, one team", most=5.0)
INBOX_OF_ALL = Job(goal="G4", title="inbox of 50, agent of 8 teams", most=5.0)
SHORT = Job(goal="G5", title="conversation of 20", most=5.0)
LONG = Job(goal="G5", title="conversation of 100", most=5.0)
REPLY = Job(goal="G7", title="reply", most=4.0)
JOBS = (INBOX, INBOX_OF_ALL, SHORT, LONG, REPLY)
CLIENTS = (1, 4)

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_TOKEN = re.compile(r'name="csrf_token" value="([\w-]+)"')


class Site:
    """One server under measurement."""

    side: str

    def __init__(self, port: int, shape: Shape) -> None:
        self.port = port
        self.shape = shape
        self.dice = random.Random(5)

    def request(self, job: Job) -> Request:
        """The next request of a job."""
        raise NotImplementedError

    def headers(self, job: Job) -> Mapping[str, str]:
        raise NotImplementedError

    def run(self, job: Job, *, clients: int, requests: int) -> Load:
        return load(
            self.port,
            lambda: self.request(job),
            clients=clients,
            requests=requests,
            headers=self.headers(job),
            expected=303 if job is REPLY else 200,
        )

    def one_of(self, job: Job) -> int:
        """A conversation for a job, in both databases the same."""
        if job is SHORT:
            return self.dice.choice(self.shape.long(20))
        if job is LONG:
            return self.dice.choice(self.shape.long(100))
        return self.dice.randrange(1, self.shape.conversations // TEAMS + 1) * TEAMS


class FloorSite(Site):
    side = FLOOR

    def request(self, job: Job) -> Request:
        if job in (INBOX, INBOX_OF_ALL):
            return Request(path="/inbox/0")
        if job is REPLY:
            return Request(path=f"/reply/{self.one_of(job)}", method="POST", body=urlencode({"text": body(self.dice)}))
        return Request(path=f"/c/{self.one_of(job)}")

    def headers(self, job: Job) -> Mapping[str, str]:
        return _FORM if job is REPLY else {}


class HubSite(Site):
    """The hub as two agents see it: one of the first team, one of all eight."""

    def __init__(self, port: int, here: Filled, side: str) -> None:
        assert here.shape is not None
        super().__init__(port, here.shape)
        self.side = side
        self._count = itertools.count(1)
        with contextlib.closing(open_hub(here.config)) as hub:
            self._cookie = f"hub-{port}={sign_in(hub, 'ana', here.team_ids[:1])}"
            self._cookie_of_all = f"hub-{port}={sign_in(hub, 'ben', here.team_ids)}"
        self._form_token = self._read_form_token()

    def request(self, job: Job) -> Request:
        if job in (INBOX, INBOX_OF_ALL):
            return Request(path="/inbox")
        if job is REPLY:
            form = {"csrf_token": self._form_token, "client_key": str(next(self._count)), "text": body(self.dice)}
            return Request(path=f"/conversations/{self.one_of(job)}/replies", method="POST", body=urlencode(form))
        return Request(path=f"/conversations/{self.one_of(job)}")

    def headers(self, job: Job) -> Mapping[str, str]:
        cookie = {"Cookie": self._cookie_of_all if job is INBOX_OF_ALL else self._cookie}
        return {**cookie, **_FORM, "Sec-Fetch-Site": "same-origin"} if job is REPLY else cookie

    def _read_form_token(self) -> str:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", f"/conversations/{self.shape.long(20)[0]}", headers=self.headers(SHORT))
        page = connection.getresponse().read().decode()
        connection.close()
        found = _TOKEN.search(page)
        if found is None:
            raise LookupError(f"no form in this page: {page[:500]}")
        return found[1]


@contextlib.contextmanager
def sites(
    floor_file: Path, sqlite: Filled, postgresql: Filled | None, *, warm_up: int = 40
) -> Iterator[Sequence[Site]]:
    """The servers of one size, running, each after so many requests of every job."""
    assert sqlite.shape is not None
    with contextlib.ExitStack() as running:
        found: list[Site] = [FloorSite(running.enter_context(floor_server(floor_file)), sqlite.shape)]
        found.append(HubSite(running.enter_context(hub_server(sqlite.config)), sqlite, HUB))
        if postgresql is not None:
            found.append(HubSite(running.enter_context(hub_server(postgresql.config)), postgresql, HUB_POSTGRESQL))
        for site in found:
            for job in JOBS:
                site.run(job, clients=4, requests=warm_up)
        yield found


def measure(figures: Figures, at: Sequence[Site], *, requests: int) -> None:
    """One round: every job at every site, one client, then four at once."""
    for job in JOBS:
        for clients in CLIENTS:
            for site in at:
                found = site.run(job, clients=clients, requests=requests)
                figures.note(_named(job, clients), site.shape.conversations, site.side, found.p50, p95=found.p95)


def _named(job: Job, clients: int) -> Job:
    """The goals are for one client; what four at once see stands beside."""
    return job if clients == 1 else Job(goal=job.goal, title=f"{job.title}, {clients} clients", grows=False)
