"""What is posted to a channel's own address: the contract's part of connectors with a webhook."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from hub.connector import Connector, Delivery
from hub.errors import Rejected
from hub.testing.clock import FrozenClock

from .needs import has_secrets, needs, secret_names
from .network import FakeNetwork
from .watching import pull_all, watched


class Delivering:
    """Tests of `receive`, and of what `pull` makes of what was received."""

    connector_class: ClassVar[type[Connector]]

    @needs("webhook")
    def test_what_the_network_posts_is_taken_under_its_name(self, connector: Connector, network: FakeNetwork) -> None:
        network.says("one")
        network.says("two")
        one, two = network.deliveries()[-2:]
        names = [connector.receive(delivery).id for delivery in (one, two, one)]
        assert names[0] == names[2], "tried again, it must be known again"
        assert names[0] != names[1]

    @needs("webhook")
    def test_what_somebody_else_posts_is_refused(
        self, connector: Connector, network: FakeNetwork, second_network: FakeNetwork
    ) -> None:
        network.says("hello")
        second_network.says("hello")
        delivery, foreign = network.deliveries()[-1], second_network.deliveries()[-1]
        forged = {"of second_network, which needs a secret of its own": foreign}
        forged["without any header"] = replace(delivery, headers={})
        for name in network.proofs:
            forged[f"without {name}"] = replace(delivery, headers=_without(delivery, name))
            forged[f"with an empty {name}"] = replace(delivery, headers={**delivery.headers, name: ""})
        for what, each in forged.items():
            refused = _refused(connector, each)
            assert refused is not None, f"a delivery {what} was taken"
            assert refused.reason

    @needs("webhook")
    def test_a_body_that_was_changed_on_the_way_is_refused_where_it_is_signed(
        self, connector: Connector, network: FakeNetwork, clock: FrozenClock
    ) -> None:
        network.says("hello")
        delivery = network.deliveries()[-1]
        late = clock() + timedelta(minutes=10)
        changed, old = replace(delivery, body=delivery.body + b" "), replace(delivery, received_at=late)
        if network.signs:
            assert _refused(connector, changed), "a changed body was taken: prove it, or say `signs = False`"
        else:
            assert connector.receive(changed).id
        if network.signs and network.dates:
            assert _refused(connector, old), "one ten minutes old was taken: look at its time, or say `dates = False`"
        else:
            assert connector.receive(old).id

    @needs("webhook")
    def test_receiving_asks_nobody(self, connector: Connector, network: FakeNetwork) -> None:
        network.says("hello")
        delivery = network.deliveries()[-1]
        connector.receive(delivery)
        with watched() as touched:
            connector.receive(delivery)
        assert not touched, touched

    @needs("webhook", has_secrets)
    def test_no_secret_is_kept_with_a_delivery(self, connector: Connector, network: FakeNetwork, settings: Any) -> None:
        network.says("hello")
        delivery = network.deliveries()[-1]
        told = [repr(connector.receive(delivery))]
        with pytest.raises(Rejected) as refused:
            connector.receive(replace(delivery, headers={}))
        told.append(f"{refused.value} {refused.value!r} {refused.value.detail} {refused.value.params}")
        secrets = [getattr(settings, name) for name in secret_names(self.connector_class)]
        assert not [text for text in told for secret in secrets if secret and secret in text]

    @needs("webhook")
    def test_every_delivery_comes_to_its_end(self, connector: Connector, network: FakeNetwork) -> None:
        for text in ("one", "two", "three"):
            network.says(text)
        finished = {number for page in pull_all(connector).pages for number in page.deliveries}
        assert finished == {delivery.number for delivery in network.deliveries()}


def _refused(connector: Connector, delivery: Delivery) -> Rejected | None:
    try:
        connector.receive(delivery)
    except Rejected as refused:
        return refused
    return None


def _without(delivery: Delivery, name: str) -> dict[str, str]:
    return {each: value for each, value in delivery.headers.items() if each != name}
