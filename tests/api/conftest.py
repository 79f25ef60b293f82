from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.kernel.config import read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.kernel.plugins import Plugins
from hub.testing.clock import FrozenClock
from hub.testing.fake import FakeNetwork
from tests.api.client import Programs


@pytest.fixture
def programs(hub: Hub, fake: FakeNetwork) -> Programs:
    """A desk with a channel, and programs that use the API on its people's behalf; on each engine."""
    return Programs(hub, fake)


@pytest.fixture
def on_sqlite(tmp_path: Path, frozen_clock: FrozenClock, fake: FakeNetwork) -> Iterator[Programs]:
    """The same on SQLite alone, for what is decided before any engine is asked."""
    config = read_config({}, data=tmp_path / "data")
    prepare(config)
    opened = open_hub(config, clock=frozen_clock, plugins=Plugins())
    opened.chance = lambda: 0.5
    yield Programs(opened, fake)
    opened.close()
