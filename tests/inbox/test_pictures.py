"""Pictures in messages: their addresses are the word of whoever wrote."""

from __future__ import annotations

import pytest

from hub.errors import AddressRefused
from hub.inbox import pictures
from hub.kernel.http import Door
from hub.kernel.hub import Hub
from hub.testing.server import FakeServer


def test_a_message_cannot_send_us_to_what_the_operator_allows_connectors(hub: Hub) -> None:
    with FakeServer() as server:
        server.on("GET", "/secret.png").answers(200, "inside")
        hub.door = Door(allow=[server.address])
        with pytest.raises(AddressRefused):
            pictures.fetch(hub, f"{server.url}/secret.png")
        assert server.arrivals == []
