"""One program at a time where two would disturb each other: a lock on the data folder that ends with its holder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from hub.errors import Invalid, StorageFull
from hub.kernel.config import Config

LOCK = "lock"
"""What the file is called in the data folder."""


@contextlib.contextmanager
def folder_lock(config: Config, *, alone: bool) -> Iterator[int]:
    """Hold the data folder for as long as the block runs; yields the open file, which children may be given.

    alone: nobody else may hold it; otherwise several may that do not want it alone.
    Raises Invalid("HUB_DATA", "in_use") at once when that cannot be, StorageFull when the folder cannot be written.
    """
    try:
        config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(config.data / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageFull("read_only", str(error)) from error
    try:
        _take(file, config, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield file
    finally:
        os.close(file)


def _take(file: int, config: Config, kind: int) -> None:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(file, 20, 0).decode("ascii", "replace").strip()
        raise Invalid("HUB_DATA", "in_use", folder=str(config.data), process=holder or None) from None
    os.ftruncate(file, 0)
    os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
