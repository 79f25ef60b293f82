"""Health tells the truth: each part is broken in turn, and only then does the node say so."""

from __future__ import annotations

import json

import pytest

from hub.channels.model import ChannelState
from hub.errors import AuthExpired, DatabaseUnusable
from hub.kernel.hub import Hub
from hub.testing.fake import FakeNetwork
from hub.web.health import SILENT_MS, Probe, Readiness, check
from tests.desk import Desk
from tests.web.browser import Browser

_BEAT = """
    INSERT INTO workers (id, epoch, beat_ms, role, started_at, beat_at)
    VALUES ('w', :epoch, :ms, :role, :now, :now)"""


def beat(hub: Hub, *, before_ms: int = 0, epoch: str | None = None, role: str = "worker") -> None:
    with hub.database.transaction() as session:
        moment = session.moment()
        session.run(_BEAT, epoch=epoch or moment.epoch, ms=moment.ms - before_ms, role=role, now=hub.clock())


def test_a_node_with_a_database_and_a_worker_is_ready(hub: Hub) -> None:
    beat(hub)
    assert check(hub) == Readiness(database=True, migrations=True, worker=True)


def test_without_a_worker_it_is_not(hub: Hub) -> None:
    assert check(hub) == Readiness(database=True, migrations=True, worker=False)


def test_a_worker_that_fell_silent_is_none(hub: Hub) -> None:
    beat(hub, before_ms=SILENT_MS)
    assert not check(hub).worker


def test_a_worker_of_another_boot_is_none(hub: Hub) -> None:
    beat(hub, epoch="another boot")
    assert not check(hub).worker


def test_a_command_that_pulls_by_hand_is_no_worker(hub: Hub) -> None:
    beat(hub, role="pull")
    assert not check(hub).worker


def test_a_missing_migration_makes_it_not_ready(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.web import health

    beat(hub)
    known = health.steps()
    monkeypatch.setattr(health, "steps", lambda: [*known, known[0].__class__(name="9999_later", sql="")])
    assert check(hub) == Readiness(database=True, migrations=False, worker=True)


def test_a_database_that_takes_no_writes_makes_it_not_ready(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.web import store

    def refuse(*_: object) -> None:
        raise DatabaseUnusable("locked", "database is locked at /secret/place")

    monkeypatch.setattr(store, "write_probe", refuse)
    assert check(hub) == Readiness(database=False, migrations=False, worker=False)


def test_the_trouble_of_a_channel_is_not_the_nodes(desk: Desk, fake: FakeNetwork) -> None:
    beat(desk.hub)
    fake.fails_to_pull(AuthExpired("revoked"))
    with pytest.raises(AuthExpired):
        desk.pulls()
    assert desk.channel.state is ChannelState.SIGNED_OUT
    assert check(desk.hub) == Readiness(database=True, migrations=True, worker=True)


def test_the_page_says_no_more_than_yes_and_no(browser: Browser) -> None:
    answer = browser.get("/health/ready")
    assert answer.status_code == 503
    assert json.loads(answer.text) == {"ready": False, "database": True, "migrations": True, "worker": False}
    assert json.loads(browser.get("/health/live").text) == {"live": True}


def test_it_is_ready_over_http_once_a_worker_beats(browser: Browser) -> None:
    beat(browser.crew.hub)
    assert browser.get("/health/ready").status_code == 200


def test_a_flood_of_probes_checks_once_a_second() -> None:
    now, checks = [100.0], []

    def count() -> Readiness:
        checks.append(now[0])
        return Readiness(database=True, migrations=True, worker=True)

    probe = Probe(count, monotonic=lambda: now[0])
    for step in (0, 0.5, 0.4, 0.2, 0.5, 0.6):
        now[0] += step
        assert probe().is_ready
    assert len(checks) == 3
