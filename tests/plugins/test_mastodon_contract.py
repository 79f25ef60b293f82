"""The Mastodon connector on a hand-written fake server: every rule of the contract kit, in each server's dialect."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hub_plugins.mastodon import Mastodon
from hub_plugins.mastodon.connector import MastodonSettings
from hub_plugins.mastodon.wording import graphemes as counted

from hub.kernel.http import Door
from hub.testing.clock import FrozenClock
from hub.testing.contract import ConnectorContract
from tests.plugins.mastodon_server import TOKEN, Dialect, FakeMastodon

KIN = Dialect(
    ids="ulids",
    keys=False,
    filtered=False,
    many=False,
    bad_request=400,
    min_id="inclusive",
    uris=False,
    instance=1,
    per_url=None,
)
"""Everything at once that servers in the wild do otherwise."""


class _OnAFakeServer(ConnectorContract):
    dialect = Dialect()

    def count(self, unit: str, text: str, graphemes: int) -> int:
        """A link counts 23, a mention its name only; everything else as the table says."""
        assert unit == "graphemes"
        special = {"https://brightwater.example/hard-water?town=Würzburg": 23, "@lena@chaos.example danke!": 12}
        return special.get(text, graphemes)

    @pytest.fixture
    def network(self, clock: FrozenClock) -> Iterator[FakeMastodon]:
        with FakeMastodon(self.dialect, clock) as running:
            yield running

    @pytest.fixture
    def second_network(self, clock: FrozenClock) -> Iterator[FakeMastodon]:
        with FakeMastodon(self.dialect, clock) as running:
            yield running

    @pytest.fixture
    def settings(self, network: FakeMastodon) -> MastodonSettings:
        return MastodonSettings(address=network.url, token=TOKEN)

    @pytest.fixture
    def second_settings(self, second_network: FakeMastodon) -> MastodonSettings:
        return MastodonSettings(address=second_network.url, token=TOKEN)

    @pytest.fixture
    def door(self, network: FakeMastodon, second_network: FakeMastodon) -> Iterator[Door]:
        door = Door(allow=[network.server.address, second_network.server.address])
        yield door
        door.close()


class TestMastodonOnAFakeServer(_OnAFakeServer):
    """A current Mastodon."""

    connector_class = Mastodon


class TestMastodonOnAFakeServerOfItsKin(_OnAFakeServer):
    """A server with ULIDs, without keys, filtered notifications and batches, that says 400 and pages inclusively."""

    connector_class = Mastodon
    dialect = KIN


def test_the_kit_counts_what_the_connector_counts_without_its_own_table() -> None:
    assert counted("https://brightwater.example/hard-water?town=Würzburg", None) == 52
