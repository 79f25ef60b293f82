"""The few places for large requests: each is held in memory until it has arrived, so they are not for everybody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from hub.errors import HubError

MOST_UPLOADS = 8
_ASKING_THREADS = 2

MayUpload = Callable[[str, list[tuple[bytes, bytes]]], bool]
"""Told the path and the headers of a request: whether somebody who may send pictures sent it."""


class UploadPlaces:
    """Who may take a place is asked by the head of a request, before any of its body is read."""

    def __init__(self, may_upload: MayUpload) -> None:
        self.one = asyncio.Semaphore(MOST_UPLOADS)
        self._may_upload = may_upload
        self._pool = ThreadPoolExecutor(_ASKING_THREADS, thread_name_prefix="upload")

    @property
    def are_taken(self) -> bool:
        return self.one.locked()

    async def admits(self, path: str, headers: list[tuple[bytes, bytes]]) -> bool:
        """Whether its sender may take a place. Where that cannot be told, the page will say why."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, self._may_upload, path, headers)
        except HubError:
            return False
