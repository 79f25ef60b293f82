"""The sweep: everything that changes is indexed, once, whenever it dies and however many do it."""

from __future__ import annotations

import ast
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from hub.inbox import indexing
from hub.inbox.indexing import sweep, sweep_portion
from hub.inbox.ingest import store_page
from hub.inbox.store import search as store
from hub.inbox.words import BREAK, ask, words_of
from hub.kernel.hub import Hub
from hub.kernel.migrate import migrate
from hub.testing.clock import START
from hub.testing.fake import Crash
from tests.desk import Desk
from tests.house import ROOT
from tests.inbox.histories import Event, History, described, histories, page_of, tellings
from tests.inbox.installation import Stage, installation
from tests.inbox.searching import LENA, found
from tests.inbox.test_words import ANY_TEXT
from tests.postgres import PostgresServer
from tests.processes import wait_until

UNHURRIED: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One installation on each engine for all examples of a property."""
    if request.param == "sqlite":
        with installation(tmp_path_factory.mktemp("sqlite")) as hub:
            yield hub
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create(request.getfixturevalue("postgres_template"))
    with installation(tmp_path_factory.mktemp("postgresql"), url) as hub:
        yield hub
    server.drop(url)


def index_of(hub: Hub) -> dict[int, str]:
    """Message to its words, as the engine keeps them; every message is there once at the most."""
    with hub.database.reading() as session:
        rows = session.all("SELECT message_id, CAST(words AS text) AS words FROM search_texts")
        assert len({row["message_id"] for row in rows}) == len(rows)
        if session.dialect.name == "sqlite":
            session.run("INSERT INTO search_texts_fts (search_texts_fts, rank) VALUES ('integrity-check', 1)")
    return {row["message_id"]: row["words"] for row in rows}


def waiting(hub: Hub) -> int:
    with hub.database.reading() as session:
        row = session.one("SELECT count(*) AS found FROM search_dirty")
    return int(row["found"]) if row else 0


def texts_of(hub: Hub) -> dict[int, str]:
    """The messages that can be found."""
    with hub.database.reading() as session:
        rows = session.all("SELECT id, text FROM messages WHERE deleted_at IS NULL")
    return {row["id"]: row["text"] for row in rows}


@pytest.fixture(scope="module")
def talking(shared: Hub) -> Stage:
    """A channel with one message in the index and one that waits for it."""
    stage = Stage(shared)
    stage.fake.says('AND "OR" NOT (a:b) c* ^d -e NEAR/2', by=LENA, id="one")
    stage.pulls()
    sweep(shared)
    stage.fake.says("'quoted' \\ : & | ! <-> 🙏🏽 東京", by=LENA, id="two")
    stage.pulls()
    return stage


@settings(max_examples=60, **UNHURRIED)
@given(typed=ANY_TEXT)
def test_whatever_is_typed_is_no_error(talking: Stage, typed: str) -> None:
    assert len(found(talking.hub, typed, channel_id=talking.channel_id)) <= 2


@settings(max_examples=40, **UNHURRIED)
@given(text=ANY_TEXT)
def test_each_word_of_a_stored_message_finds_it_before_and_after_the_sweep(shared: Hub, text: str) -> None:
    stage = Stage(shared)
    stage.fake.says(text, by=LENA)
    stage.pulls()
    (stored,) = stage.texts()[-1:]
    asked = [piece for piece in text.split() if words_of(piece)][:4]
    for _ in range(2):
        for piece in asked:
            assert found(shared, piece, channel_id=stage.channel_id), f"{piece!r} does not find {stored!r}"
        sweep(shared)


CORPUS = [
    *("tea for two", "two for tea", "tea time is now", "a teapot of tea", "coffee, no tea!", "Tee und Kaffee"),
    *("thé vert", "late late late", "the late tea", "東京タワー", "京都と東京", "🙏🏽 thanks", "🙏 🙏 thanks", "Łódź"),
]
PIECES = [
    *(
        "tea",
        "te",
        "two",
        "for",
        "late",
        '"tea for"',
        '"for tea"',
        '"late late"',
        "t",
        "coff",
        "東",
        "東京",
        "京都",
        "🙏",
    ),
    *("lodz", "kaffee", "thanks", '"thanks a"', "no", "now", "!", "é", "the", '"', "und tee"),
]


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer, postgres_template: str
) -> Iterator[list[Stage]]:
    """The same corpus three times: indexed on either engine, and not indexed at all."""
    url = postgres_server.create(postgres_template)
    folder = tmp_path_factory.mktemp("both")
    with installation(folder / "a") as one, installation(folder / "b", url) as two, installation(folder / "c") as three:
        stages = [Stage(hub) for hub in (one, two, three)]
        for stage in stages:
            for number, text in enumerate(CORPUS):
                stage.fake.says(text, by=replace(LENA, id=f"p{number}", name="", handle=""))
            stage.pulls()
        assert [sweep(stage.hub) for stage in stages[:2]] == [len(CORPUS)] * 2
        yield stages
    postgres_server.drop(url)


@settings(max_examples=80, **UNHURRIED)
@given(pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=3))
def test_both_engines_find_the_same_and_the_same_as_without_an_index(both: list[Stage], pieces: list[str]) -> None:
    typed = " ".join(pieces)
    answers = [found(stage.hub, typed) for stage in both]
    assert answers[0] == answers[1] == answers[2]


@settings(max_examples=40, **UNHURRIED)
@given(data=st.data(), history=histories())
def test_however_a_history_is_told_the_index_ends_as_if_it_were_made_anew(
    shared: Hub, data: st.DataObject, history: History
) -> None:
    pages: list[list[Event]] = data.draw(tellings(history))
    note(described(pages))
    stage = Stage(shared)
    for number, events in enumerate(pages, 1):
        with shared.database.transaction() as session:
            store_page(session, stage.channel, page_of(events), pull=number, now=shared.clock())
        if data.draw(st.booleans()):
            sweep_portion(shared, most=data.draw(st.integers(1, 4)))
    sweep(shared)
    assert waiting(shared) == 0
    kept = index_of(shared)
    with shared.database.transaction() as session:
        store.start_anew(session)
    sweep(shared)
    assert _without_names(kept) == _without_names(index_of(shared))


NAMES = {"lena", "milan", "brandt", "vogel", BREAK}


def _without_names(index: dict[int, str]) -> dict[int, list[str]]:
    """The words of each message but its author's, who is found by the name of the time when it was indexed."""
    return {message_id: sorted(set(re.findall(r"[^\s':,\d]+", words)) - NAMES) for message_id, words in index.items()}


@pytest.mark.parametrize("point", ["search.read", "search.kept"])
@pytest.mark.parametrize("passing", [1, 2])
def test_a_sweep_that_dies_loses_nothing_and_indexes_nothing_twice(desk: Desk, point: str, passing: int) -> None:
    desk.fake.says("tea one", id="a").says("tea two", id="b").says("tea three", id="c")
    desk.pulls()
    passed = 0

    def reach(name: str) -> None:
        nonlocal passed
        passed += name == point
        if name == point and passed == passing:
            raise Crash

    desk.hub.reach = reach
    with pytest.raises(Crash):
        for _ in range(3):
            sweep_portion(desk.hub, most=2)
    desk.hub.reach = lambda name: None
    desk.fake.says("tea three, edited", id="c", revision="2", edited_at=START + timedelta(seconds=1))
    desk.pulls()
    while sweep_portion(desk.hub, most=2):
        pass
    assert waiting(desk.hub) == 0
    assert index_of(desk.hub).keys() == texts_of(desk.hub).keys()
    with desk.hub.database.reading() as session:
        assert len(store.hits(session, ask("tea"), before=store.HIGHEST, most=9)) == 3


def test_what_is_edited_while_it_is_being_indexed_is_indexed_as_it_is_afterwards(desk: Desk) -> None:
    desk.fake.says("tea with milk", id="a").says("coffee", id="b")
    desk.pulls()

    def reach(name: str) -> None:
        if name == "search.read":
            desk.hub.reach = lambda name: None
            desk.fake.says("tea with lemon", id="a", revision="2", edited_at=START + timedelta(seconds=1))
            desk.pulls()

    desk.hub.reach = reach
    sweep_portion(desk.hub)
    assert waiting(desk.hub) == 1
    assert (found(desk.hub, "milk"), found(desk.hub, "lemon")) == ([], ["tea with lemon"])
    sweep(desk.hub)
    assert waiting(desk.hub) == 0
    assert (found(desk.hub, "milk"), found(desk.hub, "lemon")) == ([], ["tea with lemon"])


def test_what_another_worker_indexed_meanwhile_is_left_alone(desk: Desk) -> None:
    desk.fake.says("tea with milk", id="a")
    desk.pulls()

    def reach(name: str) -> None:
        if name == "search.read":
            desk.hub.reach = lambda name: None
            sweep(desk.hub)
            desk.fake.says("tea with lemon", id="a", revision="2", edited_at=START + timedelta(seconds=1))
            desk.pulls()
            sweep(desk.hub)

    desk.hub.reach = reach
    sweep(desk.hub)
    assert waiting(desk.hub) == 0
    assert found(desk.hub, "lemon") == ["tea with lemon"]


def test_several_workers_sweep_while_messages_come_in(desk: Desk) -> None:
    for number in range(120):
        desk.fake.says(f"tea {number}", id=f"m{number}", by=replace(LENA, id=f"p{number}"))
    for number in range(0, 120, 3):
        edited_at = START + timedelta(seconds=1)
        desk.fake.says(f"lemon {number}", id=f"m{number}", by=LENA, revision="2", edited_at=edited_at)
    desk.fake.page_size(7)
    ended = threading.Event()
    failures: list[BaseException] = []

    def sweeping() -> None:
        try:
            while not (ended.is_set() and waiting(desk.hub) == 0):
                sweep_portion(desk.hub, most=10)
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=sweeping) for _ in range(2)]
    for worker in workers:
        worker.start()
    while desk.pulls().more:
        pass
    ended.set()
    for worker in workers:
        worker.join()
    assert failures == []
    index = index_of(desk.hub)
    assert index.keys() == texts_of(desk.hub).keys()
    for message_id, text in texts_of(desk.hub).items():
        assert all(word in index[message_id] for word in text.split())


def test_a_worker_on_postgresql_leaves_what_is_changed_at_this_moment_for_the_next_sweep(
    tmp_path: Path, postgres_server: PostgresServer, postgres_template: str
) -> None:
    url = postgres_server.create(postgres_template)
    with installation(tmp_path, url) as hub:
        stage = Stage(hub)
        stage.fake.says("tea", id="a").says("coffee", id="b")
        stage.pulls()
        with hub.database.reading() as session:
            read = store.queued(session, most=10)
        with _changing(hub, read[0].message_id), hub.database.transaction() as session:
            taken = store.take(session, [each.dirty_id for each in read])
        assert taken == {read[1].message_id}
        assert waiting(hub) == 1
    postgres_server.drop(url)


@contextmanager
def _changing(hub: Hub, message_id: int) -> Iterator[None]:
    """While somebody else's transaction changes a message."""
    changed, leave = threading.Event(), threading.Event()

    def change() -> None:
        with hub.database.transaction() as session:
            store.enqueue(session, [message_id])
            changed.set()
            leave.wait(60)

    other = threading.Thread(target=change)
    other.start()
    try:
        wait_until(changed.is_set, "the other transaction to have changed the message")
        yield
    finally:
        leave.set()
        other.join()


def test_an_old_folder_is_indexed_by_the_same_sweep_the_newest_messages_first(desk: Desk) -> None:
    for number in range(5):
        desk.fake.says(f"tea {number}", id=f"m{number}", by=replace(LENA, id=f"p{number}"))
    desk.pulls()
    _as_before_the_search(desk.hub)
    assert migrate(desk.hub.database) == ["0002_search"]
    assert waiting(desk.hub) == 5
    assert sweep_portion(desk.hub, most=2) == 2
    assert sorted(index_of(desk.hub)) == sorted(texts_of(desk.hub))[-2:]
    assert len(found(desk.hub, "tea")) == 5
    assert sweep(desk.hub) == 3
    assert len(found(desk.hub, "tea")) == 5


def _as_before_the_search(hub: Hub) -> None:
    books = "_sqlite_migrations" if hub.database.dialect.name == "sqlite" else "applied_migrations"
    with hub.database.transaction() as session:
        if hub.database.dialect.name == "sqlite":
            session.run("DROP TABLE search_texts_fts")
        session.run("DROP TABLE search_texts")
        session.run("DROP TABLE search_dirty")
        session.run(f"DELETE FROM {books} WHERE name = '0002_search'")  # noqa: S608


def test_a_sweep_ends_in_time_and_goes_on_the_next_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "PORTION", 2)
    monkeypatch.setattr(indexing, "sweep_portion", lambda hub: sweep_portion(hub, most=2))
    for number in range(7):
        desk.fake.says(f"tea {number}", id=f"m{number}")
    desk.pulls()
    clock = iter([0.0, 0.5, 1.0])
    assert sweep(desk.hub, monotonic=lambda: next(clock)) == 4
    assert waiting(desk.hub) == 3
    assert sweep(desk.hub, monotonic=lambda: 0.0) == 3


WRITES_MESSAGES = {"add", "revise", "delete", "revive", "address", "change_text"}


def test_whoever_changes_messages_queues_them_for_the_search() -> None:
    changing, queueing = set(), set()
    for file in (ROOT / "hub").rglob("*.py"):
        called = {
            ast.unparse(node.func) for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)
        }
        if called & {f"intake.{name}" for name in WRITES_MESSAGES}:
            changing.add(file.name)
        if "search.enqueue" in called:
            queueing.add(file.name)
    assert "ingest.py" in changing
    assert changing <= queueing
    assert "replies.py" in queueing
