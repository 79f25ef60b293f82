"""The contract kit: subclass `ConnectorContract` in your tests, and pytest says what your connector still lacks.

    class TestMine(ConnectorContract):
        connector_class = MyConnector

        @pytest.fixture
        def network(self) -> FakeNetwork: ...        # your fake of the network, from a dozen short methods

        @pytest.fixture
        def second_network(self) -> FakeNetwork: ... # another account of it

        @pytest.fixture
        def settings(self) -> MySettings: ...        # for the first account

        @pytest.fixture
        def second_settings(self) -> MySettings: ...

Tests of features that the class does not declare are not there; those of declared ones cannot be escaped. The run ends
with the level of quality that was reached. `pytest --hub-connector=PACKAGE:CLASS` runs the kit on a class by its name.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from hub.connector import Connector, Context
from hub.kernel.http import Door
from hub.testing.clock import FrozenClock

from .delivering import Delivering
from .extras import Extras, SampleUploads
from .manners import Manners
from .needs import drop_undeclared
from .network import Arrived, FakeNetwork
from .receiving import Receiving
from .sending import Sending

__all__ = ["Arrived", "ConnectorContract", "Door", "FakeNetwork"]


class ConnectorContract(Receiving, Sending, Delivering, Extras, Manners):
    """Every test of the contract that applies to one connector.

    late: how far back a message may be dated and still be found, the connector's overlap window.
    """

    connector_class: ClassVar[type[Connector]]
    late: ClassVar[timedelta] = timedelta(minutes=10)

    def __init_subclass__(cls, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if "connector_class" in cls.__dict__:
            drop_undeclared(cls, cls.connector_class)

    @pytest.fixture
    def network(self) -> FakeNetwork:
        raise NotImplementedError("give the kit your fake network")

    @pytest.fixture
    def second_network(self) -> FakeNetwork:
        raise NotImplementedError("give the kit another account of your fake network")

    @pytest.fixture
    def settings(self) -> Any:
        raise NotImplementedError("give the kit the settings of the first account")

    @pytest.fixture
    def second_settings(self) -> Any:
        raise NotImplementedError("give the kit the settings of the second account")

    @pytest.fixture
    def clock(self) -> FrozenClock:
        return FrozenClock()

    @pytest.fixture
    def door(self) -> Iterator[Door]:
        """The way to the network; override it to allow your fake server's host:port."""
        door = Door()
        yield door
        door.close()

    @pytest.fixture
    def context(self, request: pytest.FixtureRequest, clock: FrozenClock, door: Door, tmp_path: Path) -> Context:
        log = logging.getLogger("hub.contract")
        context = Context(http=door, clock=clock, log=log, data=tmp_path, uploads=SampleUploads())
        if not self.connector_class.features.webhook:
            return context
        return replace(context, deliveries=request.getfixturevalue("network").deliveries)

    @pytest.fixture
    def connector(self, settings: Any, context: Context) -> Iterator[Connector]:
        connector = self.connector_class(settings, context)
        yield connector
        connector.close()
