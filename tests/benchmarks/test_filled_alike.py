"""An installation that was filled in bulk is the one that the hub would have made of the same messages itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks import filled
from benchmarks.filled import Filled
from benchmarks.floor.conversations import VOCABULARY, Shape
from benchmarks.ingest import incoming
from benchmarks.postgresql import fresh_database
from hub.channels import store as channels
from hub.connector import Page
from hub.inbox import indexing, read
from hub.inbox.ingest import store_page
from hub.inbox.search import search_conversations
from hub.inbox.store import conversations
from hub.kernel.database import Session
from hub.kernel.hub import Hub, open_hub
from hub.people.model import OPERATOR
from tests.postgres import PostgresServer

SHAPE = Shape(60, end=1_790_000_000, long={20: 2, 100: 1})
TABLES = {
    "identities": "id",
    "threads": "id",
    "conversations": "id",
    "messages": "id",
    "search_texts": "id",
    "search_dirty": "id",
    # The numbers of events are in the order in which they were written down.
    "events": "at, kind, data",
}
_SCHEMA = {
    "sqlite": "SELECT name, sql FROM sqlite_master ORDER BY name",
    "postgresql": """
        SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL
        SELECT conname, concat(CAST(conrelid AS regclass), ' ', pg_get_constraintdef(oid)) FROM pg_constraint
        ORDER BY 1, 2""",
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Hub]]:
    """Filled in bulk, and told message by message."""
    folder = tmp_path_factory.mktemp("alike")
    with contextlib.ExitStack() as stack:
        urls = ["", ""]
        if request.param == "postgresql":
            server: PostgresServer = request.getfixturevalue("postgres_server")
            urls = [stack.enter_context(fresh_database(server.url)) for _ in urls]
        bulk = filled.build(folder / "bulk", SHAPE, database_url=urls[0])
        told = filled.build(folder / "told", database_url=urls[1])
        hubs = [stack.enter_context(contextlib.closing(open_hub(each.config))) for each in (bulk, told)]
        _tell(hubs[1], told)
        yield hubs[0], hubs[1]


def _tell(hub: Hub, here: Filled) -> None:
    """Every message by a page of its own, as the shape has them; somebody reads what is read in it."""
    with hub.database.transaction() as session:
        known = [channels.channel(session, channel_id) for channel_id in here.channel_ids]
        for number, (each, position, at) in enumerate(SHAPE.all_messages(), 1):
            now = datetime.fromtimestamp(at, UTC)
            message = incoming(SHAPE.arrival(f"m{number}", each, position), with_html=False)
            page = Page(cursor="1", messages=(message,), history=not each.is_open)
            store_page(session, known[each.team], page, pull=1, now=now)
            if each.is_open and position == each.last_read:
                there = conversations.conversation(session, each.number)
                read.mark_read(replace(hub, clock=lambda now=now: now), session, there)
    while indexing.sweep(hub):
        pass


def _rows(session: Session, table: str) -> list[dict[str, object]]:
    rows = session.all(f"SELECT * FROM {table} ORDER BY {TABLES[table]}")  # noqa: S608
    unlike = {"id", "xid"} if table == "events" else {"xid"}
    return [{name: row[name] for name in row.keys() - unlike} for row in rows]


@pytest.mark.parametrize("table", TABLES)
def test_both_have_the_same_rows(both: tuple[Hub, Hub], table: str) -> None:
    with both[0].database.reading() as bulk, both[1].database.reading() as told:
        assert _rows(bulk, table) == _rows(told, table)
        assert len(_rows(bulk, table)) > 0 or table == "search_dirty"


def test_both_have_the_same_indexes_and_constraints(both: tuple[Hub, Hub]) -> None:
    with both[0].database.reading() as bulk, both[1].database.reading() as told:
        schema = _SCHEMA[bulk.dialect.name]
        found = [[tuple(row.values()) for row in session.all(schema)] for session in (bulk, told)]
    assert found[0] == found[1]
    assert any("messages_conversation" in name for name, _ in found[0])


def test_no_row_points_nowhere_and_the_index_is_whole(tmp_path: Path) -> None:
    here = filled.build(tmp_path, SHAPE)
    with contextlib.closing(open_hub(here.config)) as hub, hub.database.transaction() as session:
        assert session.all("PRAGMA foreign_key_check") == []
        assert [row["integrity_check"] for row in session.all("PRAGMA integrity_check")] == ["ok"]
        # Raises where the index and the words it is of do not fit.
        session.run("INSERT INTO search_texts_fts (search_texts_fts, rank) VALUES ('integrity-check', 1)")


def test_both_show_the_same_inbox(both: tuple[Hub, Hub]) -> None:
    for only_open in (True, False):
        pages = []
        for hub in both:
            with hub.database.reading() as session:
                pages.append(conversations.lines(session, teams=(1, 2, 3), only_open=only_open, limit=30))
        assert pages[0] == pages[1]
        assert pages[0]


@pytest.mark.parametrize("number", [1, 8, 60, SHAPE.long(20)[0], SHAPE.long(100)[0]])
def test_both_show_the_same_conversation(both: tuple[Hub, Hub], number: int) -> None:
    shown = []
    for hub in both:
        with hub.database.reading() as session:
            reading = read.read_conversation(hub, session, conversations.conversation(session, number))
        # The channels were connected at two moments.
        shown.append((reading.line, reading.identity, reading.utterances, reading.answerable.target))
    assert shown[0] == shown[1]
    assert len(shown[0][2]) in (5, 20, 100)


@pytest.mark.parametrize(
    "typed", [f'"{VOCABULARY[0]}"', VOCABULARY[0][:2], f"{VOCABULARY[1]} {VOCABULARY[2]}", '"user 3"', "nobody0said"]
)
def test_both_find_the_same(both: tuple[Hub, Hub], typed: str) -> None:
    found = []
    for hub in both:
        with hub.database.reading() as session:
            found.append(search_conversations(session, OPERATOR, typed, limit=50))
    assert found[0] == found[1]
    assert bool(found[0].hits) == (typed != "nobody0said")


def test_both_go_on_where_they_are(both: tuple[Hub, Hub]) -> None:
    """What comes in next gets the same number in both."""
    new = []
    for hub in both:
        with hub.database.transaction() as session:
            team = session.one("SELECT min(id) AS id FROM channels")
            assert team is not None
            channel = channels.channel(session, team["id"])
            each, position, at = next(SHAPE.all_messages())
            message = incoming(replace(SHAPE.arrival("next", each, position), thread=9999), with_html=False)
            stored = store_page(
                session, channel, Page(cursor="2", messages=(message,)), pull=2, now=datetime.fromtimestamp(at, UTC)
            )
            new.append((stored.new, conversations.conversation(session, SHAPE.count + 1)))
    assert new[0] == new[1]
