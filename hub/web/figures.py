"""What the database knows of how an installation does, as Prometheus wants it told."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.metadata import version

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from hub.errors import HubError
from hub.kernel import log as event_log
from hub.kernel.database import Session
from hub.kernel.hub import Hub, fact
from hub.web import store
from hub.web.health import SILENT_MS

MOST_CHANNELS = 500
"""Channels with figures of their own; of more, those with the lowest ids."""
MOST_READERS = 100
MOST_COUNTED = 100_000

_BACKED_UP = "backed_up_at"
_MICROS = 1_000_000

log = structlog.get_logger("hub.web")


class FromDatabase(Collector):
    """Asks at each scrape. A database that does not answer is itself a figure, `hub_database_up 0`."""

    def __init__(self, hub: Hub, streams: Callable[[], int]) -> None:
        self._hub = hub
        self._streams = streams

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: the registry would otherwise ask the database when it is made."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        about = GaugeMetricFamily("hub_info", "The version that runs.", labels=("version",))
        about.add_metric((version("hubbub"),), 1)
        yield about
        yield _gauge("hub_live_streams", "Pages that are open at this web process.", self._streams())
        try:
            with self._hub.database.reading() as session:
                found = list(_ask(session, self._hub.clock()))
        except HubError as error:
            log.warning("not_measured", code=error.code, reason=error.params.get("reason"))
            found = []
        yield _gauge("hub_database_up", "Whether the database answered just now.", bool(found))
        yield from found


def _ask(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    yield from _workers(session)
    yield from _outbox(session, now)
    yield from _inbox(session, now)
    yield from _channels(session, now)
    yield from _readers(session, now)
    most = "Messages the search has not read yet, counted up to 100,000."
    yield _gauge("hub_search_unread_messages", most, store.unswept(session, most=MOST_COUNTED))
    backed_up = fact(session, _BACKED_UP)
    if backed_up is not None:
        text = "When the last verified backup was finished, in seconds since 1970."
        yield _gauge("hub_backup_timestamp_seconds", text, int(backed_up) / _MICROS)


def _workers(session: Session) -> Iterator[GaugeMetricFamily]:
    moment = session.moment()
    beat = store.last_beat(session, moment.epoch)
    age = math.inf if beat is None else max(0.0, (moment.ms - beat) / 1000)
    text = "Workers that have beaten within the last 20 seconds."
    yield _gauge("hub_workers", text, store.workers(session, moment, silent_ms=SILENT_MS))
    yield _gauge("hub_worker_beat_age_seconds", "Since the last beat of any worker; +Inf when there was none.", age)


def _outbox(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    items = GaugeMetricFamily("hub_outbox_items", "Replies that are not settled, by state.", labels=("state",))
    found = store.outbox_states(session)
    for state in ("queued", "sending", "failed", "unknown", "held"):
        items.add_metric((state,), found.get(state, 0))
    yield items
    text = "How long the reply that should have left first is due; 0 when none is."
    yield _gauge("hub_outbox_oldest_due_age_seconds", text, _age(store.oldest_due_at(session, now=now), now))


def _inbox(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    waiting = store.open_conversations(session)
    yield _gauge("hub_conversations_open", "Conversations that wait for us.", waiting.count)
    text = "Since the last message of the open conversation that has been still for longest."
    yield _gauge("hub_conversations_oldest_open_age_seconds", text, _age(waiting.oldest_at, now))
    posted = store.waiting_deliveries(session)
    yield _gauge("hub_deliveries_waiting", "Webhooks taken in and not read yet.", posted.count)
    yield _gauge("hub_deliveries_oldest_age_seconds", "How long the oldest of them waits.", _age(posted.oldest_at, now))


def _channels(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    labels = ("channel", "kind")
    age = GaugeMetricFamily("hub_channel_pull_age_seconds", "Since the last good pull; +Inf before it.", labels=labels)
    failures = GaugeMetricFamily("hub_channel_failures", "Failures in a row, 0 when it works.", labels=labels)
    active = GaugeMetricFamily("hub_channel_active", "1 when it pulls and sends, 0 when it waits.", labels=labels)
    for channel in store.channels(session, most=MOST_CHANNELS):
        named = (str(channel.id), channel.kind)
        age.add_metric(named, math.inf if channel.pulled_at is None else _age(channel.pulled_at, now))
        failures.add_metric(named, channel.failures)
        active.add_metric(named, channel.state == "active")
    yield from (age, failures, active)


def _readers(session: Session, now: datetime) -> Iterator[GaugeMetricFamily]:
    lag = GaugeMetricFamily(
        "hub_event_reader_lag_seconds",
        "How long the next event of a reader waits; 0 when all is read.",
        labels=["reader"],
    )
    failures = GaugeMetricFamily("hub_event_reader_failures", "Failures on that event.", labels=["reader"])
    for reader in event_log.lags(session)[:MOST_READERS]:
        lag.add_metric((reader.name,), _age(reader.since, now))
        failures.add_metric((reader.name,), reader.failures)
    yield from (lag, failures)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _age(at: datetime | None, now: datetime) -> float:
    return 0.0 if at is None else max(0.0, (now - at).total_seconds())
