"""The Bluesky connector on a hand-written fake server: every rule of the contract kit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

import pytest
from hub_plugins.bluesky import Bluesky
from hub_plugins.bluesky.connector import BlueskySettings

from hub.kernel.http import Door
from hub.testing.clock import FrozenClock
from hub.testing.contract import ConnectorContract
from tests.plugins.bluesky_channel import only_this_machine
from tests.plugins.bluesky_server import PASSWORD, FakeBluesky


class TestBlueskyOnAFakeServer(ConnectorContract):
    connector_class = Bluesky
    late: ClassVar[timedelta] = timedelta(hours=47)

    @pytest.fixture
    def network(self, clock: FrozenClock) -> Iterator[FakeBluesky]:
        with FakeBluesky(clock) as running:
            yield running

    @pytest.fixture
    def second_network(self, clock: FrozenClock) -> Iterator[FakeBluesky]:
        with FakeBluesky(clock) as running:
            yield running

    @pytest.fixture
    def settings(self, network: FakeBluesky) -> BlueskySettings:
        return BlueskySettings(handle="brightwater.test", app_password=PASSWORD, service=network.url)

    @pytest.fixture
    def second_settings(self, second_network: FakeBluesky) -> BlueskySettings:
        return BlueskySettings(handle="brightwater.test", app_password=PASSWORD, service=second_network.url)

    @pytest.fixture
    def door(self, network: FakeBluesky, second_network: FakeBluesky) -> Iterator[Door]:
        door = Door(allow=[network.server.address, second_network.server.address], resolve=only_this_machine)
        yield door
        door.close()
