from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.kernel.config import read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.kernel.plugins import Plugins
from hub.testing.clock import FrozenClock
from hub.testing.fake import FakeNetwork
from hub.web import create_app
from tests.desk import inline, plug_in
from tests.people.crew import Crew
from tests.web.browser import Browser

Opened = Callable[..., Browser]


@pytest.fixture
def visit(tmp_path: Path, frozen_clock: FrozenClock, fake: FakeNetwork) -> Iterator[Opened]:
    """Open an installation with these settings, a network in memory behind it, and a browser at its door.

    On SQLite: the pages do not know the engine, and what they call is tested on both.
    """
    hubs: list[Hub] = []

    def opened(**settings: str) -> Browser:
        config = read_config(settings, data=tmp_path / f"data{len(hubs)}")
        prepare(config)
        hub = open_hub(config, clock=frozen_clock, plugins=Plugins())
        hubs.append(hub)
        plug_in(hub.plugins, fake.connector_class())
        return Browser(create_app(hub, inline(hub)), Crew(hub))

    yield opened
    for hub in hubs:
        hub.close()


@pytest.fixture
def browser(visit: Opened) -> Browser:
    """A browser at the door of an installation with the settings of `hub up`."""
    return visit()
