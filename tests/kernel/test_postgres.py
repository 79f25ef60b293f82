"""What goes wrong between us and PostgreSQL: told as what it is, and over when it is over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from hub.errors import DatabaseUnusable
from hub.kernel import postgres
from hub.kernel.postgres import PostgresDatabase, PostgresSession
from tests.postgres import PostgresServer

_PUT = "INSERT INTO installation (name, value) VALUES (:name, :value)"
_COUNT = "SELECT count(*) AS found FROM installation"


@pytest.fixture
def url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    url = postgres_server.create(postgres_template)
    yield url
    postgres_server.drop(url)


def count(database: PostgresDatabase) -> int:
    with database.reading() as session:
        row = session.one(_COUNT)
    assert row is not None
    return int(row["found"])


def test_a_pool_without_a_free_connection_is_told_and_serves_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(PostgresDatabase(url, connections=1)) as database:
        before = count(database)
        monkeypatch.setattr(database._pool, "timeout", 0.2)
        refused: list[str] = []

        def want() -> None:
            try:
                count(database)
            except DatabaseUnusable as error:
                refused.append(error.reason)

        with database.transaction() as session:
            session.run(_PUT, name="held", value="")
            other = threading.Thread(target=want)
            other.start()
            other.join()
        assert refused == ["unreachable"]
        monkeypatch.setattr(database._pool, "timeout", postgres._CONNECT_SECONDS)
        assert count(database) == before + 1


def test_a_connection_that_is_cut_in_a_transaction_undoes_it_and_the_next_one_works(
    url: str, postgres_server: PostgresServer
) -> None:
    with closing(PostgresDatabase(url)) as database:
        before = count(database)
        with pytest.raises(DatabaseUnusable) as raised, database.transaction() as session:
            session.run(_PUT, name="undone", value="")
            postgres_server.disconnect(url)
            session.run(_PUT, name="never", value="")
        assert raised.value.reason == "unreachable"
        assert count(database) == before
        with database.transaction() as session:
            session.run(_PUT, name="after", value="")
        assert count(database) == before + 1


def test_of_two_that_wait_for_each_other_one_is_told_and_can_do_it_again(url: str) -> None:
    with closing(PostgresDatabase(url)) as database:
        with database.transaction() as session:
            for name in "ab":
                session.run(_PUT, name=name, value="0")
        both = threading.Barrier(2)
        told: list[str] = []

        def write(first: str, second: str, *, met: bool) -> None:
            with database.transaction() as session:
                session.run("UPDATE installation SET value = value || '1' WHERE name = :name", name=first)
                if not met:
                    both.wait(120)
                session.run("UPDATE installation SET value = value || '1' WHERE name = :name", name=second)

        def try_twice(first: str, second: str) -> None:
            try:
                write(first, second, met=False)
            except DatabaseUnusable as error:
                told.append(error.reason)
                write(first, second, met=True)

        threads = [threading.Thread(target=try_twice, args=order) for order in ("ab", "ba")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert told == ["locked"]
        with database.reading() as session:
            values = session.all("SELECT value FROM installation WHERE name IN ('a', 'b')")
        assert [row["value"] for row in values] == ["011", "011"]


def test_the_server_may_end_whoever_stands_still_between_any_two_statements(url: str, tmp_path: Path) -> None:
    told = tmp_path / "told"
    with closing(PostgresDatabase(url)) as database, database.transaction() as session, told.open("wb") as trace:
        connection = cast("PostgresSession", session).connection.pgconn
        connection.trace(trace.fileno())
        session.many(_PUT, [{"name": name, "value": ""} for name in "abc"])
        connection.untrace()
    # In a pipeline there is one Sync for all: until then the server takes us for busy, and keeps our locks.
    assert told.read_text().count("\tSync") == told.read_text().count("\tExecute") == 3
