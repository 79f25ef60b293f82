"""The worker keeps one listening call per channel: what wakes it, what ends it, and when it is begun again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from hub.channels import store as channels
from hub.channels.connect import change_channel, pause_channel, resume_channel
from hub.connector import Connector, Features, Page
from hub.engine import store
from hub.engine.listening import DAY, LONGEST_PAUSE, STEADY_SECONDS, Listeners, pause_after
from hub.errors import ConnectorError, NotFound, Unavailable
from hub.inbox.pull import claim_due, pull_leased
from hub.kernel.hub import Hub
from hub.testing.clock import FrozenClock
from hub.testing.fake import FakeConnector, FakeNetwork
from tests.desk import Desk, plug_in
from tests.processes import wait_until

WORKER = "worker-1"


class Studio:
    """A network that can be listened to: what happens to each call is said by the test."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.fault: ConnectorError | None = None
        self.begun = threading.Semaphore(0)
        self.pull_after: float | None = None

    def connector_class(self, network: FakeNetwork) -> type[Connector]:
        studio = self

        class StudioConnector(FakeConnector):
            features = Features(listens=True)

            def pull(self, cursor: str | None) -> Page:
                page = network.page(cursor)
                return Page(cursor=page.cursor, messages=page.messages, pull_after=studio.pull_after)

            def listen(self, wake: Callable[[], None], stop: threading.Event) -> None:
                call = Call(wake, stop)
                studio.calls.append(call)
                studio.begun.release()
                if studio.fault is not None:
                    raise studio.fault
                call.lasts()

        StudioConnector.network = network
        return StudioConnector


class Call:
    """One listening call, on the side of the network."""

    def __init__(self, wake: Callable[[], None], stop: threading.Event) -> None:
        self.wake = wake
        self.stop = stop
        self.error: ConnectorError | None = None
        self.over = threading.Event()

    def lasts(self) -> None:
        while not self.stop.wait(0.01) and not self.over.is_set():
            pass
        if self.error is not None:
            raise self.error

    def breaks(self, error: ConnectorError | None = None) -> None:
        self.error = error
        self.over.set()


class Station:
    """The listeners of one worker, ticked by hand; `passes` lets time pass on the steady clock."""

    def __init__(self, hub: Hub, fake: FakeNetwork, clock: FrozenClock) -> None:
        self.hub = hub
        self.desk = Desk(hub, fake)
        self.studio = Studio()
        self.clock = clock
        plug_in(hub.plugins, self.studio.connector_class(fake))
        self.now = 0.0
        self.listeners = Listeners(hub, self.desk.connectors, monotonic=lambda: self.now)
        self.arrives(WORKER)

    def arrives(self, worker: str) -> None:
        with self.hub.database.transaction() as session:
            store.beat(session, worker, role="worker", now=self.hub.clock())

    def ticks(self) -> int:
        """One tick; returns how many calls are under way after it."""
        self.listeners.tick(WORKER)
        return self.listeners.count

    def begins(self) -> Call:
        """Tick, and wait until the call that begins has reached the network."""
        self.listeners.tick(WORKER)
        assert self.studio.begun.acquire(timeout=120)
        return self.studio.calls[-1]

    def notices_the_end(self) -> None:
        """Tick until the end of the last call was noticed; no time passes."""
        wait_until(lambda: self.ticks() == 0, "the end of the call")

    def passes(self, seconds: float) -> Station:
        self.now += seconds
        return self

    def pulls(self) -> int:
        """Do what is due; returns how many channels were pulled."""
        leases = claim_due(self.hub, WORKER)
        for lease in leases:
            pull_leased(self.hub, self.desk.connectors, lease)
        return len(leases)

    def next_pull_at(self) -> datetime:
        return self.desk.channel.next_pull_at


@pytest.fixture
def station(hub: Hub, fake: FakeNetwork, frozen_clock: FrozenClock) -> Iterator[Station]:
    found = Station(hub, fake, frozen_clock)
    yield found
    found.listeners.stop()


def test_a_channel_is_listened_to_and_pulled_when_it_is_woken(station: Station) -> None:
    call = station.begins()
    station.ticks()
    assert station.pulls() == 1
    assert station.pulls() == 0
    call.wake()
    assert station.pulls() == 0
    station.ticks()
    assert station.pulls() == 1
    assert station.pulls() == 0


def test_every_beginning_pulls_first(station: Station) -> None:
    station.pulls()
    station.begins()
    station.ticks()
    assert station.pulls() == 1


def test_news_during_a_pull_are_pulled_after_it(station: Station) -> None:
    station.begins()
    station.ticks()
    station.pulls()
    station.clock.tick(3600)
    (lease,) = claim_due(station.hub, WORKER)
    station.studio.calls[0].wake()
    station.ticks()
    pull_leased(station.hub, station.desk.connectors, lease)
    assert station.pulls() == 1
    assert station.pulls() == 0


def test_one_call_a_channel_however_often_it_ticks(station: Station) -> None:
    station.begins()
    assert [station.ticks() for _ in range(5)] == [1] * 5
    assert len(station.studio.calls) == 1


def test_a_call_that_breaks_is_begun_again_after_its_pause(station: Station) -> None:
    call = station.begins()
    call.breaks(Unavailable("interrupted"))
    station.notices_the_end()
    assert station.ticks() == 0
    station.passes(LONGEST_PAUSE).begins()
    assert len(station.studio.calls) == 2


def test_pauses_grow_to_their_longest_and_no_further() -> None:
    pauses = [pause_after(failures, chance=0.5) for failures in range(1, 40)]
    assert pauses == sorted(pauses)
    assert pauses[0] <= 2
    assert pauses[-1] <= LONGEST_PAUSE
    assert pause_after(5, chance=0.0) < pause_after(5, chance=1.0)


def test_after_a_call_that_lasted_the_pause_is_short_again(station: Station) -> None:
    for _ in range(5):
        station.begins().breaks(Unavailable("interrupted"))
        station.notices_the_end()
        station.passes(LONGEST_PAUSE)
    call = station.begins()
    station.passes(STEADY_SECONDS)
    call.breaks(Unavailable("interrupted"))
    station.notices_the_end()
    station.passes(pause_after(0, chance=0.5)).begins()


def test_a_worker_whose_beat_is_late_hears_on(station: Station) -> None:
    call = station.begins()
    with station.hub.database.transaction() as session:
        store.leave(session, WORKER)
    assert station.ticks() == 1
    assert not call.stop.is_set()
    call.breaks()
    station.notices_the_end()
    station.arrives(WORKER)
    assert station.passes(LONGEST_PAUSE).begins() is not call


def test_where_it_is_not_offered_it_is_asked_for_again_after_a_day(station: Station) -> None:
    station.studio.fault = NotFound("no_stream")
    station.begins()
    station.notices_the_end()
    assert station.passes(DAY - 1).ticks() == 0
    assert len(station.studio.calls) == 1
    station.passes(2).begins()
    assert len(station.studio.calls) == 2


def test_a_channel_that_is_paused_is_not_listened_to(station: Station) -> None:
    call = station.begins()
    pause_channel(station.hub, station.desk.channel_id)
    assert station.ticks() == 0
    assert call.stop.wait(120)
    resume_channel(station.hub, station.desk.channel_id)
    assert station.begins() is not call


def test_other_settings_mean_another_call(station: Station) -> None:
    call = station.begins()
    desk = station.desk
    change_channel(
        station.hub, desk.connectors, desk.channel_id, name="us", team_id=desk.team, values={"token": "another"}
    )
    assert station.begins() is not call
    assert call.stop.wait(120)


def test_of_two_workers_one_listens(station: Station) -> None:
    second = Listeners(station.hub, station.desk.connectors)
    station.arrives("worker-2")
    station.ticks()
    second.tick("worker-2")
    assert station.listeners.count + second.count == 1
    second.stop()


def test_a_channel_that_fails_keeps_its_pauses_whatever_the_news(station: Station, fake: FakeNetwork) -> None:
    call = station.begins()
    station.ticks()
    fake.fails_to_pull(Unavailable("unreachable"))
    station.pulls()
    before = station.next_pull_at()
    call.wake()
    station.ticks()
    assert station.next_pull_at() == before


def test_a_network_that_asked_for_a_pause_is_woken_up_at_its_end(station: Station) -> None:
    station.studio.pull_after = 90
    call = station.begins()
    station.ticks()
    station.pulls()
    call.wake()
    station.ticks()
    assert station.next_pull_at() == station.clock() + timedelta(seconds=90)


def test_stopping_ends_every_call(station: Station) -> None:
    call = station.begins()
    station.listeners.stop()
    assert call.stop.is_set()
    assert station.listeners.count == 0


def test_a_database_that_is_away_forgets_no_news(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    call = station.begins()
    station.ticks()
    station.pulls()
    call.wake()
    with monkeypatch.context() as away:
        away.setattr(channels, "wake", _refuses)
        with pytest.raises(Unavailable):
            station.ticks()
    station.ticks()
    assert station.pulls() == 1


def _refuses(*_: object, **__: object) -> None:
    raise Unavailable("database")
