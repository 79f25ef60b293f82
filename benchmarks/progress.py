"""Says how far a build has come: what takes minutes should be seen to go on."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Progress:
    """Tells each step when it is done, and those of many rows each time so many went by."""

    def __init__(self, tell: Callable[[str], None] = say, *, every: int = 500_000) -> None:
        self._tell = tell
        self._every = every

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = perf_counter()
        yield
        self._tell(f"  {name}: {perf_counter() - began:.1f} s")

    def counted(self, name: str, rows: Iterable[T], total: int) -> Iterator[T]:
        """The same rows, told on their way."""
        began = perf_counter()
        number = 0
        for number, row in enumerate(rows, 1):
            yield row
            if number % self._every == 0:
                self._tell(f"  {name}: {number:,} of {total:,} rows, {perf_counter() - began:.0f} s")
        self._tell(f"  {name}: {number:,} rows, {perf_counter() - began:.1f} s")
