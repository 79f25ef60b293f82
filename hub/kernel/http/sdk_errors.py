"""The door's errors found again where an SDK wrapped them in its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hub.errors import ConnectorError


def cause_of(error: BaseException) -> ConnectorError | None:
    """Find what the door said inside an SDK's exception; None when the door said nothing."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, ConnectorError):
        seen = seen.__cause__ or seen.__context__
    return seen


@contextmanager
def door_errors() -> Iterator[None]:
    """Run an SDK's call so that the door's errors come out of it as they are, unwrapped."""
    try:
        yield
        return
    except Exception as error:
        told = cause_of(error)
        if told is None or told is error:
            raise
    # Out here the SDK's error is not made the cause of its own cause.
    raise told
