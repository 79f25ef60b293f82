"""One fake server, a canary that nobody may ever reach, and an internet to put them in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.testing.server import FakeServer
from tests.kernel.http.internet import Internet


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def canary() -> Iterator[FakeServer]:
    """A server inside: the test fails when anything ever connects to it."""
    with FakeServer() as running:
        running.on("*", "/*").answers(200, "the inside")
        yield running
    assert running.connections == 0


@pytest.fixture
def internet() -> Internet:
    return Internet()
