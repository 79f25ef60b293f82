"""In whatever order, pages and repetitions a network tells what happened: the same is in the store at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from hub.inbox.ingest import store_page
from hub.kernel.hub import Hub
from hub.outbox import store as outbox
from hub.outbox.model import State
from hub.testing.clock import START, FrozenClock
from tests.inbox.final_state import FinalState, differences, final_state
from tests.inbox.histories import Event, History, answered, described, histories, in_order, page_of, tellings
from tests.inbox.installation import Stage, installation
from tests.postgres import PostgresServer

UNHURRIED: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with installation(tmp_path_factory.mktemp("sqlite")) as hub:
        yield hub


@pytest.fixture(scope="module")
def on_postgresql(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer, postgres_template: str
) -> Iterator[Hub]:
    url = postgres_server.create(postgres_template)
    with installation(tmp_path_factory.mktemp("postgresql"), url) as hub:
        yield hub
    postgres_server.drop(url)


def told(hub: Hub, pages: list[list[Event]]) -> FinalState:
    """Everything these pages leave behind on a channel of their own."""
    stage = Stage(hub)
    with hub.database.transaction() as session:
        for number, events in enumerate(pages, 1):
            store_page(session, stage.channel, page_of(events), pull=number, now=hub.clock())
        return final_state(session, stage.channel_id)


def told_after_answering(hub: Hub, pages: list[list[Event]], fault: str) -> FinalState:
    """The same on a channel where "yes" was sent before; with the fault `drop` nobody knows yet that it arrived."""
    hub.clock = FrozenClock(START - timedelta(minutes=30))
    stage = Stage(hub)
    stage.fake.keeps_echoes().says("a question", id="q", at=START - timedelta(hours=1)).fails(fault)
    stage.pulls()
    outbox_id = stage.answers("yes", key=f"reply on {stage.channel_id}", conversation_id=stage.conversation_id)
    stage.waits(11)
    hub.clock = FrozenClock(START)
    reserved = stage.item(outbox_id).plan.parts[0].reserved  # type: ignore[union-attr]
    with hub.database.transaction() as session:
        for number, events in enumerate(pages, 2):
            theirs = [replace(e, correlation=reserved) if getattr(e, "correlation", None) else e for e in events]
            store_page(session, stage.channel, page_of(theirs), pull=number, now=hub.clock())
        session.run("UPDATE outbox SET sending_until_ms = 0")
    # Where no echo told it (an edit came first), looking it up does; the next page finds the proof.
    stage.resolves()
    with hub.database.transaction() as session:
        store_page(session, stage.channel, page_of([]), pull=99, now=hub.clock())
        assert outbox.item(session, outbox_id).state is State.SENT
        return final_state(session, stage.channel_id)


def assert_same_end(hub: Hub, history: History, pages: list[list[Event]]) -> None:
    note(f"told as\n{described(pages)}\ninstead of\n{described(in_order(history))}")
    expected = told(hub, in_order(history))
    assert (expected.empty_threads, expected.astray) == (0, 0)
    assert differences(told(hub, pages), expected) == []


@settings(max_examples=250, **UNHURRIED)
@given(data=st.data(), history=histories())
def test_any_telling_of_a_history_ends_in_the_same_state(on_sqlite: Hub, data: st.DataObject, history: History) -> None:
    assert_same_end(on_sqlite, history, data.draw(tellings(history)))


@settings(max_examples=60, **UNHURRIED)
@given(data=st.data(), history=answered(), fault=st.sampled_from(["ok", "drop"]))
def test_echoes_of_our_reply_and_answers_to_it_may_come_in_any_order(
    on_sqlite: Hub, data: st.DataObject, history: History, fault: str
) -> None:
    pages = data.draw(tellings(history))
    note(f"told as\n{described(pages)}")
    expected = told_after_answering(on_sqlite, in_order(history), fault)
    found = told_after_answering(on_sqlite, pages, fault)
    assert differences(found.without_names(), expected.without_names()) == []


@settings(max_examples=15, **UNHURRIED)
@given(data=st.data(), history=histories())
def test_any_telling_of_a_history_ends_in_the_same_state_on_postgresql(
    on_postgresql: Hub, data: st.DataObject, history: History
) -> None:
    assert_same_end(on_postgresql, history, data.draw(tellings(history)))
