"""The kit's assertions tell both sides when they fail, like those of a test file."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("hub.testing.contract")
