"""Following a list without holes, whatever the server makes of our ids. Pure, on simulated servers."""

from __future__ import annotations

import json

import pytest
from hub_plugins.mastodon.progress import MOST_WAITING, MOST_WATCHED, Progress, read_cursor
from hub_plugins.mastodon.walk import KNOWN, MOST_HISTORY_PAGES, Entry, Walk
from hypothesis import example, given, settings
from hypothesis import strategies as st

LIMIT = 20


class Server:
    """A list that grows at the top. `min_id`: exclusive, inclusive, ignored, or oldest (for ids it does not know)."""

    def __init__(self, min_id: str = "exclusive", limit: int = LIMIT) -> None:
        self.entries: list[Entry] = []
        self._min_id = min_id
        self._limit = limit

    def grows(self, count: int) -> list[str]:
        new = [Entry(id=f"{len(self.entries) + n:09d}", at=1_000 + len(self.entries) + n) for n in range(count)]
        self.entries += new
        return [entry.id for entry in new]

    def page(self, params: dict[str, str]) -> list[Entry]:
        entries = self.entries
        if "max_id" in params:
            return [entry for entry in entries if entry.id < params["max_id"]][-self._limit :][::-1]
        if "min_id" not in params or self._min_id == "ignored":
            return entries[-self._limit :][::-1]
        low = params["min_id"]
        if self._min_id == "oldest":
            return entries[: self._limit][::-1]
        above = [entry for entry in entries if entry.id > low or (self._min_id == "inclusive" and entry.id == low)]
        return above[: self._limit][::-1]


def follow(server: Server, walk: Walk) -> tuple[Walk, list[str]]:
    """Ask until there is no more; returns every id that was new, as often as it was told as new."""
    fresh: list[str] = []
    for _ in range(500):
        step = walk.took(server.page(walk.params))
        walk = step.walk
        fresh += step.fresh
        if not step.more:
            return walk, fresh
    raise AssertionError("it goes on for ever")


@pytest.mark.parametrize("min_id", ["exclusive", "inclusive", "ignored"])
@given(bursts=st.lists(st.integers(0, 75), min_size=1, max_size=6))
@example(bursts=[1, 75])
@example(bursts=[10, 75])
@example(bursts=[0, 75])
@settings(max_examples=60, deadline=None)
def test_no_burst_leaves_a_hole(min_id: str, bursts: list[int]) -> None:
    server = Server(min_id)
    walk, _ = follow(server, Walk())
    for burst in bursts:
        new = server.grows(burst)
        walk, fresh = follow(server, walk)
        assert set(new) <= set(fresh)


@pytest.mark.parametrize("min_id", ["exclusive", "inclusive"])
def test_what_is_known_is_not_new_again(min_id: str) -> None:
    server = Server(min_id)
    server.grows(50)
    walk, _ = follow(server, Walk())
    new = server.grows(3)
    walk, fresh = follow(server, walk)
    assert fresh == new[::-1]
    assert follow(server, walk)[1] == []


def test_a_late_insert_among_the_newest_is_found() -> None:
    server = Server()
    server.grows(50)
    walk, _ = follow(server, Walk())
    server.entries.insert(45, Entry(id=server.entries[44].id + "a", at=1_044))
    assert follow(server, walk)[1] == [server.entries[44].id + "a"]


def test_a_server_that_does_not_understand_our_ids_is_begun_anew() -> None:
    before, after = Server(), Server("oldest")
    before.grows(200)
    walk, _ = follow(before, Walk())
    after.entries = [Entry(id=f"01F{n:05d}", at=100 + n) for n in range(60)]
    step = walk.took(after.page(walk.params))
    assert step.lost
    assert step.walk == Walk()


def test_notifications_cleared_in_the_native_app_are_no_reason_to_begin_anew() -> None:
    server = Server()
    server.grows(50)
    walk, _ = follow(server, Walk())
    del server.entries[:]
    server.entries = [Entry(id="100000000", at=5_000)]
    walk, fresh = follow(server, walk)
    assert fresh == ["100000000"]


def test_the_first_way_down_ends_after_ten_pages() -> None:
    server = Server()
    server.grows(1_000)
    assert len(follow(server, Walk())[1]) == MOST_HISTORY_PAGES * LIMIT


def test_where_there_was_nothing_a_long_burst_is_taken_whole() -> None:
    server = Server()
    walk, _ = follow(server, Walk())
    new = server.grows(1_000)
    assert set(follow(server, walk)[1]) == set(new)


def test_ids_are_never_compared_as_numbers() -> None:
    walk = Walk().took([Entry(id="9", at=9), Entry(id="10", at=10)]).walk
    step = walk.took([Entry(id="8", at=8)])
    assert step.fresh == ("8",)


# --- the cursor -------------------------------------------------------------------------------------------------------


def full() -> Progress:
    ids = tuple(f"01HZ{n:022d}" for n in range(500))
    walk = Walk(known=ids[:KNOWN], newest_at=1_700_000_000, below=ids[0], until=1_700_000_000, pages=9)
    marks = dict.fromkeys(ids, "mention 0123456789ab lbm 1700000000 12345 1700000000")
    return Progress(heard=walk, said=walk, history=False, turn=399, sweep=ids[0]).watching(marks).waits_for(ids)


def test_the_fullest_cursor_is_read_back_and_stays_below_64_kb() -> None:
    progress = full()
    assert len(progress.watched) == MOST_WATCHED
    assert len(progress.waiting) == MOST_WAITING
    assert read_cursor(progress.dump()) == progress
    assert len(progress.dump().encode()) < 48 * 1024


@pytest.mark.parametrize("cut", range(0, 400, 37))
def test_a_damaged_cursor_means_a_new_start(cut: int) -> None:
    assert read_cursor(full().dump()[: -cut - 1]) == Progress()
    told = json.loads(full().dump())
    assert read_cursor(json.dumps({**told, "v": 2})) == Progress()


def test_the_newest_are_looked_at_each_time_and_all_others_in_turn() -> None:
    progress = Progress().watching({str(n): "mention 1" for n in range(100)})
    looked: set[str] = set()
    for _ in range(9):
        ids, progress = progress.due(20)
        assert set(map(str, range(90, 100))) <= set(ids)
        assert len(ids) <= 20
        looked |= set(ids)
    assert looked == set(map(str, range(100)))


@pytest.mark.parametrize("count", [1, 2, 5, 19, 20])
def test_few_are_looked_at_where_the_server_gives_few(count: int) -> None:
    progress = Progress().watching({str(n): "mention 1" for n in range(30)})
    looked: set[str] = set()
    for _ in range(60):
        ids, progress = progress.due(count)
        assert 0 < len(ids) <= count
        looked |= set(ids)
    assert len(looked) == 30 or count == 1
