"""Real programs the tests start beside themselves: found, waited for and ended, never left behind."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

STARTING_SECONDS = 180.0
STOPPING_SECONDS = 60.0

# Below the ports that outgoing connections are given (32768 and up), which the tests make thousands of.
_PORTS = range(20000, 32000)
_given: set[int] = set()

# Leads the program's group and ends it when the program ends, or when the pipe from the tests closes: a test session
# that is killed leaves no server behind.
_GUARD = '("$@"; kill -TERM 0) & cat >/dev/null; kill -TERM 0'


class NotInstalled(Exception):
    """A program the tests drive is missing on this machine; the text says what to install."""


def free_port() -> int:
    """A loopback port nobody listens on now; servers that cannot choose their own are given this one.

    Nobody else comes to it before the server does, nor while it is down: no outgoing connection, and no second caller.
    """
    chance = random.SystemRandom()
    while True:
        port = chance.choice(_PORTS)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


@contextlib.contextmanager
def passable_folder(prefix: str) -> Iterator[Path]:
    """A scratch folder that other system users can walk through; pytest's own tmp_path is closed to them."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start_program(
    command: Sequence[str | Path], *, log: Path, folder: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a server in a process group of its own, its output in `log`; `end_group` ends all of it."""
    with log.open("ab") as output:
        return subprocess.Popen(
            ["sh", "-c", _GUARD, "guard", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=None if env is None else {**os.environ, **env},
            start_new_session=True,
        )


def wait_until(
    ready: Callable[[], bool],
    what: str,
    *,
    alive: subprocess.Popen[bytes] | None = None,
    seconds: float = STARTING_SECONDS,
) -> None:
    """Poll a foreign program until it is ready; raises RuntimeError when it died or never comes up."""
    deadline = time.monotonic() + seconds
    while not ready():
        if alive is not None and alive.poll() is not None:
            raise RuntimeError(f"{what} ended with {alive.returncode} while starting")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} was not ready after {seconds:.0f} s")
        time.sleep(0.05)


def end_group(leader: subprocess.Popen[bytes], first: signal.Signals = signal.SIGTERM) -> None:
    """End a program started with `start_new_session=True` and everything it started, by force where asking fails."""
    for each in (first, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader.pid, each)
        if _group_ended(leader):
            break
    leader.wait(STOPPING_SECONDS)
    if leader.stdin is not None:
        leader.stdin.close()


def _group_ended(leader: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + STOPPING_SECONDS
    while time.monotonic() < deadline:
        if not group_exists(leader.pid):
            return True
        time.sleep(0.02)
    return False


def group_exists(group: int) -> bool:
    """Whether any process of the group still runs; one that ended and waits to be collected by init does not count."""
    return any(_group_of(stat) == group for stat in Path("/proc").glob("[0-9]*/stat"))


def is_running(pid: int) -> bool:
    """Whether a process still does something; one that only waits to be collected does not."""
    return _group_of(Path(f"/proc/{pid}/stat")) is not None


def _group_of(stat: Path) -> int | None:
    """The group of a process that runs; None for one that has ended."""
    try:
        state, _, group, *_ = stat.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # the second when it goes between our opening and our reading
        return None
    return None if state in "ZX" else int(group)
