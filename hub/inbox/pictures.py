"""Fetches a picture from a network on demand, makes it anew from its pixels, and keeps that for the next time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from pathlib import Path

import structlog

from hub.errors import Rejected, TooMany, Unavailable
from hub.kernel.http import FetchLimits
from hub.kernel.hub import Hub
from hub.kernel.images import Picture, reencode

log = structlog.get_logger("hub.inbox")

_LIMITS = FetchLimits(seconds=15.0, bytes=10_000_000)
_ENDINGS = {"image/jpeg": ".jpg", "image/webp": ".webp"}

MOST_AT_ONCE = 4
"""Half of the threads that pages have: senders with slow servers must not hold all of them."""

_AGAIN_SECONDS = 5
_PLACES = threading.BoundedSemaphore(MOST_AT_ONCE)


def fetch(hub: Hub, url: str) -> Picture:
    """Return a picture that is safe to show. Raises Rejected when it is none, TooMany while several others are being
    fetched, and the errors of the network.

    The address is the sender's word: what the operator allows connectors to reach is not open to it.
    """
    kept = hub.config.media / hashlib.sha256(url.encode()).hexdigest()
    for media_type, ending in _ENDINGS.items():
        with contextlib.suppress(OSError):
            return Picture(media_type=media_type, body=kept.with_suffix(ending).read_bytes(), width=0, height=0)
    if not _PLACES.acquire(blocking=False):
        raise TooMany(_AGAIN_SECONDS)
    try:
        return _fetched(hub, url, kept)
    finally:
        _PLACES.release()


def _fetched(hub: Hub, url: str, kept: Path) -> Picture:
    answer = hub.door.request("GET", url, headers={"Accept": "image/*"}, limits=_LIMITS, excepted=False)
    if answer.status != 200:
        raise Unavailable("picture_gone", detail=str(answer.status))
    picture = reencode(answer.body)
    if picture.media_type not in _ENDINGS:
        raise Rejected("not_a_picture")
    _keep(kept.with_suffix(_ENDINGS[picture.media_type]), picture.body)
    return picture


def keep(hub: Hub, url: str, body: bytes) -> None:
    """Keep a picture we were handed as if it had been fetched from its address. Raises Rejected when it is none."""
    picture = reencode(body)
    file = hub.config.media / hashlib.sha256(url.encode()).hexdigest()
    _keep(file.with_suffix(_ENDINGS[picture.media_type]), picture.body)


def _keep(file: Path, body: bytes) -> None:
    """Write whole or not at all: two people may ask for the same picture. A disk that does not take it costs nobody the
    picture, which is fetched again the next time."""
    part = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        part.write_bytes(body)
        part.replace(file)
    except OSError as error:
        log.warning("picture_not_kept", error=error.strerror)
        with contextlib.suppress(OSError):
            part.unlink()
