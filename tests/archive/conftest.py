"""A second place to bring an archive to, on each engine, and the installation that stands there afterwards."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.kernel.config import Config, read_config
from hub.kernel.hub import Hub, open_hub
from hub.kernel.plugins import Plugins
from hub.testing.clock import FrozenClock
from hub.testing.fake import FakeNetwork
from tests.archive.moved import MovedDesk
from tests.desk import plug_in
from tests.postgres import PostgresServer

Reopen = Callable[[], MovedDesk]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where an archive is to be."""
    return tmp_path / "hub.backup"


@pytest.fixture
def target(tmp_path: Path, engine_url: str, hub: Hub, request: pytest.FixtureRequest) -> Iterator[Config]:
    """An empty folder that has nothing but the key, on the same engine."""
    yield from _empty(tmp_path / "target", hub, request if engine_url else None)


@pytest.fixture
def elsewhere(tmp_path: Path, engine_url: str, hub: Hub, request: pytest.FixtureRequest) -> Iterator[Config]:
    """The same on the other engine."""
    yield from _empty(tmp_path / "elsewhere", hub, None if engine_url else request)


def _empty(folder: Path, hub: Hub, request: pytest.FixtureRequest | None) -> Iterator[Config]:
    folder.mkdir()
    shutil.copy(hub.config.key_file, folder / "key")
    if request is None:
        yield read_config({}, data=folder)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create()
    yield read_config({"HUB_DATABASE_URL": url}, data=folder)
    server.drop(url)


@pytest.fixture
def reopen(target: Config, fake: FakeNetwork, frozen_clock: FrozenClock) -> Iterator[Reopen]:
    """Opens what was brought to `target`, with the same network around it."""
    with contextlib.ExitStack() as opened:

        def start() -> MovedDesk:
            plugins = Plugins()
            plug_in(plugins, fake.connector_class())
            hub = opened.enter_context(contextlib.closing(open_hub(target, clock=frozen_clock, plugins=plugins)))
            hub.chance = lambda: 0.5
            return MovedDesk(hub)

        yield start
