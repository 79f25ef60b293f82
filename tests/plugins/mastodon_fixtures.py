"""What most tests of the Mastodon connector begin with; a module takes what it needs by assigning it to its name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.testing.clock import FrozenClock
from tests.plugins.mastodon_channel import Channel
from tests.plugins.mastodon_server import TOKEN, Dialect, FakeMastodon


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> Dialect:
    chosen: Dialect = getattr(request, "param", Dialect())
    return chosen


@pytest.fixture
def server(dialect: Dialect, clock: FrozenClock) -> Iterator[FakeMastodon]:
    with FakeMastodon(dialect, clock) as running:
        yield running


@pytest.fixture
def channel(server: FakeMastodon, clock: FrozenClock, tmp_path: Path) -> Iterator[Channel]:
    """A channel that was connected and has pulled nothing yet."""
    with connected(server, clock, tmp_path) as made:
        yield made


@pytest.fixture
def read_channel(server: FakeMastodon, clock: FrozenClock, tmp_path: Path) -> Iterator[Channel]:
    """A channel whose history is read."""
    with connected(server, clock, tmp_path) as made:
        made.pull()
        yield made


@contextmanager
def connected(server: FakeMastodon, clock: FrozenClock, folder: Path) -> Iterator[Channel]:
    made = Channel(server.url, TOKEN, folder, server.server.address, clock=clock)
    yield made
    made.close()
