"""Keeps filled databases from run to run, each of them whole or not there; a run measures on copies.

They are known by what they were made from: another schema, shape or way of filling makes them anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter

from benchmarks import bulk, filled, rows
from benchmarks.filled import Filled
from benchmarks.floor import conversations, queries
from benchmarks.floor.conversations import Shape
from benchmarks.postgresql import Server
from benchmarks.progress import Progress, say
from hub.inbox import words
from hub.inbox.store import search
from hub.kernel.config import read_config
from hub.kernel.migrate import steps

_FLOOR, _HUB, _FACTS, _BUILDING = "floor.db", "hub", "filled.json", ".building"
_MADE_BY = (bulk, filled, rows, conversations, queries, words, search)
_BYTES_EACH = 10_000
"""What a conversation takes on disk, in the floor's database and the hub's."""


class NoRoom(Exception):
    """The disk is too small for what is to be built."""


def default_root(environ: Mapping[str, str]) -> Path:
    """Among what a user's programs can make again."""
    return Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hubbub-benchmarks"


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """One run at a time builds and copies."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def sqlite(root: Path, size: int) -> Path:
    """The folder of both databases of a size, built where it is not there whole. Raises NoRoom."""
    folder = root / f"{size}-{fingerprint()}"
    if folder.exists():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    _forget_others(root, size)
    _demand_room(root, size)
    shape = Shape(size, end=filled.unix_now())
    with _whole(folder) as (building, progress):
        with progress.step("floor"):
            queries.build(building / _FLOOR, shape, with_search=True)
        here = filled.build(building / _HUB, shape, progress=progress)
        _write(building, here)
    return folder


def postgresql(root: Path, like: Path, server: Server) -> tuple[Path, str]:
    """The data folder's folder and the database that hold the same as a folder of `sqlite`, built where they are not
    there whole."""
    shape = read(like).shape
    assert shape is not None
    folder = like.with_name(f"{like.name}-postgresql")
    ours = f"hub_bench_{shape.conversations}_"
    name = f"{ours}{fingerprint()}_{shape.end}"
    if folder.exists() and name in server.names(ours):
        return folder, name
    shutil.rmtree(folder, ignore_errors=True)
    for old in server.names(ours):
        server.drop(old)
    with _whole(folder) as (building, progress):
        url = server.create(f"{name}_building")
        here = filled.build(building / _HUB, shape, database_url=url, progress=progress)
        _write(building, here)
        server.rename(f"{name}_building", name)
    return folder, name


def copy(made: Path, to: Path) -> Path:
    """A folder to measure on: what is measured changes it."""
    began = perf_counter()
    shutil.copytree(made, to)
    say(f"  copied: {perf_counter() - began:.1f} s")
    return to


def read(folder: Path, *, database_url: str = "") -> Filled:
    """The installation of such a folder."""
    facts = json.loads((folder / _FACTS).read_text())
    return Filled(
        config=read_config({"HUB_DATABASE_URL": database_url}, data=folder / _HUB),
        shape=Shape(facts["conversations"], end=facts["end"]),
        team_ids=tuple(facts["team_ids"]),
        channel_ids=tuple(facts["channel_ids"]),
    )


def floor_of(folder: Path) -> Path:
    return folder / _FLOOR


def fingerprint() -> str:
    """Names what databases are made from."""
    found = hashlib.sha256()
    for module in _MADE_BY:
        assert module.__file__ is not None
        found.update(Path(module.__file__).read_bytes())
    for step in steps():
        found.update(step.sql.encode())
    return found.hexdigest()[:12]


@contextlib.contextmanager
def _whole(folder: Path) -> Iterator[tuple[Path, Progress]]:
    """A folder under another name until it is whole, so that nobody takes an interrupted build for one."""
    building = folder.with_name(folder.name + _BUILDING)
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    began = perf_counter()
    try:
        yield building, Progress()
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    building.replace(folder)
    sizes = ", ".join(f"{file.name} {file.stat().st_size / 1e9:.2f} GB" for file in sorted(folder.rglob("*.db")))
    say(
        f"  built in {perf_counter() - began:.0f} s with a load of {os.getloadavg()[1]:.1f}: {sizes or 'on the server'}"
    )


def _write(folder: Path, here: Filled) -> None:
    assert here.shape is not None
    facts = {
        "conversations": here.shape.conversations,
        "end": here.shape.end,
        "team_ids": here.team_ids,
        "channel_ids": here.channel_ids,
    }
    (folder / _FACTS).write_text(json.dumps(facts))


def _forget_others(root: Path, size: int) -> None:
    """What was made from something else is of no use any more."""
    for old in root.glob(f"{size}-*"):
        shutil.rmtree(old)


def _demand_room(root: Path, size: int) -> None:
    wanted, free = 2 * size * _BYTES_EACH, shutil.disk_usage(root).free
    if free < wanted:
        raise NoRoom(f"{size} conversations and a copy of them take {wanted / 1e9:.0f} GB, {free / 1e9:.0f} are free")
