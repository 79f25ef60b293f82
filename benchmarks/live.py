"""The live stream: memory for each open page, and the time from a commit until the last page knows (goals G8, G9).

    .venv/bin/python benchmarks/live.py [PAGES ...]        default 500 2000

Server and pages are two processes that share the machine; the figures include the client's own work. Prints, asserts
nothing; the log is read each 100 ms. The floor is a hub of bare asyncio, without sign-in, log or HTTP, that writes each
event once to every transport: 1 to 2 KiB a page.
"""

from __future__ import annotations

import contextlib
import gc
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hub.events import ReplySettled
from hub.kernel import log as event_log
from hub.kernel.clock import system_clock
from hub.kernel.config import read_config
from hub.kernel.database import Database, open_database
from hub.kernel.log import Logged
from hub.kernel.migrate import migrate
from hub.people.model import Actor, Role

ROUNDS = 9
PAGES_EACH_AGENT = 20
WAVE = 20
REQUEST = "GET /live HTTP/1.1\r\nhost: hub.example\r\ncookie: hub=%d\r\nuser-agent: %s\r\n\r\n"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


def serve(folder: str) -> None:
    """The server process: the real one, with sessions and rights that cost nothing."""
    from hub.web.live import LiveHub
    from hub.web.server import run_server, streams_this_process_can_hold, web_app

    actors: dict[bytes, Actor] = {}

    def authenticate(headers: list[tuple[bytes, bytes]]) -> Actor:
        cookie = dict(headers)[b"cookie"]
        if cookie not in actors:
            actors[cookie] = Actor(agent_id=len(actors), name="", role=Role.AGENT, team_ids=frozenset({1}))
        return actors[cookie]

    def may_see(actor: Actor, logged: Logged) -> bool:
        return logged.event.channel_id in actor.team_ids

    database = open_database(read_config({}, data=Path(folder)))
    live = LiveHub(
        database,
        authenticate=authenticate,
        rights=lambda session, found: may_see,
        most_streams=streams_this_process_can_hold(),
    )
    listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
    print(listening.getsockname()[1], flush=True)
    gc.collect()
    serving = web_app(
        lambda environ, start: [], live, is_ours=lambda headers: True, uploader=lambda path, headers: None
    )
    run_server(serving, [listening])


class Pages:
    """Many open pages read by one thread. `request`: how the page of a number asks for its stream."""

    def __init__(self, port: int, request: Callable[[int], bytes]) -> None:
        self._address = ("127.0.0.1", port)
        self._request = request
        self._selector = selectors.DefaultSelector()
        self._open: list[socket.socket] = []

    def open(self, count: int) -> None:
        """In waves, as people come: all in one moment cost 10 to 15 KiB a page, which the process keeps for reuse."""
        for begun in range(0, count, WAVE):
            self._open_wave(min(WAVE, count - begun))

    def _open_wave(self, count: int) -> None:
        for _ in range(count):
            page = socket.create_connection(self._address)
            page.sendall(self._request(len(self._open)))
            page.setblocking(False)
            self._selector.register(page, selectors.EVENT_READ)
            self._open.append(page)
        self.wait_for(b"id: ", count)

    def wait_for(self, sign: bytes, count: int) -> list[float]:
        """When each of so many pages first read a sign."""
        arrived: dict[int, float] = {}
        while len(arrived) < count:
            for key, _ in self._selector.select():
                assert isinstance(key.fileobj, socket.socket)
                with contextlib.suppress(BlockingIOError):
                    if sign in key.fileobj.recv(65536):
                        arrived.setdefault(key.fd, time.perf_counter())
        return list(arrived.values())

    def close(self) -> None:
        for page in self._open:
            page.close()


def measure(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(read_config({}, data=Path(folder)))
        migrate(database)
        server = subprocess.Popen(
            [sys.executable, __file__, "--serve", folder], stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
        )
        assert server.stdout is not None
        pages = Pages(
            int(server.stdout.readline()),
            lambda number: (REQUEST % (number // PAGES_EACH_AGENT, BROWSER)).encode(),
        )
        try:
            pages.open(20)
            before = resident(server.pid)
            began = time.perf_counter()
            pages.open(count)
            opened = time.perf_counter() - began
            each = (resident(server.pid) - before) / count
            told = [tell(database, pages, count + 20) for _ in range(ROUNDS)]
        finally:
            pages.close()
            server.terminate()
            began = time.perf_counter()
            server.wait(30)
            ended = time.perf_counter() - began
        first, last = (statistics.median(times) * 1000 for times in zip(*told, strict=True))
        print(f"{count:>6} pages  {each / 1024:5.1f} KiB a page  open {opened:5.2f} s", end="  ")
        print(f"commit to first {first:6.1f} ms, to last {last:6.1f} ms  end {ended:.2f} s")


def tell(
    database: Database, pages: Pages, count: int, *, channel_id: int = 1, conversation_id: int = 7
) -> tuple[float, float]:
    """Seconds from the commit of one event until the first and until the last page has it."""
    time.sleep(0.4)
    with database.transaction() as session:
        settled = ReplySettled(channel_id=channel_id, conversation_id=conversation_id, outbox_id=9, state="sent")
        event_log.append(session, settled, at=system_clock())
    committed = time.perf_counter()
    arrived = pages.wait_for(b"reply_settled", count)
    return min(arrived) - committed, max(arrived) - committed


def resident(pid: int) -> int:
    """Bytes in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) * 1024


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for count in [int(each) for each in sys.argv[1:]] or [500, 2000]:
        measure(count)


if __name__ == "__main__":
    main()
