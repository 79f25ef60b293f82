"""The live stream while the same server serves pages at 80 % of what it can (G8): commit to the last of 500 open pages.

python -m benchmarks.live_busy
"""

from __future__ import annotations

import contextlib
import os
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from benchmarks import filled
from benchmarks.__main__ import Plan, read_plan
from benchmarks.floor.conversations import Shape
from benchmarks.floor.load import Request, load
from benchmarks.live import BROWSER, PAGES_EACH_AGENT, Pages, tell
from benchmarks.servers import hub_server
from hub.kernel.hub import open_hub

STREAMS = 500
PART_OF_CAPACITY = 0.8
MOST_OF_IDLE, MOST_MS = 3.0, 250.0
_CLIENTS = 4
_REQUEST = (
    "GET /live HTTP/1.1\r\nhost: 127.0.0.1:%d\r\ncookie: %s\r\nuser-agent: %s\r\nsec-fetch-site: same-origin\r\n\r\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Milliseconds from the commit to the last page, idle and beside the pages, and how many pages a second."""

    idle: float
    busy: float
    capacity: float
    served: float


def measure(plan: Plan, folder: Path, *, streams: int = STREAMS) -> Told:
    here = filled.build(folder, Shape(plan.sizes[0], end=filled.unix_now()))
    agents = 1 + streams // PAGES_EACH_AGENT
    with hub_server(here.config) as port, contextlib.closing(open_hub(here.config)) as hub:
        cookies = [f"hub-{port}={filled.sign_in(hub, f'agent{number}', here.team_ids[:1])}" for number in range(agents)]
        pages = Pages(port, lambda number: (_REQUEST % (port, cookies[number // PAGES_EACH_AGENT], BROWSER)).encode())
        channel_id, team_conversation = here.channel_ids[0], 8
        try:
            pages.open(streams)

            def told() -> float:
                last = [
                    tell(hub.database, pages, streams, channel_id=channel_id, conversation_id=team_conversation)[1]
                    for _ in range(plan.rounds)
                ]
                return statistics.median(last) * 1000

            idle = told()
            capacity = _capacity(port, cookies[0], plan.requests)
            with _pages_served(port, cookies[0], capacity * PART_OF_CAPACITY) as served:
                busy = told()
                rate = len(served) / (time.monotonic() - served[0])
        finally:
            pages.close()
    return Told(idle=idle, busy=busy, capacity=capacity, served=rate)


def _capacity(port: int, cookie: str, requests: int) -> float:
    """Pages a second that as many clients get who ask again as soon as they are answered."""
    inbox = Request(path="/inbox")
    found = load(port, lambda: inbox, clients=_CLIENTS, requests=requests, headers={"Cookie": cookie}, expected=200)
    return found.per_second


@contextlib.contextmanager
def _pages_served(port: int, cookie: str, per_second: float) -> Iterator[Sequence[float]]:
    """Pages asked for at a steady rate by as many clients; yields when each was answered, the first one there."""
    answered: list[float] = []
    ended, begun = threading.Event(), time.monotonic()

    def run(number: int) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=120)
        step = _CLIENTS / per_second
        at = begun + step * number / _CLIENTS
        while not ended.wait(max(0.0, at - time.monotonic())):
            connection.request("GET", "/inbox", headers={"Cookie": cookie})
            connection.getresponse().read()
            answered.append(time.monotonic())
            at += step
        connection.close()

    clients = [threading.Thread(target=run, args=(number,)) for number in range(_CLIENTS)]
    for client in clients:
        client.start()
    try:
        while not answered:
            time.sleep(0.01)
        yield answered
    finally:
        ended.set()
        for client in clients:
            client.join()


def main() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as name:
        found = measure(read_plan(os.environ), Path(name) / "hub")
    verdict = "met" if found.busy <= min(MOST_OF_IDLE * found.idle, MOST_MS) else "MISSED"
    print(f"\n{STREAMS} open pages, commit to the last of them (G8)")
    print(
        f"  idle {found.idle:.0f} ms; at {found.served:.0f} of {found.capacity:.0f} pages a second {found.busy:.0f} ms",
        end="  ",
    )
    print(f"×{found.busy / found.idle:.1f} ≤ ×{MOST_OF_IDLE:g} and {MOST_MS:g} ms  {verdict}")


if __name__ == "__main__":
    main()
