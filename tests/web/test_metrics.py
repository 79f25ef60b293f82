"""The metrics tell the truth, also of what is dead, and only to whom they may."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import TestResponse

from hub.engine.beat import Worker
from hub.errors import DatabaseUnusable
from hub.events import ReplyQueued
from hub.kernel import log
from hub.kernel.hub import Hub, set_fact
from hub.web import create_app, figures
from tests.desk import Desk
from tests.web.browser import Browser
from tests.web.conftest import Opened

TOKEN = "a-token-nobody-guesses"
_SILENT = """
    INSERT INTO workers (id, epoch, beat_ms, role, started_at, beat_at) VALUES ('w', :epoch, :ms, 'worker', 0, 0)"""


class Scraper:
    """Prometheus, as far as we know it: reads every figure by name and labels."""

    def __init__(self, desk: Desk) -> None:
        self.app = create_app(desk.hub, desk.connectors)
        self.client: FlaskClient = self.app.test_client()

    def __call__(self, name: str, **labels: str) -> float:
        found = [sample.value for sample in self.samples() if sample.name == name and sample.labels == labels]
        assert len(found) == 1, f"{name} {labels}: {found}"
        return float(found[0])

    def samples(self):  # type: ignore[no-untyped-def]
        answer = self.client.get("/metrics", base_url="http://127.0.0.1:8080")
        assert answer.status_code == 200
        return [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]


@pytest.fixture
def scrape(desk: Desk) -> Scraper:
    return Scraper(desk)


def test_a_worker_is_counted_while_it_beats_and_its_silence_is_told(scrape: Scraper, desk: Desk) -> None:
    assert scrape("hub_workers") == 0
    assert scrape("hub_worker_beat_age_seconds") == math.inf
    with Worker(desk.hub, "worker"):
        assert scrape("hub_workers") == 1
        assert scrape("hub_worker_beat_age_seconds") < math.inf
    assert scrape("hub_workers") == 0


def test_a_worker_that_is_dead_is_not_counted_and_its_last_beat_grows_old(scrape: Scraper, desk: Desk) -> None:
    with desk.hub.database.transaction() as session:
        moment = session.moment()
        session.run(_SILENT, epoch=moment.epoch, ms=moment.ms - 3_600_000)
    assert scrape("hub_workers") == 0
    assert 3600 <= scrape("hub_worker_beat_age_seconds") < 7200


def test_what_waits_to_be_sent_is_told_by_state_and_age_without_any_worker(scrape: Scraper, desk: Desk) -> None:
    assert scrape("hub_outbox_oldest_due_age_seconds") == 0
    desk.fake.says("Where is my filter?").says("Hello?")
    desk.pulls()
    desk.answers("On its way.")
    assert scrape("hub_outbox_items", state="queued") == 1
    assert scrape("hub_outbox_oldest_due_age_seconds") == 0
    desk.hub.clock.tick(110)  # type: ignore[attr-defined]
    assert scrape("hub_outbox_oldest_due_age_seconds") == 100
    desk.fake.fails("refuse")
    desk.works()
    assert scrape("hub_outbox_items", state="queued") == 0
    assert scrape("hub_outbox_items", state="failed") == 1


def test_each_channel_says_how_long_ago_it_was_read_and_how_often_it_failed(scrape: Scraper, desk: Desk) -> None:
    named = {"channel": str(desk.channel_id), "kind": "fake"}
    assert scrape("hub_channel_pull_age_seconds", **named) == math.inf
    desk.pulls()
    desk.hub.clock.tick(60)  # type: ignore[attr-defined]
    assert scrape("hub_channel_pull_age_seconds", **named) == 60
    assert scrape("hub_channel_failures", **named) == 0
    assert scrape("hub_channel_active", **named) == 1


def test_open_conversations_and_what_the_search_has_not_read_are_counted(scrape: Scraper, desk: Desk) -> None:
    assert scrape("hub_conversations_open") == 0
    desk.pulls()
    desk.fake.says("Where is my filter?")
    desk.pulls()
    desk.hub.clock.tick(60)  # type: ignore[attr-defined]
    assert scrape("hub_conversations_open") == 1
    assert scrape("hub_conversations_oldest_open_age_seconds") > 60
    assert scrape("hub_search_unread_messages") == 1


def test_a_reader_of_the_log_that_lags_is_told(scrape: Scraper, desk: Desk) -> None:
    hub = desk.hub
    with hub.database.transaction() as session:
        log.move_reader(session, "plugin:late", log.newest(session))
    assert scrape("hub_event_reader_lag_seconds", reader="plugin:late") == 0
    with hub.database.transaction() as session:
        log.append(session, ReplyQueued(outbox_id=1), at=hub.clock() - timedelta(seconds=90))
    assert scrape("hub_event_reader_lag_seconds", reader="plugin:late") == 90


def test_the_last_backup_is_told_once_there_was_one(scrape: Scraper, desk: Desk) -> None:
    assert "hub_backup_timestamp_seconds" not in {sample.name for sample in scrape.samples()}
    with desk.hub.database.transaction() as session:
        set_fact(session, "backed_up_at", "1700000000000000")
    assert scrape("hub_backup_timestamp_seconds") == 1_700_000_000


def test_a_database_that_does_not_answer_is_a_figure_itself(scrape: Scraper, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise DatabaseUnusable("unreachable")

    assert scrape("hub_database_up") == 1
    monkeypatch.setattr(figures, "_ask", refuse)
    assert scrape("hub_database_up") == 0


def test_requests_are_counted_by_the_template_of_their_address(scrape: Scraper) -> None:
    for path in ("/inbox/17", "/inbox/18", "/no/such/page", "/another"):
        scrape.client.get(path, base_url="http://127.0.0.1:8080")
    scrape.client.open("/health/live", method="BREW", base_url="http://127.0.0.1:8080")
    counted = {
        (sample.labels["method"], sample.labels["route"])
        for sample in scrape.samples()
        if sample.name == "hub_http_requests_total"
    }
    assert {route for method, route in counted if method == "GET"} <= {
        "/inbox/<int:conversation_id>",
        "unmatched",
        "/metrics",
    }
    assert "other" in {method for method, _route in counted}
    assert not [sample for sample in scrape.samples() if "17" in sample.labels.values()]


def test_no_more_than_some_hundred_channels_have_figures_of_their_own(
    scrape: Scraper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "MOST_CHANNELS", 0)
    assert not [sample for sample in scrape.samples() if sample.name.startswith("hub_channel_")]


def test_open_pages_are_counted(scrape: Scraper) -> None:
    assert scrape("hub_live_streams") == 0
    scrape.app.extensions["hub.meters"].open_streams = lambda: 3
    assert scrape("hub_live_streams") == 3


def ask(browser: Browser, *, peer: str = "127.0.0.1", host: str = "127.0.0.1:8080", **headers: str) -> TestResponse:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return browser.client.get(
        "/metrics", base_url=f"http://{host}", headers=sent, environ_overrides={"REMOTE_ADDR": peer}
    )


def test_without_a_token_a_program_on_this_machine_reads_them(visit: Opened) -> None:
    browser = visit(HUB_BASE_URL="https://hub.brightwater.example")
    assert ask(browser).status_code == 200
    assert ask(browser, peer="::1", host="localhost:8080").status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        {"peer": "203.0.113.7"},
        {"X_Forwarded_For": "203.0.113.7"},
        {"X_Forwarded_For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"X_Real_IP": "203.0.113.7"},
        {"Via": "1.1 proxy"},
        {"host": "hub.brightwater.example"},
        {"host": "rebound.example:8080"},
    ],
)
@pytest.mark.parametrize("hops", ["0", "1"])
def test_without_a_token_nobody_else_does_and_no_proxy_on_this_machine_opens_them(
    visit: Opened, asked: dict[str, str], hops: str
) -> None:
    browser = visit(HUB_BASE_URL="https://hub.brightwater.example", HUB_TRUSTED_PROXIES=hops)
    answer = ask(browser, **asked)
    assert answer.status_code == 403
    assert "HUB_METRICS_TOKEN" in answer.text
    assert "hub_workers" not in answer.text


def test_with_a_token_only_who_sends_it_reads_them_from_wherever(visit: Opened) -> None:
    browser = visit(HUB_METRICS_TOKEN=TOKEN)
    assert ask(browser, peer="203.0.113.7", Authorization=f"Bearer {TOKEN}").status_code == 200
    assert ask(browser).status_code == 403
    assert ask(browser, Authorization="Bearer another").status_code == 403
    assert ask(browser, Authorization=f"Basic {TOKEN}").status_code == 403


def test_the_token_is_in_no_text_about_the_settings(visit: Opened) -> None:
    assert TOKEN not in repr(visit(HUB_METRICS_TOKEN=TOKEN).crew.hub.config)


def test_a_hub_that_nobody_works_for_still_answers(hub: Hub) -> None:
    found = list(figures.FromDatabase(hub, lambda: 0).collect())
    assert {family.name for family in found} >= {"hub_workers", "hub_outbox_items", "hub_database_up"}
