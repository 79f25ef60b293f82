"""Keeps the processes of one installation running: starts them again when they die, and ends them together.

A child ends when its supervisor does, however that dies: the kernel tells it (prctl), and so does its closed stdin.

`hub up` becomes this program once all is prepared (see `supervise`): same process, without what it needed for that. It
imports little because it stays in memory for as long as the installation runs.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import NoReturn

from hub.kernel.clock import system_clock

STOP_SECONDS = 25.0
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 4.0
"""A child that dies is up again within five seconds, its own start included."""

_STEADY_SECONDS = 60.0
_ENDING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One kind of child: how it is started, and which open files it gets."""

    name: str
    command: Sequence[str]
    files: tuple[int, ...] = ()


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    deaths: int = 0

    def start(self) -> None:
        # A session of its own: Ctrl-C in the terminal comes to the supervisor alone, which ends all in order.
        self.process = subprocess.Popen(
            self.program.command,
            pass_fds=self.program.files,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self.started_at = time.monotonic()
        _log("info", "started", program=self.program.name, pid=self.process.pid)

    def note_death(self) -> None:
        """When it died, decide when to start it again."""
        if self.process is None or self.process.poll() is None:
            return
        now = time.monotonic()
        self.deaths = 1 if now - self.started_at >= _STEADY_SECONDS else self.deaths + 1
        self.start_at = now + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self.deaths - 1, 10))
        ended = self.process
        _log("error", "died", program=self.program.name, pid=ended.pid, exit_code=ended.returncode, time=self.deaths)
        self.close()

    def close(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.process = None

    def tell(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass(slots=True)
class Supervisor:
    """Runs programs until SIGTERM or Ctrl-C; a second one ends them at once, which costs nothing that is stored."""

    programs: Sequence[Program]
    listening: Sequence[socket.socket] = ()
    """Closed when stopping begins, so that nobody waits at a door that stays shut."""

    _children: list[_Child] = field(init=False)

    def run(self) -> bool:
        """Returns whether every child ended by itself when it was asked to."""
        self._children = [_Child(program) for program in self.programs]
        with _signals() as wait:
            try:
                while not (_ENDING & wait(self._keep_running())):
                    pass
            finally:
                ended = self._stop(wait)
        return ended

    def _keep_running(self) -> float:
        """Start what is due; returns the seconds until something is due again."""
        for child in self._children:
            child.note_death()
            if child.process is None and time.monotonic() >= child.start_at:
                child.start()
        waiting = [child.start_at - time.monotonic() for child in self._children if child.process is None]
        return max(0.0, min(waiting, default=3600.0))

    def _stop(self, wait: _Wait) -> bool:
        for each in self.listening:
            each.close()
        for child in self._children:
            child.tell(signal.SIGTERM)
        patience = time.monotonic() + STOP_SECONDS
        while any(child.is_alive() for child in self._children):
            left = patience - time.monotonic()
            if left <= 0 or _ENDING & wait(left):
                return self._kill()
        return True

    def _kill(self) -> bool:
        for child in self._children:
            if child.is_alive():
                _log("warning", "killed", program=child.program.name)
                child.tell(signal.SIGKILL)
        for child in self._children:
            if child.process is not None:
                child.process.wait()
        return False


class _Wait:
    """Waits for signals: Python hands their numbers to a pipe, so none is missed between two looks."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def __call__(self, seconds: float) -> frozenset[int]:
        """The signals that came, as soon as one comes; empty after `seconds` without."""
        ready, _, _ = select.select([self._pipe], [], [], seconds)
        return frozenset(os.read(self._pipe, 4096)) if ready else frozenset()


@contextlib.contextmanager
def _signals() -> Iterator[_Wait]:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    known = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    handlers = {number: signal.signal(number, _note) for number in (*_ENDING, signal.SIGCHLD)}
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    try:
        yield _Wait(reading)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(known)
        os.close(reading)
        os.close(writing)


def _note(number: int, frame: object) -> None:
    """The number is in the pipe already."""


def supervise(programs: Sequence[Program], *, listening: socket.socket, environ: Mapping[str, str]) -> NoReturn:
    """Become the supervisor of these programs, which get `environ`; its exit code says whether all ended by themselves.

    The process stays the same one and keeps the files of the programs, locks included.
    """
    # Whoever stops us from now on is heard by the supervisor: what is blocked waits, also while programs change.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    for file in {listening.fileno(), *(file for program in programs for file in program.files)}:
        os.set_inheritable(file, True)
    sys.stdout.flush()
    sys.stderr.flush()
    told = json.dumps([asdict(program) for program in programs])
    os.execve(sys.executable, [sys.executable, "-m", __name__, str(listening.fileno()), told], {**environ})


def main(arguments: Sequence[str]) -> int:
    """Run the programs that `supervise` wrote down; 1 when one had to be killed."""
    programs = [Program(**{**each, "files": tuple(each["files"])}) for each in json.loads(arguments[1])]
    ended = Supervisor(programs, [socket.socket(fileno=int(arguments[0]))]).run()
    return 0 if ended else 1


def _log(level: str, event: str, **fields: object) -> None:
    """A line as those of hub.kernel.logs, without what that needs; nothing from outside is in it."""
    at = system_clock().isoformat().replace("+00:00", "Z")
    line = {**fields, "event": event, "logger": "hub.supervisor", "level": level, "at": at}
    with contextlib.suppress(OSError):  # who read our log is gone; the children are still to be looked after
        print(json.dumps(line), file=sys.stderr, flush=True)


def end_with_parent() -> None:
    """Called by a child: have it end as by SIGTERM when its supervisor is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    threading.Thread(target=_end_at_end_of_input, name="parent", daemon=True).start()


def _end_at_end_of_input() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
