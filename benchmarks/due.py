"""Due outbox items, which stand in for reminders: a thousand at once (G10), and a restart with many waiting (G12).

python -m benchmarks.due
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import perf_counter

import msgspec

from benchmarks import filled
from benchmarks.__main__ import Plan, read_plan
from benchmarks.figures import FLOOR, HUB, Figures, Job, print_table, size_name
from benchmarks.floor import due as floor
from hub.connector import Author, Outgoing, Target, Visibility
from hub.kernel.clock import system_clock, to_micros
from hub.kernel.config import Config
from hub.kernel.hub import Hub, open_hub
from hub.outbox import store
from hub.outbox.model import Claim, OutboxItem
from hub.outbox.resolve import claim_stuck
from hub.outbox.send import SENDING_SECONDS, claim_due

TAKEN_OVER = Job(goal="G10", title="1000 due at once: claim, mark, hand over", most=5.0, growth=0.05)
CLAIMED = Job(goal="G10", title="1000 due at once: claim alone")
DUE, STUCK, MOST_RESTART_SECONDS = 1000, 10_000, 0.5
_BATCH = 100
_MARKERS = 4
"""Threads that mark at once: what the worker gives the channels of one plugin. What they do at the same moment shares a
commit; each mark is durable before its call all the same."""

ADD = """
    INSERT INTO outbox (channel_id, conversation_id, key, parent_remote_id, request, state, due_at, sending_part,
                        sending_since, sending_epoch, sending_until_ms, created_at)
    VALUES (:channel_id, :conversation_id, :key, 'm1', :request, :state, :due_at, :part, :due_at, :epoch, 0, :due_at)"""
_TARGET = Target(remote_id="m1", author=Author(id="u1"), visibility=Visibility.PUBLIC)
_REQUEST = msgspec.json.encode(Outgoing(text="Thank you!", target=_TARGET)).decode()


def measure(figures: Figures, plan: Plan, folder: Path) -> dict[int, list[float]]:
    """Take every size in turn, in rounds; returns the seconds of each restart by size."""
    restarts: dict[int, list[float]] = {size: [] for size in plan.sizes}
    hubs = {size: _build(folder / str(size), size) for size in plan.sizes}
    for size in plan.sizes:
        floor.build(folder / f"{size}.db", size, filled.unix_now())
    for number in range(plan.rounds):
        for size, here in hubs.items():
            seconds = floor.take_over(folder / f"{size}.db", DUE, filled.unix_now())
            figures.note(TAKEN_OVER, size, FLOOR, seconds * 1000)
            figures.note(CLAIMED, size, FLOOR, seconds * 1000)
            with contextlib.closing(open_hub(here.config)) as hub:
                _add(hub, here, DUE, state="queued", seconds=-5, name=f"due {number}")
                claimed, seconds = _take_over(hub)
            figures.note(TAKEN_OVER, size, HUB, seconds * 1000)
            figures.note(CLAIMED, size, HUB, claimed * 1000)
    for size, here in hubs.items():
        with contextlib.closing(open_hub(here.config)) as hub:
            _add(hub, here, STUCK, state="sending", seconds=-60, name="stuck")
            _add(hub, here, DUE, state="queued", seconds=-5, name="due after all")
        restarts[size] = [_restart(here.config) for _ in range(plan.rounds)]
    return restarts


def _take_over(hub: Hub) -> tuple[float, float]:
    """As a worker does it up to the call: seconds of the claims, and of claims and marks, each mark durable."""
    claims, handed, began = 0.0, 0, perf_counter()
    with ThreadPoolExecutor(_MARKERS) as crew:
        while True:
            asked = perf_counter()
            items = claim_due(hub, "w1", limit=_BATCH)
            claims += perf_counter() - asked
            if not items:
                break
            handed += len(list(crew.map(partial(_mark, hub), items)))
    seconds = perf_counter() - began
    assert handed == DUE
    return claims, seconds


def _mark(hub: Hub, item: OutboxItem) -> None:
    with hub.database.transaction() as session:
        claim = Claim(worker="w1", fence=item.fence)
        moment = session.moment()
        store.begin(session, item.id, claim, part=0, moment=moment, seconds=SENDING_SECONDS, now=hub.clock())


def _restart(config: Config) -> float:
    """Seconds from opening the store until the first due and the first unclear items are claimed."""
    began = perf_counter()
    with contextlib.closing(open_hub(config)) as hub:
        due, stuck = claim_due(hub, f"w{began}", limit=_BATCH), claim_stuck(hub, "w2", limit=_BATCH)
        seconds = perf_counter() - began
    assert due and stuck
    return seconds


def _build(folder: Path, pending: int) -> filled.Filled:
    here = filled.build(folder)
    with contextlib.closing(open_hub(here.config)) as hub:
        _add(hub, here, pending, state="queued", seconds=86_400, name="pending")
    return here


def _add(hub: Hub, here: filled.Filled, count: int, *, state: str, seconds: int, name: str) -> None:
    """Items of conversations of their own; those that are being sent belong to a process of an earlier boot."""
    at = to_micros(system_clock() + timedelta(seconds=seconds))

    rows = (row(here, number, key=f"{name} {number}", at=at + number, state=state) for number in range(count))
    with hub.database.transaction() as session:
        session.many(ADD, rows)


def row(here: filled.Filled, number: int, *, key: str, at: int, state: str = "queued") -> dict[str, object]:
    """One item as `ADD` takes it; the channels take turns."""
    return {
        "channel_id": here.channel_ids[number % len(here.channel_ids)],
        "conversation_id": None,
        "key": key,
        "request": _REQUEST,
        "state": state,
        "due_at": at,
        "part": 0 if state == "sending" else None,
        "epoch": "before" if state == "sending" else None,
    }


def main() -> None:
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as name:
        restarts = measure(figures, read_plan(os.environ), Path(name))
    print_table("Due outbox items against due rows", figures.against_the_floor())
    print_table("Growth: log of time by log of what waits", figures.growth(), ratio="hub", sign="")
    print("\nRestart until due and unclear items are claimed (G12)")
    for size, seconds in restarts.items():
        worst = max(seconds)
        verdict = "met" if worst <= MOST_RESTART_SECONDS else "MISSED"
        waiting = f"{size_name(size)} waiting, {size_name(STUCK)} under way"
        print(f"  {waiting}: worst {worst:.3f} s ≤ {MOST_RESTART_SECONDS} s {verdict}")


if __name__ == "__main__":
    main()
