from __future__ import annotations

import pytest

from hub.kernel.hub import Hub
from hub.testing.fake import FakeNetwork
from tests.api.client import Programs


@pytest.fixture
def programs(hub: Hub, fake: FakeNetwork) -> Programs:
    """A desk with a channel, and programs that use the API on its people's behalf; on each engine."""
    return Programs(hub, fake)
