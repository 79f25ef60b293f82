"""Webhooks over real HTTP, by one poster and by eight, against the reference's /intake; and until they are taken in."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter

from hub_plugins.webhook.signing import make_secret, signed_headers

from benchmarks.figures import FLOOR, HUB, HUB_POSTGRESQL, Figures, Job
from benchmarks.filled import Filled
from benchmarks.floor.conversations import body
from benchmarks.floor.load import Load, Request, load
from benchmarks.pages import Site
from benchmarks.servers import floor_server, hub_server
from hub.channels.children import ChildConnectors
from hub.channels.connect import add_channel
from hub.channels.webhook import store
from hub.inbox.pull import pull_now
from hub.kernel.clock import system_clock
from hub.kernel.hub import Hub, open_hub

ANSWERED = Job(goal="G2", title="webhook answered", most=2.5)
TAKEN_IN = Job(goal="G2", title="webhook answered and taken in", most=2.5)
CROWD = Job(goal="G3", title="webhook p95, 8 posters against one of the same", most=4.0, grows=False)
POSTERS = 8


class HookSite(Site):
    """A server that is posted to: each message is new, in a thread that is there."""

    status = 200

    def posts(self, *, clients: int, requests: int) -> Load:
        # Signed beforehand: what the sender does is not measured.
        ready = iter([self.request(ANSWERED) for _ in range(requests)])
        return load(
            self.port,
            lambda: next(ready),
            clients=clients,
            requests=requests,
            headers={"Content-Type": "application/json"},
            expected=self.status,
        )

    def content(self, number: int) -> bytes:
        thread = self.one_of(ANSWERED)
        text = body(self.dice)
        author = {"id": f"u{thread % self.shape.contacts}", "name": "Somebody"}
        said = {"id": f"{self.side}-{number}", "html": f"<p>{text}</p>", "author": author, "thread": f"t{thread}"}
        return json.dumps(said).encode()


class FloorHookSite(HookSite):
    side = FLOOR

    def __init__(self, port: int, here: Filled) -> None:
        assert here.shape is not None
        super().__init__(port, here.shape)
        self._count = itertools.count(system_clock().microsecond * 1_000_000)

    def request(self, job: Job) -> Request:
        return Request(path="/intake", method="POST", body=self.content(next(self._count)).decode())


class HubHookSite(HookSite):
    """A channel of its own; `takes_in` does what a worker would do with what waits."""

    status = 202

    def __init__(self, port: int, here: Filled, side: str) -> None:
        assert here.shape is not None
        super().__init__(port, here.shape)
        self.side = side
        self._count = itertools.count(1)
        self._secret = make_secret(port.to_bytes(32, "big"))
        self._config = here.config
        with self._opened() as (hub, connectors):
            added = add_channel(
                hub,
                connectors,
                kind="webhook",
                name=f"Shop {port}",
                team_id=here.team_ids[0],
                values={"secret": self._secret},
            )
            self._channel_id = added.id
            with hub.database.reading() as session:
                self._hook = store.hook_of(session, added.id)

    def request(self, job: Job) -> Request:
        number = next(self._count)
        content = self.content(number)
        headers = signed_headers([self._secret], f"d{number}", content, now=system_clock())
        return Request(path=f"/hooks/{self._hook}", method="POST", body=content.decode(), headers=headers)

    def takes_in(self, requests: int) -> float:
        """Milliseconds for each of so many deliveries that waited."""
        with self._opened() as (hub, connectors):
            self.posts(clients=1, requests=1)
            pull_now(hub, connectors, "benchmark", self._channel_id)  # everything that is there, and the process is up
            self.posts(clients=POSTERS, requests=requests)
            began = perf_counter()
            pulled = pull_now(hub, connectors, "benchmark", self._channel_id)
            return (perf_counter() - began) * 1000 / pulled.new

    @contextlib.contextmanager
    def _opened(self) -> Iterator[tuple[Hub, ChildConnectors]]:
        with contextlib.closing(open_hub(self._config)) as hub, contextlib.closing(ChildConnectors(hub)) as connectors:
            yield hub, connectors


@contextlib.contextmanager
def sites(
    floor_file: Path, sqlite: Filled, postgresql: Filled | None, *, warm_up: int = 40
) -> Iterator[Sequence[HookSite]]:
    """The servers of one size, running and warm."""
    with contextlib.ExitStack() as running:
        found: list[HookSite] = [FloorHookSite(running.enter_context(floor_server(floor_file)), sqlite)]
        found.append(HubHookSite(running.enter_context(hub_server(sqlite.config)), sqlite, HUB))
        if postgresql is not None:
            port = running.enter_context(hub_server(postgresql.config))
            found.append(HubHookSite(port, postgresql, HUB_POSTGRESQL))
        for site in found:
            site.posts(clients=4, requests=warm_up)
        yield found


def measure(figures: Figures, at: Sequence[HookSite], *, requests: int) -> None:
    """One round: each site by one poster and by eight; then what waits is taken in."""
    for site in at:
        size = site.shape.conversations
        alone, crowd = (site.posts(clients=clients, requests=requests) for clients in (1, POSTERS))
        figures.note(ANSWERED, size, site.side, alone.p50, p95=alone.p95)
        if isinstance(site, HubHookSite):
            figures.note(TAKEN_IN, size, site.side, alone.p50 + site.takes_in(requests))
        else:
            figures.note(TAKEN_IN, size, site.side, alone.p50)
        if site.side == HUB:
            figures.note(CROWD, size, HUB, crowd.p95)
            figures.note(CROWD, size, FLOOR, alone.p95)
