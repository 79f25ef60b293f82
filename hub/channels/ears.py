"""Listening calls: each in a thread and an instance of its own, for as long as it goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable

from hub.channels import wire
from hub.channels.wire import Answer, Problem, Request

MOST = 100
"""Channels one plugin's process listens to; the others are pulled as if it could not listen."""

WAKE_SECONDS = 1.0
"""How long one wake-up call counts: what comes in between is one more at its end."""

_STACK = 512 * 1024
"""A hundred threads of the usual 8 MB would eat up the address space of the process."""

Listen = Callable[[Request, Callable[[], None], threading.Event], Answer]
Tell = Callable[[Answer], None]


class Ears:
    """Listens as requests ask, and tells the wake-up calls and, at the end of each, its answer."""

    def __init__(self, listen: Listen, tell: Tell) -> None:
        self._listen = listen
        self._tell = tell
        self._stops: dict[int, threading.Event] = {}
        self._lock = threading.Lock()

    def takes(self, request: Request) -> bool:
        """Begin or end a listening call; False for a request that is neither."""
        if request.method == "listen":
            self._begin(request)
        elif request.method == "stop_listening":
            self.stop(*wire.decode_arguments(request))
        else:
            return False
        return True

    def stop(self, id: int) -> None:
        """Ask a call to end."""
        with self._lock:
            stop = self._stops.get(id)
        if stop is not None:
            stop.set()

    def _begin(self, request: Request) -> None:
        stop = threading.Event()
        with self._lock:
            is_full = len(self._stops) >= MOST
            if not is_full:
                self._stops[request.id] = stop
        if is_full:
            problem = Problem(code="rejected", reason="too_many_listeners")
            self._tell(Answer(id=request.id, problem=wire.encode(problem)))
            return
        with _small_stack:
            threading.Thread(target=self._run, args=(request, stop), name="listen", daemon=True).start()

    def _run(self, request: Request, stop: threading.Event) -> None:
        bell = _Bell(lambda: self._tell(Answer(id=request.id, wake=True)))
        answer = self._listen(request, bell.ring, stop)
        bell.silence()
        with self._lock:
            self._stops.pop(request.id, None)
        self._tell(answer)


class _Bell:
    """Passes the first ring on at once, and after that at most one a second, the last one surely."""

    def __init__(self, passed_on: Callable[[], None]) -> None:
        self._passed_on = passed_on
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._again = False

    def ring(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._again = True
                return
            self._rest()
        self._passed_on()

    def silence(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._again = False

    def _rest(self) -> None:
        self._timer = threading.Timer(WAKE_SECONDS, self._rested)
        self._timer.daemon = True
        self._timer.start()

    def _rested(self) -> None:
        with self._lock:
            if self._timer is None:
                return
            self._timer = None
            again, self._again = self._again, False
            if again:
                self._rest()
        if again:
            self._passed_on()


class _SmallStack:
    """Threads started within get a small stack; nobody else's are meant to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before = 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self._before = threading.stack_size(_STACK)

    def __exit__(self, *error: object) -> None:
        threading.stack_size(self._before)
        self._lock.release()


_small_stack = _SmallStack()
