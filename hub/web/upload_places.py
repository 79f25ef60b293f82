"""The few places for large requests: each is held in memory until it has arrived, so they are not for everybody."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

from hub.errors import HubError

MOST_UPLOADS = 8
MOST_OF_ONE = 4
"""Places that one person's requests may hold: colleagues find some however slow theirs are."""

_ASKING_THREADS = 2

Uploader = Callable[[str, list[tuple[bytes, bytes]]], int | None]
"""Told the path and the headers of a request: the agent it comes from, None where that is nobody who may send
pictures."""


class UploadPlaces:
    """Who may take a place is asked by the head of a request, before any of its body is read."""

    def __init__(self, uploader: Uploader) -> None:
        self._uploader = uploader
        self._held = Counter[int]()
        self._pool = ThreadPoolExecutor(_ASKING_THREADS, thread_name_prefix="upload")

    async def sender(self, path: str, headers: list[tuple[bytes, bytes]]) -> int | None:
        """The agent who may take a place for this request. Where that cannot be told, the page will say why."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, self._uploader, path, headers)
        except HubError:
            return None

    def are_taken(self, sender: int) -> bool:
        """Whether there is none left, at all or for this agent."""
        return self._held.total() >= MOST_UPLOADS or self._held[sender] >= MOST_OF_ONE

    @contextlib.asynccontextmanager
    async def one(self, sender: int) -> AsyncIterator[None]:
        """Hold a place while the block runs; whoever asks has just seen that there is one."""
        self._held[sender] += 1
        try:
            yield
        finally:
            self._held[sender] -= 1
            self._held += Counter()  # those who hold none are forgotten
