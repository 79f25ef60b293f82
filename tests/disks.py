"""Small disks and full ones."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MAY_MOUNT = os.geteuid() == 0
"""CI runs as root, so what needs a disk of its own is tried there; elsewhere such tests say that they were not."""


@contextmanager
def small_disk(folder: Path, *, megabytes: int = 8) -> Iterator[Path]:
    """A disk of a few megabytes at `folder`, which must not be there yet."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Leave no room at all."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as writing:
        for size in (65536, 4096, 1):
            with suppress(OSError):
                while writing.write(b"x" * size):
                    pass
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where the machine has such, for tests that write very often and prove nothing about disks."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)
