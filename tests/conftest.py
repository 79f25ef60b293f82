"""What every test may ask for: a clock that stands still, and a fresh database on each engine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck

from hub.kernel.config import read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.kernel.migrate import migrate
from hub.kernel.plugins import Plugins
from hub.kernel.postgres import PostgresDatabase
from hub.testing.clock import FrozenClock
from hub.testing.fake import FakeNetwork
from tests.desk import Desk
from tests.postgres import PostgresServer, running_postgres
from tests.processes import NotInstalled

# Before anything imports the kit: its asserts explain themselves like those of a test.
pytest.register_assert_rewrite("hub.testing.contract")

# The same examples each time, and no example fails for being slow on a machine that has other things to do.
hypothesis.settings.register_profile(
    "tests",
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
hypothesis.settings.load_profile("tests")

pytest_plugins = [
    "tests.scratch",
    "tests.sharing",
    "tests.skips",
    "tests.peers.wordpress",
    "tests.peers.mastodon",
    "tests.peers.bluesky",
]


MARKED_BY_FIXTURE = {
    "wordpress": "peers",
    "mastodon_emulator": "peers",
    "mastodon_answers": "peers",
    "bluesky": "peers",
    "page": "browser",
    "browser": "browser",
}


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


@pytest.fixture
def hub(tmp_path: Path, engine_url: str, frozen_clock: FrozenClock) -> Iterator[Hub]:
    """An open installation on each engine, with a clock that stands still, chance that is even and no plugins."""
    config = read_config({"HUB_DATABASE_URL": engine_url}, data=tmp_path / "data")
    prepare(config)
    opened = open_hub(config, clock=frozen_clock, plugins=Plugins())
    opened.chance = lambda: 0.5
    yield opened
    opened.close()


@pytest.fixture
def fake(frozen_clock: FrozenClock) -> FakeNetwork:
    """A network in memory: see hub/testing/fake.py for its language."""
    return FakeNetwork(frozen_clock)


@pytest.fixture
def desk(hub: Hub, fake: FakeNetwork) -> Desk:
    """The whole line over the fake network: a team, an agent, a channel; see tests/desk.py."""
    return Desk(hub, fake)
