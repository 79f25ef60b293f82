"""What every test may ask for: a clock that stands still, and a fresh database on each engine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from hub.kernel.migrate import migrate
from hub.kernel.postgres import PostgresDatabase
from hub.testing.clock import FrozenClock
from tests.postgres import PostgresServer, running_postgres
from tests.processes import NotInstalled

pytest_plugins = ["tests.skips", "tests.peers.wordpress"]


MARKED_BY_FIXTURE = {"wordpress": "peers", "page": "browser", "browser": "browser"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who asks for a heavy fixture is marked by it, so that `--fast` leaves nobody out by oversight."""
    for item in items:
        for fixture in MARKED_BY_FIXTURE.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKED_BY_FIXTURE[fixture])


@pytest.fixture
def frozen_clock() -> FrozenClock:
    """Stands on Monday 2026-03-02 09:00 UTC until the test calls `.tick(seconds)`."""
    return FrozenClock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL of our own for the whole session (or the one HUB_TEST_POSTGRES names)."""
    with contextlib.ExitStack() as running:
        try:
            server = running.enter_context(running_postgres())
        except NotInstalled as missing:
            pytest.skip(str(missing))
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of a migrated database; a copy of it is made in a fraction of the time the migrations take."""
    url = postgres_server.create()
    migrate_template(url)
    yield postgres_server.name_of(url)
    postgres_server.drop(url)


def migrate_template(url: str) -> None:
    """Bring the template to the newest schema; every connection is closed again, or nothing could copy it."""
    with contextlib.closing(PostgresDatabase(url)) as database:
        migrate(database)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """HUB_DATABASE_URL of a fresh database: empty on SQLite (a file in HUB_DATA), on PostgreSQL a migrated one."""
    if request.param == "sqlite":
        yield ""
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create(request.getfixturevalue("postgres_template"))
    yield url
    server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_engine_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Like `engine_url`, without any table: for tests of the migrations and of the database layer itself."""
    if request.param == "sqlite":
        yield ""
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create()
    yield url
    server.drop(url)
