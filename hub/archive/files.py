"""New files that appear whole or not at all, never over another, and that only their owner can read."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from hub.errors import Invalid, StorageFull

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK)


@contextlib.contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Yields an empty file beside `target` that becomes it when the block ends, and is gone when the block fails.

    Raises Invalid("FILE", "file_exists" or "cannot_write_there"), StorageFull("full").
    """
    _demand_absent(target)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    with worded(target):
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield partial
        with worded(target):
            _publish(partial, target)
    finally:
        for each in (partial, *(partial.with_name(partial.name + end) for end in ("-journal", "-wal", "-shm"))):
            each.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """The same for a folder; an empty one that is there already is taken."""
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise Invalid("FILE", "file_exists", file=str(target))
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    with worded(target):
        partial.mkdir(mode=0o700)
    try:
        with worded(target):
            yield partial
            partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def worded(target: Path) -> Iterator[None]:
    """Say what the system refused so that an operator knows where."""
    try:
        yield
    except FileExistsError as error:
        raise Invalid("FILE", "file_exists", file=str(target)) from error
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull("full", str(error)) from error
        raise Invalid("FILE", "cannot_write_there", file=str(target), why=error.strerror) from error


def fsync_file(file: Path) -> None:
    """Have a file on the disk, and its name in the folder."""
    for path in (file, file.parent):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _demand_absent(target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise Invalid("FILE", "file_exists", file=str(target))


def _publish(partial: Path, target: Path) -> None:
    """A link never writes over another file, as a rename would; some file systems have none."""
    try:
        os.link(partial, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _demand_absent(target)
        partial.rename(target)
    fsync_file(target)
