"""The live stream: server-sent events from the event log to every open page, at one or two KiB a page.

One thread reads the log for all; a page is a protocol on its socket, without task, thread or queue of its own. An event
carries ids only, never texts; its `id:` is its position in the log, from which a page that comes back is caught up.

    id: 0.812
    data: {"kind":"reply_settled","conversation_id":17,"channel_id":3,"outbox_id":9,"state":"sent"}

`event: reset` means that the page missed more than it can be told one by one: it refreshes all it shows.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

import structlog

from hub.errors import HubError, Invalid
from hub.kernel import log as event_log
from hub.web.stream import LiveClient, moved_on, ping, reset, told

if TYPE_CHECKING:
    from hub.kernel.database import Database, Session
    from hub.kernel.log import Logged
    from hub.people.model import Actor

    Authenticate = Callable[[list[tuple[bytes, bytes]]], Actor | None]
    MaySee = Callable[[Actor, Logged], bool]
    Rights = Callable[[Session, list[Logged]], MaySee]

POLL_SECONDS = 0.1
BUNDLE_SECONDS = 0.25
PING_SECONDS = 15.0
RECHECKED_EACH_SECOND = 100
RECHECK_SECONDS = 30
MOST_TOLD = 400
"""Events told one by one; more of them at once are a reset. Keeps a catch-up below the buffer limit."""
STREAMS_EACH_AGENT = 50

_REPORT_SECONDS = 600.0
_WORST_PAUSE = 5.0

T = TypeVar("T")

logger = structlog.stdlib.get_logger(__name__)


class LiveHub:
    """Reads the event log once for all pages of this process.

    authenticate: who sends these request headers, None for nobody; must not write. rights: asked once about all the
    events of a look, tells whether an actor may know of one; what it returns must be cheap, it runs for each event and
    each distinct actor. All of it runs in the reader's thread.
    Methods marked "loop" run in the event loop, all others in the reader's thread; neither touches the other's state,
    they leave each other messages, which keep their order: that is why nothing is lost or told twice at a join.
    """

    def __init__(
        self, database: Database, *, authenticate: Authenticate, rights: Rights, most_streams: int = 10_000
    ) -> None:
        self._database = database
        self._authenticate = authenticate
        self._rights = rights
        self._most_streams = most_streams
        self._inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)
        # The loop's.
        self._open: Counter[Actor] = Counter()
        self._streams: dict[Actor, set[LiveClient]] = {}
        self._delivered = event_log.START
        # The reader's.
        self._position = event_log.START
        self._watching: Counter[Actor] = Counter()
        self._to_recheck: deque[LiveClient] = deque()
        self._recheck_at = 0.0
        self._failures = 0
        self._measured = _Measured()

    def start(self) -> None:
        """loop: begin to read."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        self._pinging = self._loop.call_later(PING_SECONDS, self._ping)

    async def stop(self) -> None:
        """loop: end the reader; the streams were ended by the server."""
        self._pinging.cancel()
        self._inbox.put(None)
        await asyncio.to_thread(self._thread.join)

    async def admit(self, headers: list[tuple[bytes, bytes]]) -> Actor | None:
        """loop: who asks for a stream. Raises DatabaseUnusable when that cannot be told."""
        found: Future[Actor | None] = Future()
        self._inbox.put(lambda: _settle(found, lambda: self._authenticate(headers)))
        return await asyncio.wrap_future(found)

    def has_room(self, actor: Actor) -> bool:
        """loop: whether one more stream may be opened, here and by this agent."""
        return self._open.total() < self._most_streams and self._open[actor] < STREAMS_EACH_AGENT

    @property
    def open_streams(self) -> int:
        """How many pages are open here; may be asked from any thread."""
        return sum(list(self._open.values()))

    def join(self, client: LiveClient, after: str | None) -> None:
        """loop: tell the client what came after a position (None: nothing old) and then everything new."""
        self._open[client.actor] += 1
        self._inbox.put(lambda: self._catch_up(client, after))

    def leave(self, client: LiveClient) -> None:
        """loop: forget a client that joined."""
        actor = client.actor
        _count_down(self._open, actor)
        if client in (streams := self._streams.get(actor, set())):
            streams.discard(client)
            if not streams:
                del self._streams[actor]
        self._inbox.put(lambda: _count_down(self._watching, actor))

    def _attach(self, client: LiveClient, missed: bytes, position: str) -> None:
        """loop: from here on the client is told what is delivered."""
        self._delivered = position
        if not client.is_gone:
            self._streams.setdefault(client.actor, set()).add(client)
            client.write(missed + moved_on(position))

    def _deliver(self, chunks: dict[Actor, bytes], position: str) -> None:
        """loop: write one bundle, made once for each actor, to every page."""
        self._delivered = position
        for actor, clients in self._streams.items():
            if chunk := chunks.get(actor):
                for client in clients:
                    client.write(chunk)

    def _ping(self) -> None:
        """loop: keep proxies from closing idle streams, and move positions on over what a page was not told."""
        chunk = ping(self._delivered)
        for clients in self._streams.values():
            for client in clients:
                client.write(chunk)
        self._pinging = self._loop.call_later(PING_SECONDS, self._ping)

    def _run(self) -> None:
        """Poll while somebody watches; answer the loop in between."""
        poll_at = 0.0
        while True:
            is_watched = bool(self._watching)
            if is_watched and time.monotonic() >= poll_at:
                pause = self._tick()
                poll_at = time.monotonic() + pause
            try:
                request = self._inbox.get(timeout=max(0.0, poll_at - time.monotonic()) if is_watched else None)
            except queue.Empty:
                continue
            if request is None:
                return
            request()

    def _tick(self) -> float:
        """Tell what is new; returns the seconds until the next look."""
        began = time.monotonic()
        try:
            found = self._poll()
            if began >= self._recheck_at:
                self._recheck_at = began + 1
                self._recheck()
        except Exception as error:
            return self._fail(error)
        self._failures = 0
        self._measured.add(time.monotonic() - began, found)
        if self._measured.is_due():
            self._measured.report(self._watching.total())
            self._measured = _Measured()
        return BUNDLE_SECONDS if found else POLL_SECONDS

    def _poll(self) -> int:
        with self._database.reading() as session:
            found = event_log.read(session, self._position, limit=MOST_TOLD + 1)
            if len(found) > MOST_TOLD:
                self._skip(session)
                return len(found)
            may_see = self._rights(session, found) if found else None
        if may_see:
            lines = [(logged, told(logged)) for logged in found]
            chunks = {actor: _visible(actor, lines, may_see) for actor in self._watching}
            self._position = found[-1].position
            self._loop.call_soon_threadsafe(self._deliver, chunks, self._position)
        return len(found)

    def _skip(self, session: Session) -> None:
        """More happened at once than is worth telling: everybody refreshes."""
        self._position = event_log.newest(session)
        chunks = dict.fromkeys(self._watching, reset(self._position))
        self._loop.call_soon_threadsafe(self._deliver, chunks, self._position)

    def _fail(self, error: Exception) -> float:
        self._failures += 1
        pause: float = min(_WORST_PAUSE, POLL_SECONDS * 2 ** min(self._failures, 10))
        logger.error("live reader failed", failures=self._failures, pause=pause, exc_info=error)
        if not isinstance(error, HubError):
            # An event that cannot be read, perhaps from newer code, must not stop all that come after it.
            with contextlib.suppress(HubError), self._database.reading() as session:
                self._skip(session)
        return pause

    def _catch_up(self, client: LiveClient, after: str | None) -> None:
        try:
            with self._database.reading() as session:
                if not self._watching:
                    self._position = event_log.newest(session)
                missed = b"" if after is None else self._missed(session, client.actor, after)
        except Exception as error:
            logger.error("live stream refused", exc_info=error)
            self._loop.call_soon_threadsafe(client.shutdown)
            missed = b""
        self._watching[client.actor] += 1
        self._to_recheck.append(client)
        self._loop.call_soon_threadsafe(self._attach, client, missed, self._position)

    def _missed(self, session: Session, actor: Actor, after: str) -> bytes:
        if not _is_held(session, after):
            return reset(self._position)
        found = event_log.read(session, after, limit=MOST_TOLD + 1)
        if len(found) > MOST_TOLD:
            return reset(self._position)
        # What is newer than our own position is told with the next poll.
        upto = event_log.parse_position(self._position)
        held = [logged for logged in found if event_log.parse_position(logged.position) <= upto]
        return _visible(actor, [(logged, told(logged)) for logged in held], self._rights(session, held))

    def _recheck(self) -> None:
        """End the streams of sessions that ended: all are asked within RECHECK_SECONDS, some hundred within seconds."""
        waiting = self._to_recheck
        for _ in range(min(len(waiting), max(RECHECKED_EACH_SECOND, len(waiting) // RECHECK_SECONDS))):
            client = waiting.popleft()
            if client.is_gone:
                continue
            waiting.append(client)
            if self._authenticate([(b"cookie", client.cookie)]) != client.actor:
                # Whoever is still somebody, but with other rights, comes back by itself.
                self._loop.call_soon_threadsafe(client.shutdown)


class _Measured:
    """How long the reader's looks take, logged now and then."""

    def __init__(self) -> None:
        self._report_at = time.monotonic() + _REPORT_SECONDS
        self._looks = self._events = 0
        self._busy = self._slowest = 0.0

    def add(self, seconds: float, events: int) -> None:
        self._looks += 1
        self._events += events
        self._busy += seconds
        self._slowest = max(self._slowest, seconds)

    def is_due(self) -> bool:
        return time.monotonic() >= self._report_at

    def report(self, streams: int) -> None:
        logger.info(
            "live reader",
            looks=self._looks,
            events=self._events,
            streams=streams,
            mean_ms=round(self._busy / self._looks * 1000, 2),
            slowest_ms=round(self._slowest * 1000, 2),
        )


def _visible(actor: Actor, lines: list[tuple[Logged, bytes]], may_see: MaySee) -> bytes:
    return b"".join(line for logged, line in lines if may_see(actor, logged))


def _is_held(session: Session, after: str) -> bool:
    """Whether a page can be told one by one what it missed."""
    try:
        return event_log.is_held(session, after)
    except Invalid:
        return False


def _settle(future: Future[T], work: Callable[[], T]) -> None:
    try:
        future.set_result(work())
    except Exception as error:
        future.set_exception(error)


def _count_down(counter: Counter[Actor], actor: Actor) -> None:
    counter[actor] -= 1
    if counter[actor] <= 0:
        del counter[actor]
