"""Whose turn it is to write among the processes of one SQLite file.

SQLite lets whoever comes in the right moment write: beside a process that writes without a pause, as a worker does that
takes in years of history, others came to it after seconds or never. With two locks nobody overtakes who waits: who
wants the turn first takes the place next to it, and whoever had the turn has to queue for that place again.

A courtesy among us, and no more: SQLite's own lock is what keeps writers apart. The locks end with their process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

_PAUSE_SECONDS = 0.0005


class Turns:
    """The turn at one database file. For one thread at a time."""

    def __init__(self, file: Path) -> None:
        self._next, self._turn = (_opened(file.with_name(file.name + end)) for end in ("-next", "-turn"))

    def take(self, seconds: float) -> None:
        """Wait for the turn, but not longer than this: then SQLite decides, as it does where no such locks are."""
        deadline = time.monotonic() + seconds
        if _locked(self._next, deadline):
            _locked(self._turn, deadline)
            _unlock(self._next)

    def give_back(self) -> None:
        """Let the next one write; does nothing for whoever has not the turn."""
        _unlock(self._turn)

    def close(self) -> None:
        for lock in (self._next, self._turn):
            if lock is not None:
                os.close(lock)
        self._next = self._turn = None


def _opened(file: Path) -> int | None:
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        # A folder that cannot be written: SQLite says so in its own words.
        return None


def _locked(lock: int | None, deadline: float) -> bool:
    while lock is not None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE_SECONDS)
        except OSError:
            return False
    return False


def _unlock(lock: int | None) -> None:
    if lock is not None:
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_UN)
