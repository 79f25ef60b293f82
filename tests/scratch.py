"""Where the tests keep their databases, which nobody keeps: in memory, where the machine has room there.

The hub writes every commit through to the disk. No test takes the power away, a killed process loses nothing that it
wrote, and a disk that several processes wait for made the whole run several times as long.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")
ROOM = 4 << 30


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Put the scratch folders of the tests and of every process they start there, unless TMPDIR says where."""
    if "TMPDIR" not in os.environ and is_fit(MEMORY):
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


def is_fit(folder: Path) -> bool:
    """Whether programs run from there and there is room, in it and in the memory of the machine."""
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        return False
    disk = os.statvfs(folder)
    # Some tests make programs and run them; in many containers nothing runs from there.
    return not disk.f_flag & os.ST_NOEXEC and min(disk.f_bavail * disk.f_frsize, _free_memory()) >= ROOM


def _free_memory() -> int:
    told = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(told["MemAvailable"].split()[0]) << 10
