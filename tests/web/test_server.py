"""The server the pages and streams share."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.kernel.config import read_config
from hub.kernel.database import open_database
from hub.kernel.migrate import migrate
from tests.web.pages import LiveServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    database = open_database(read_config({}, data=tmp_path))
    migrate(database)
    with LiveServer(database).running() as running:
        yield running
    database.close()


def test_an_answer_does_not_wait_until_the_browser_has_confirmed_its_head(server: LiveServer) -> None:
    """Without TCP_NODELAY the body of a page on a kept connection waits for a delayed acknowledgement."""
    client = http.client.HTTPConnection("127.0.0.1", server.port)
    client.request("GET", "/")
    assert client.getresponse().read() == b"hello"
    (connection,) = server.server.server_state.connections
    accepted = connection.transport.get_extra_info("socket")  # type: ignore[union-attr]
    assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    client.close()
