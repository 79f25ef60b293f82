"""How late the worker begins a due item, idle and under full ingest (G11): from `due_at` to the mark before its call.

python -m benchmarks.lateness
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks import due, filled, ingest
from benchmarks.__main__ import Plan, read_plan
from benchmarks.floor.conversations import Shape
from benchmarks.servers import ROOT
from hub.kernel.clock import system_clock, to_micros
from hub.kernel.hub import Hub, open_hub

TICK_SECONDS = 1.0
MOST_SECONDS = {"idle": TICK_SECONDS + 0.1, "under full ingest": TICK_SECONDS + 1.0}
ITEMS = 200
SPREAD_SECONDS = 30.0
_PREPARED_SECONDS = 1.0
_PATIENCE_SECONDS = 120.0

_BEGUN = """
    SELECT key, first_tried_at FROM outbox WHERE key IN {texts keys} AND first_tried_at IS NOT NULL"""


def measure(plan: Plan, folder: Path, *, items: int = ITEMS, spread: float = SPREAD_SECONDS) -> dict[str, list[float]]:
    """Seconds that each item was late, sorted, by what else went on; the worker is a process of its own."""
    size = plan.sizes[0]
    here = filled.build(folder, Shape(size, end=filled.unix_now()))
    found = {}
    with _worker(here), contextlib.closing(open_hub(here.config)) as hub:
        _late(hub, here, "first", 1, 0.0)  # the worker and its plugin's process are up
        found["idle"] = _late(hub, here, "idle", items, spread)
        with _taking_in(hub, here, size, plan.messages):
            found["under full ingest"] = _late(hub, here, "busy", items, spread)
    return found


def _late(hub: Hub, here: filled.Filled, name: str, items: int, spread: float) -> list[float]:
    """Make so many items due at instants drawn from the next seconds, and wait until all were begun."""
    dice = random.Random(name)
    first = system_clock() + timedelta(seconds=_PREPARED_SECONDS)
    due_at = {f"{name} {number}": first + timedelta(seconds=dice.uniform(0, spread)) for number in range(items)}
    with hub.database.transaction() as session:
        session.many(
            due.ADD,
            (
                due.row(here, number, key=key, at=to_micros(at))
                for number, (key, at) in enumerate(sorted(due_at.items(), key=lambda each: each[1]))
            ),
        )
    deadline = time.monotonic() + _PREPARED_SECONDS + spread + _PATIENCE_SECONDS
    while True:
        with hub.database.reading() as session:
            rows = session.all(_BEGUN, keys=list(due_at))
        if len(rows) == items:
            return sorted((row["first_tried_at"] - to_micros(due_at[row["key"]])) / 1_000_000 for row in rows)
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(rows)} of {items} items were begun")
        time.sleep(0.2)


@contextlib.contextmanager
def _worker(here: filled.Filled) -> Iterator[None]:
    environ = {"HUB_DATA": str(here.config.data.absolute()), "HUB_DATABASE_URL": here.config.database_url}
    with (here.config.data / "work.log").open("wb") as output:
        program = subprocess.Popen(
            [sys.executable, "-m", "hub", "work"], cwd=ROOT, env={**os.environ, **environ}, stdout=output, stderr=output
        )
    try:
        yield
    finally:
        program.terminate()
        program.wait(60)


@contextlib.contextmanager
def _taking_in(hub: Hub, here: filled.Filled, size: int, messages: int) -> Iterator[None]:
    """Page after page comes in, each in a transaction of its own, for as long as the block lasts."""
    assert here.shape is not None
    shape, ended, failed = here.shape, threading.Event(), list[BaseException]()

    def run() -> None:
        seed = 7000
        try:
            while not ended.is_set():
                pages = ingest.as_pages(ingest.pages_of(seed, messages, size, shape.contacts), with_html=True)
                for page in pages:
                    if ended.is_set():
                        return
                    ingest.take_in(hub, here, [page], pull=2)
                seed += 1
        except BaseException as error:
            failed.append(error)
            raise

    taking = threading.Thread(target=run)
    taking.start()
    try:
        yield
    finally:
        ended.set()
        taking.join()
    if failed:
        raise failed[0]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as name:
        found = measure(read_plan(os.environ), Path(name) / "hub")
    print("\nHow late due items are begun (G11)")
    for what, seconds in found.items():
        p50, p99 = seconds[len(seconds) // 2], seconds[min(len(seconds) - 1, int(0.99 * len(seconds)))]
        verdict = "met" if p99 <= MOST_SECONDS[what] else "MISSED"
        print(f"  {what:18} p50 {p50:.2f} s   p99 {p99:.2f} s ≤ {MOST_SECONDS[what]:.1f} s   {verdict}")


if __name__ == "__main__":
    main()
