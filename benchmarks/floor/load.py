"""A closed loop of HTTP clients: each asks again as soon as it is answered."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    path: str
    method: str = "GET"
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What clients saw. Times in milliseconds."""

    p50: float
    p95: float
    per_second: float
    size: int


class UnexpectedAnswer(Exception):
    """A page answered with another status than the measurement needs."""


def load(
    port: int,
    request: Callable[[], Request],
    *,
    clients: int,
    requests: int,
    headers: Mapping[str, str],
    expected: int,
) -> Load:
    """Make so many requests by so many clients at once. Raises UnexpectedAnswer."""
    lock = threading.Lock()
    left, times, size, wrong = requests, [], 0, []

    def run() -> None:
        nonlocal left, size
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while True:
            with lock:
                if left <= 0 or wrong:
                    break
                left -= 1
                asked = request()
            began = perf_counter()
            connection.request(asked.method, asked.path, asked.body, {**headers, **asked.headers})
            answer = connection.getresponse()
            content = answer.read()
            took = perf_counter() - began
            with lock:
                times.append(took * 1000)
                size = len(content)
                if answer.status != expected:
                    wrong.append(f"{asked.method} {asked.path}: {answer.status} {content[:300]!r}")
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(clients)]
    began = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = perf_counter() - began
    if wrong or len(times) != requests:
        raise UnexpectedAnswer(wrong[0] if wrong else f"{len(times)} of {requests} were answered")
    times.sort()
    return Load(
        p50=times[len(times) // 2],
        p95=times[min(len(times) - 1, int(0.95 * len(times)))],
        per_second=len(times) / took,
        size=size,
    )
