"""Real programs the tests start beside themselves: found, waited for and ended, never left behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

STARTING_SECONDS = 60.0
STOPPING_SECONDS = 10.0


def free_port() -> int:
    """A loopback port nobody listens on now; servers that cannot choose their own are given this one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def passable_folder(prefix: str) -> Iterator[Path]:
    """A scratch folder that other system users can walk through; pytest's own tmp_path is closed to them."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_until(ready: Callable[[], bool], what: str, *, alive: subprocess.Popen[bytes] | None = None) -> None:
    """Poll a foreign program until it is ready; raises RuntimeError when it died or never comes up."""
    deadline = time.monotonic() + STARTING_SECONDS
    while not ready():
        if alive is not None and alive.poll() is not None:
            raise RuntimeError(f"{what} ended with {alive.returncode} while starting")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} was not ready after {STARTING_SECONDS:.0f} s")
        time.sleep(0.05)


def end_group(program: subprocess.Popen[bytes], first: signal.Signals = signal.SIGTERM) -> None:
    """End a program started with `start_new_session=True` and everything it started."""
    for each in (first, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, each)
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(STOPPING_SECONDS)
            if not group_exists(program.pid):
                return


def group_exists(group: int) -> bool:
    """Whether any process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
