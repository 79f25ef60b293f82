"""A plugin whose library was never installed."""

from __future__ import annotations

import a_library_that_is_nowhere  # noqa: F401
