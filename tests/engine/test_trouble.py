"""What goes wrong around the engine: silent workers, clocks, hanging plugins, full disks, locked databases, stops."""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apscheduler.schedulers import base as apscheduler_base

from hub.channels.children import ChildConnectors
from hub.channels.connect import add_channel
from hub.channels.connectors import SECONDS
from hub.channels.parent import GRACE_SECONDS
from hub.engine import store as workers
from hub.engine.beat import Worker
from hub.engine.clock_watch import ClockWatch
from hub.engine.engine import FINISH_SECONDS, Engine
from hub.errors import HubError
from hub.inbox import pull
from hub.kernel.config import read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.outbox.send import claim_due
from hub.supervisor import STOP_SECONDS
from tests.disks import MAY_MOUNT, filled, small_disk
from tests.engine.conftest import Installation, SettableClock, soon, started
from tests.plugging import PluginFolder
from tests.postgres import PostgresServer

Running = Callable[[], threading.Event]


def test_claims_of_a_worker_that_fell_silent_are_free_and_what_it_brings_later_is_dropped(
    installation: Installation,
) -> None:
    installation.hears("hello")
    with Worker(installation.hub, "worker") as slow, Worker(installation.hub, "worker") as quick:
        old = pull.claim_due(installation.hub, slow.id)[0]
        assert pull.claim_due(installation.hub, quick.id) == []
        fall_silent(installation, slow)
        new = pull.claim_due(installation.hub, quick.id)[0]
        assert new.fence > old.fence
        assert pull.pull_leased(installation.hub, installation.connectors, old).new == 0
        assert installation.texts() == []
        assert pull.pull_leased(installation.hub, installation.connectors, new).new == 1


def test_a_reply_claimed_by_a_worker_that_was_stopped_past_its_lease_arrives_once(installation: Installation) -> None:
    from hub.outbox.send import send_item

    installation.hears("hello")
    with Worker(installation.hub, "worker") as slow, Worker(installation.hub, "worker") as quick:
        for lease in pull.claim_due(installation.hub, slow.id):
            pull.pull_leased(installation.hub, installation.connectors, lease)
        outbox_id = installation.answers("hello", "once")
        stale = claim_due(installation.hub, slow.id)[0]
        fall_silent(installation, slow)
        fresh = claim_due(installation.hub, quick.id)[0]
        send_item(installation.hub, installation.connectors, slow.id, stale)
        assert installation.arrivals() == []
        send_item(installation.hub, installation.connectors, quick.id, fresh)
        assert installation.is_sent(outbox_id) and installation.arrivals() == ["once"]


def test_claims_made_before_the_machine_was_started_again_are_free(installation: Installation) -> None:
    installation.hears("hello")
    with Worker(installation.hub, "worker") as before, Worker(installation.hub, "worker") as after:
        pull.claim_due(installation.hub, before.id)
        with installation.hub.database.transaction() as session:
            session.run("UPDATE workers SET epoch = 'another boot' WHERE id = :id", id=before.id)
        assert len(pull.claim_due(installation.hub, after.id)) == 1


def test_a_worker_beats_while_it_runs_and_leaves_when_it_ends(installation: Installation) -> None:
    with Worker(installation.hub, "worker") as worker:
        fall_silent(installation, worker)
        soon(lambda: alive(installation) == [worker.id], "the next beat")
    assert alive(installation) == []


def test_a_clock_watch_tells_a_step_from_time_passing() -> None:
    wall, steady = datetime(2026, 3, 2, tzinfo=UTC), 100.0
    watch = ClockWatch(lambda: wall, lambda: steady)
    wall, steady = wall + timedelta(seconds=1), steady + 1
    assert watch.step() == 0
    wall, steady = wall + timedelta(seconds=2.5), steady + 1  # what a time server corrects
    assert watch.step() == 0
    wall, steady = wall - timedelta(days=1), steady + 1
    assert watch.step() == pytest.approx(-86401)
    wall, steady = wall + timedelta(days=1), steady + 1
    assert watch.step() == pytest.approx(86399)


@pytest.mark.parametrize("days", [1, -1])
def test_work_goes_on_after_somebody_sets_the_clock(
    installation: Installation, clock: SettableClock, running: Running, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    monkeypatch.setattr(apscheduler_base, "datetime", reading(clock))
    running()
    installation.hears("before")
    soon(lambda: installation.texts() == ["before"], "the first message")
    clock.set_by = timedelta(days=days)
    # Said to the network alone: nothing but the engine itself notices that the channel is due.
    installation.network.person("lena").says("after", to="@brightwater")
    soon(lambda: installation.texts() == ["before", "after"], "the pull after the step")
    outbox_id = installation.answers("after", "yes")
    soon(lambda: installation.is_sent(outbox_id), "the reply")
    assert installation.arrivals() == ["yes"]


def test_a_reply_queued_while_the_clock_stood_in_the_future_leaves_after_it_was_set_right(
    installation: Installation, clock: SettableClock, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apscheduler_base, "datetime", reading(clock))
    installation.hears("hello")
    with Worker(installation.hub, "worker") as worker:
        for lease in pull.claim_due(installation.hub, worker.id):
            pull.pull_leased(installation.hub, installation.connectors, lease)
    clock.set_by = timedelta(days=1)
    outbox_id = installation.answers("hello", "yes")
    clock.set_by = timedelta()
    running()
    soon(lambda: installation.is_sent(outbox_id), "the reply")


def test_a_plugin_that_hangs_on_many_channels_leaves_threads_to_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with plugged_in(tmp_path, monkeypatch) as (hub, connectors):
        # Longer than this test waits for anything: no thread is free again because a call was given up.
        connectors._seconds = {**SECONDS, "pull": 600.0}
        gate = tmp_path / "gate"
        hanging = [
            connect(hub, connectors, "unruly", does="waits", gate=str(gate), password=f"account {number}")
            for number in range(30)
        ]
        with started(Engine(hub, connectors)):
            soon((tmp_path / "gate.begun").exists, "the first to hang")
            calm = connect(hub, connectors, "calm", does="works")
            soon(lambda: is_pulled(hub, calm), "the pull of the other plugin's channel")
            assert not any(is_pulled(hub, channel_id) for channel_id in hanging)
            gate.touch()
            soon(lambda: all(is_pulled(hub, channel_id) for channel_id in hanging), "all of them, one after another")


def test_a_stop_ends_what_hangs_and_gives_it_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with plugged_in(tmp_path, monkeypatch) as (hub, connectors):
        connect(hub, connectors, "unruly", does="waits", gate=str(tmp_path / "gate"))
        with started(Engine(hub, connectors, finish_seconds=0.5)):
            soon((tmp_path / "gate.begun").exists, "the pull that hangs")
        with hub.database.reading() as session:
            assert session.all("SELECT id FROM channels WHERE claimed_by IS NOT NULL") == []
        assert connectors.pids() == {}


def test_a_worker_has_ended_before_its_supervisor_loses_patience() -> None:
    """Its work, the end of its plugins, and the notes of what became of them."""
    assert FINISH_SECONDS + 2 * GRACE_SECONDS < STOP_SECONDS


def test_a_database_locked_by_another_program_delays_and_nothing_stays_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("hub.kernel.sqlite._BUSY_MS", 100)
    with plugged_in(tmp_path, monkeypatch) as (hub, connectors):
        gate = tmp_path / "gate"
        channel_id = connect(hub, connectors, "unruly", does="waits", gate=str(gate))
        with started(Engine(hub, connectors)):
            soon((tmp_path / "gate.begun").exists, "the pull")
            with locked_by_another_program(hub.config.database_file):
                gate.touch()
                soon(lambda: "work failed: database_unusable" in caplog.text, "the pull to find the database locked")
                soon(lambda: "tick send failed: database_unusable" in caplog.text, "a tick to find it locked, too")
            soon(lambda: is_pulled(hub, channel_id), "the pull after the lock")
        with hub.database.reading() as session:
            assert session.all("SELECT id FROM channels WHERE claimed_by IS NOT NULL") == []


BABBLER = '''
"""A plugin that has something long to tell at every pull."""
import dataclasses
from datetime import UTC, datetime
from hub import Author, Check, Connector, Incoming, Kind, Page, hookimpl

@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    pass

class Babbler(Connector):
    kind = "babbler"
    label = "Babbler"
    Settings = Settings

    def check(self):
        return Check(account=Author(id="us"))

    def pull(self, cursor):
        page = int(cursor or 0)
        messages = tuple(
            Incoming(remote_id=f"{page}.{n}", revision="1", kind=Kind.MENTION, author=Author(id="lena"),
                     text="long " * 4000, created_at=datetime(2026, 3, 2, 9, n, tzinfo=UTC))
            for n in range(10)
        )
        return Page(cursor=str(page + 1), messages=messages)

@hookimpl
def register_connectors(register):
    register(Babbler)
'''


FULL = ["the largest file there may be", *(["the disk"] if MAY_MOUNT else [])]


@pytest.mark.parametrize("full", FULL)
def test_a_full_disk_stops_the_intake_and_nothing_is_half_written_and_it_goes_on_by_itself(
    full: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plugins = PluginFolder(tmp_path / "plugins", monkeypatch)
    plugins.install("babbler", BABBLER)
    with small_disk(tmp_path / "disk") if full == "the disk" else nullcontext(tmp_path) as disk:
        no_room = filled(disk) if full == "the disk" else no_larger_files(disk / "data")
        with opened(disk / "data") as (hub, connectors), started(Engine(hub, connectors)):
            channel_id = connect(hub, connectors, "babbler")
            soon(lambda: pulled_again(hub, channel_id) > 1, "the first pages")
            with no_room:
                soon(
                    lambda: bool(pulled_again(hub, channel_id)) and "storage_full" in caplog.text, "the disk to be full"
                )
                assert messages(hub) == 10 * pages(hub, channel_id)
            before = pages(hub, channel_id)
            soon(lambda: pulled_again(hub, channel_id) > before, "the intake to go on")
        with opened(disk / "data") as (hub, connectors), hub.database.reading() as session:
            assert messages(hub) == 10 * pages(hub, channel_id)
            assert [dict(row) for row in session.all("PRAGMA integrity_check")] == [{"integrity_check": "ok"}]


def test_the_engine_goes_on_after_postgresql_dropped_every_connection(
    tmp_path: Path, postgres_server: PostgresServer, postgres_template: str
) -> None:
    url = postgres_server.create(postgres_template)
    with opened(tmp_path / "data", url) as (hub, connectors):
        installation = Installation(hub, connectors)
        with started(Engine(hub, connectors)):
            installation.hears("before")
            soon(lambda: installation.texts() == ["before"], "the first message")
            postgres_server.disconnect(url)
            installation.network.person("lena").says("after", to="@brightwater")
            soon(lambda: due(hub) and installation.texts() == ["before", "after"], "the message after the break")
    postgres_server.drop(url)


def fall_silent(installation: Installation, worker: Worker) -> None:
    """As if it had been stopped for longer than a worker may be silent."""
    with installation.hub.database.transaction() as session:
        session.run("UPDATE workers SET beat_ms = beat_ms - 25000 WHERE id = :id", id=worker.id)


def alive(installation: Installation) -> list[str]:
    with installation.hub.database.reading() as session:
        return [each.id for each in workers.alive(session)]


def reading(clock: SettableClock) -> type[datetime]:
    """APScheduler's view of a clock that somebody sets."""

    class Set(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return clock()

    return Set


@contextmanager
def plugged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Hub, ChildConnectors]]:
    from tests.channels.conftest import UNRULY

    plugins = PluginFolder(tmp_path / "plugins", monkeypatch)
    plugins.install("unruly", UNRULY)
    plugins.install("calm", UNRULY)
    with opened(tmp_path / "data") as both:
        yield both


@contextmanager
def opened(data: Path, url: str = "") -> Iterator[tuple[Hub, ChildConnectors]]:
    config = read_config({"HUB_DATABASE_URL": url}, data=data)
    prepare(config)
    with closing(open_hub(config)) as hub, closing(ChildConnectors(hub, seconds=SECONDS)) as connectors:
        yield hub, connectors


def connect(hub: Hub, connectors: ChildConnectors, kind: str, **values: str) -> int:
    with hub.database.transaction() as session:
        team = session.one("SELECT id FROM teams") or session.one(
            "INSERT INTO teams (name, created_at) VALUES ('Care', 0) RETURNING id"
        )
    assert team is not None
    return add_channel(hub, connectors, kind=kind, name="us", team_id=team["id"], values=values).id


def is_pulled(hub: Hub, channel_id: int) -> bool:
    with hub.database.reading() as session:
        row = session.one("SELECT pulled_at FROM channels WHERE id = :id", id=channel_id)
    return row is not None and row["pulled_at"] is not None


def pages(hub: Hub, channel_id: int) -> int:
    with hub.database.reading() as session:
        row = session.one("SELECT cursor FROM channels WHERE id = :id", id=channel_id)
    return int(row["cursor"] or 0) if row else 0


def messages(hub: Hub) -> int:
    with hub.database.reading() as session:
        row = session.one("SELECT count(*) AS messages FROM messages")
    return int(row["messages"]) if row else 0


def due(hub: Hub) -> bool:
    """Make every pull due; False while the database takes nothing."""
    try:
        with hub.database.transaction() as session:
            session.run("UPDATE channels SET next_pull_at = 0")
    except HubError:
        return False
    return True


def pulled_again(hub: Hub, channel_id: int) -> int:
    """Let it be pulled once more; returns how many pages came so far."""
    due(hub)
    return pages(hub, channel_id)


_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked_by_another_program(file: Path) -> Iterator[None]:
    """Another process, since two copies of SQLite in one would break each other's locks."""
    command = [sys.executable, "-c", _LOCK, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"locked\n"
        yield


@contextmanager
def no_larger_files(data: Path) -> Iterator[None]:
    """Let no file of this process grow any more: what a full disk is where nobody may mount one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(file.stat().st_size for file in data.glob("hub.db*"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
