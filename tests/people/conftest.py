from __future__ import annotations

import pytest

from hub.kernel.hub import Hub
from tests.people.crew import Crew


@pytest.fixture
def crew(hub: Hub) -> Crew:
    """People to work with; see tests/people/crew.py."""
    return Crew(hub)
