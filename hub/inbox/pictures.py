"""Fetches a picture from a network on demand, makes it anew from its pixels, and keeps that for the next time.

What nobody has looked at for a while is thrown away, and so is what is too much; looked at again it is fetched again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
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

KEPT_UNSEEN = timedelta(days=30)
"""How long a picture is kept that nobody looks at."""

MOST_BYTES = 1_000_000_000
"""How much all fetched pictures may take together."""

_NOTED_EVERY = timedelta(days=1)
_FETCHED = re.compile(r"[0-9a-f]{64}\.(?:jpg|webp|\d+-\d+\.part)")
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
            body = kept.with_suffix(ending).read_bytes()
            _note_look(kept.with_suffix(ending), hub.clock())
            return Picture(media_type=media_type, body=body, width=0, height=0)
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
    _keep(kept.with_suffix(_ENDINGS[picture.media_type]), picture.body, hub.clock())
    return picture


def sweep(hub: Hub, *, most_bytes: int = MOST_BYTES) -> int:
    """Throw away what nobody has looked at for KEPT_UNSEEN, and of the rest, beyond `most_bytes` together, what was
    looked at longest ago; returns how many. What goes with our own answers lies elsewhere and is never touched."""
    before = (hub.clock() - KEPT_UNSEEN).timestamp()
    total = gone = 0
    for seen_at, size, path in sorted(_kept_files(hub.config.media), reverse=True):
        total += size
        if seen_at < before or total > most_bytes:
            with contextlib.suppress(OSError):
                path.unlink()
                gone += 1
    return gone


def _kept_files(media: Path) -> Iterator[tuple[float, int, Path]]:
    """When each picture was last looked at, its size, and where it is; with it what a killed process left half written,
    which nobody ever looks at."""
    with contextlib.suppress(FileNotFoundError), os.scandir(media) as found:
        for entry in found:
            with contextlib.suppress(OSError):
                if _FETCHED.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    about = entry.stat(follow_symlinks=False)
                    yield about.st_mtime, about.st_size, Path(entry.path)


def keep(hub: Hub, url: str, body: bytes) -> None:
    """Keep a picture we were handed as if it had been fetched from its address. Raises Rejected when it is none."""
    picture = reencode(body)
    file = hub.config.media / hashlib.sha256(url.encode()).hexdigest()
    _keep(file.with_suffix(_ENDINGS[picture.media_type]), picture.body, hub.clock())


def _note_look(file: Path, now: datetime) -> None:
    """A file's time of change is when somebody last looked at the picture: its content never changes."""
    if now.timestamp() - file.stat().st_mtime > _NOTED_EVERY.total_seconds():
        os.utime(file, times=(now.timestamp(), now.timestamp()))


def _keep(file: Path, body: bytes, now: datetime) -> None:
    """Write whole or not at all: two people may ask for the same picture. A disk that does not take it costs nobody the
    picture, which is fetched again the next time."""
    part = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        part.write_bytes(body)
        os.utime(part, times=(now.timestamp(), now.timestamp()))
        part.replace(file)
    except OSError as error:
        log.warning("picture_not_kept", error=error.strerror)
        with contextlib.suppress(OSError):
            part.unlink()
