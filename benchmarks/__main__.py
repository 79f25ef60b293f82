"""Runs the measurements and prints how the hub stands against the floor; README.md says what the figures mean."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from benchmarks import cache, filled, ingest, pages, search, webhooks
from benchmarks.figures import Figures, print_table, size_name
from benchmarks.postgresql import Server, fresh_database
from benchmarks.progress import Progress, say

EVERYTHING = ("ingest", "search", "pages", "webhooks")
_FACTORS = {"": 1, "k": 1000, "m": 1_000_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure. sizes: conversations of the databases. messages and requests: of one round.

    cache: where databases are kept from run to run; None keeps none.
    """

    sizes: tuple[int, ...] = (10_000, 100_000)
    rounds: int = 5
    messages: int = 2000
    requests: int = 200
    postgresql: str = ""
    cache: Path | None = None


def read_plan(environ: Mapping[str, str]) -> Plan:
    """The plan of the HUB_BENCH_* variables. Raises ValueError naming what cannot be read."""
    plan = Plan()
    return Plan(
        sizes=tuple(map(_number, environ["HUB_BENCH_SIZES"].split(",")))
        if "HUB_BENCH_SIZES" in environ
        else plan.sizes,
        rounds=_number(environ.get("HUB_BENCH_ROUNDS", str(plan.rounds))),
        messages=_number(environ.get("HUB_BENCH_MESSAGES", str(plan.messages))),
        requests=_number(environ.get("HUB_BENCH_REQUESTS", str(plan.requests))),
        postgresql=environ.get("HUB_BENCH_POSTGRES", ""),
        cache=Path(kept) if (kept := environ.get("HUB_BENCH_CACHE", str(cache.default_root(environ)))) else None,
    )


def run(plan: Plan, *, what: Sequence[str] = EVERYTHING) -> Figures:
    """Build every database, then measure in rounds that take every side and size in turn."""
    figures = Figures()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-bench-")))
        built = [_build(stack, folder / str(size), size, plan) for size in plan.sizes]
        if "search" in what:
            _measure_served("search", search, figures, plan, built)
            _measure_search_at_full_ingest(figures, plan, built)
        if "pages" in what:
            _measure_served("pages", pages, figures, plan, built)
        if "webhooks" in what:
            _measure_served("webhooks", webhooks, figures, plan, built)
        if "ingest" in what:
            _measure_ingest(figures, plan, built)
    return figures


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    """The databases of one size, filled alike."""

    floor: Path
    hub: filled.Filled
    postgresql: filled.Filled | None


def _build(stack: contextlib.ExitStack, folder: Path, size: int, plan: Plan) -> _Built:
    """Databases of a size to measure on, built or copied from those that are kept."""
    say(f"{size_name(size)} conversations")
    root = plan.cache or folder / "built"
    with cache.locked(root):
        made = cache.sqlite(root, size)
        here = made if plan.cache is None else cache.copy(made, folder)
        postgresql = _build_postgresql(stack, folder, made, plan) if plan.postgresql else None
    return _Built(floor=cache.floor_of(here), hub=cache.read(here), postgresql=postgresql)


def _build_postgresql(stack: contextlib.ExitStack, folder: Path, like: Path, plan: Plan) -> filled.Filled:
    if plan.cache is None:
        url = stack.enter_context(fresh_database(plan.postgresql))
        return filled.build(folder / "postgresql", cache.read(like).shape, database_url=url, progress=Progress())
    made, name = cache.postgresql(plan.cache, like, Server(plan.postgresql))
    url = stack.enter_context(fresh_database(plan.postgresql, template=name))
    return cache.read(cache.copy(made, folder / "postgresql"), database_url=url)


def _measure_served(name: str, side: ModuleType, figures: Figures, plan: Plan, built: Sequence[_Built]) -> None:
    """Measure over HTTP, with every server running all the time. side: the module that has the `sites`."""
    with contextlib.ExitStack() as stack:
        warm_up = min(40, plan.requests)
        running = [side.sites(each.floor, each.hub, each.postgresql, warm_up=warm_up) for each in built]
        sites = [site for each in running for site in stack.enter_context(each)]
        for number in range(plan.rounds):
            say(f"{name}, round {number + 1} of {plan.rounds}")
            side.measure(figures, sites, requests=plan.requests)


def _measure_search_at_full_ingest(figures: Figures, plan: Plan, built: Sequence[_Built]) -> None:
    for number in range(plan.rounds):
        say(f"search at full ingest, round {number + 1} of {plan.rounds}")
        for each in built:
            search.measure_found(figures, number, plan.messages, each.hub)


def _measure_ingest(figures: Figures, plan: Plan, built: Sequence[_Built]) -> None:
    for number in range(plan.rounds):
        say(f"ingest, round {number + 1} of {plan.rounds}")
        ingest.measure_empty(figures, number, plan.messages)
        for each in built:
            ingest.measure_into(
                figures, number, plan.messages, floor_file=each.floor, sqlite=each.hub, postgresql=each.postgresql
            )


def report(figures: Figures) -> bool:
    """Print everything; returns whether every goal is met."""
    tables = {
        "The hub against the floor; for pages p50 (p95)": figures.against_the_floor(),
        "Search, p95 against p50": figures.spread(),
        "PostgreSQL against SQLite": figures.between_engines(),
    }
    growth = figures.growth()
    for title, rows in tables.items():
        print_table(title, rows)
    print_table("Growth: log of time by log of conversations", growth, ratio="hub", sign="")
    return all(row.verdict != "MISSED" for rows in (*tables.values(), growth) for row in rows)


def _number(text: str) -> int:
    found = re.fullmatch(r"(\d+)([kKmM]?)", text.strip())
    if found is None:
        raise ValueError(f"not a number like 500, 10k or 1M: {text!r}")
    return int(found[1]) * _FACTORS[found[2].lower()]


if __name__ == "__main__":
    report(run(read_plan(os.environ), what=sys.argv[1:] or EVERYTHING))
