"""The contract kit for the webhook plugin, once with a receiver that knows a repeated webhook-id again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hub_plugins.webhook import Webhook
from hub_plugins.webhook.settings import WebhookSettings

from hub.errors import Ambiguous
from hub.kernel.http import Door
from hub.testing.clock import FrozenClock
from hub.testing.contract import ConnectorContract
from hub.testing.contract.answering import answer_to, said
from hub.testing.server import FakeServer
from tests.plugins.webhook_system import SECOND, SECRET, THIRD, System


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


class TestWebhook(ConnectorContract):
    connector_class = Webhook
    repeats = "no"

    @pytest.fixture
    def network(self, server: FakeServer, clock: FrozenClock) -> System:
        return System(server, clock, SECRET)

    @pytest.fixture
    def second_network(self, server: FakeServer, clock: FrozenClock) -> System:
        return System(server, clock, SECOND, path="/other")

    @pytest.fixture
    def settings(self, network: System) -> WebhookSettings:
        return WebhookSettings(secret=SECRET, second_secret=THIRD, reply_url=network.url, repeats=self.repeats)

    @pytest.fixture
    def second_settings(self, second_network: System) -> WebhookSettings:
        return WebhookSettings(secret=SECOND, reply_url=second_network.url)

    @pytest.fixture
    def door(self, server: FakeServer) -> Iterator[Door]:
        door = Door(allow=[server.address])
        yield door
        door.close()


class TestWebhookOfAReceiverThatKnowsIdsAgain(TestWebhook):
    repeats = "yes"

    def test_a_part_sent_twice_arrives_once(self, connector: Webhook, network: System) -> None:
        plan = connector.plan(answer_to(said(connector, network)), "key-1")
        assert plan.parts[0].repeatable
        network.fails(next_sends=["drop"])
        with pytest.raises(Ambiguous):
            connector.send(plan, 0, None)
        assert connector.send(plan, 0, None).remote_id == "r-key-1"
        assert len(network.arrivals()) == 1
