"""A crew of threads shared between kinds of channels."""

from __future__ import annotations

import threading

from hub.engine.crew import Crew
from hub.engine.debts import Debts
from hub.errors import DatabaseUnusable
from hub.kernel.hub import Hub


def test_a_kind_that_has_its_share_is_crowded_until_one_of_its_threads_is_free() -> None:
    crew, gate, failures = Crew("test", threads=3, share=2), threading.Event(), list[Exception]()
    crew.start("a", gate.wait, failed=failures.append)
    assert (crew.crowded, crew.free) == (frozenset(), 2)
    crew.start("a", gate.wait, failed=failures.append)
    assert (crew.crowded, crew.free) == ({"a"}, 1)
    gate.set()
    assert crew.finish(10)
    crew.wait_for_room(10)
    crew.close()
    assert failures == []


def test_what_work_raises_is_handed_on_and_the_thread_is_free_again() -> None:
    crew, failures = Crew("test", threads=1, share=1), list[Exception]()
    crew.start("a", _breaks, failed=failures.append)
    assert crew.finish(10)
    assert [type(failure) for failure in failures] == [ZeroDivisionError]
    crew.close()


def test_work_that_does_not_end_in_time_is_told() -> None:
    crew, gate = Crew("test", threads=1, share=1), threading.Event()
    crew.start("a", gate.wait, failed=lambda error: None)
    assert not crew.finish(0)
    gate.set()
    assert crew.finish(10)
    crew.close()


def test_a_claim_is_given_back_at_once_after_a_locked_database_and_later_after_a_bug(hub: Hub) -> None:
    now, given = 100.0, list[str]()
    debts = Debts(lambda: now)
    debts.owe(lambda session: given.append("locked"), DatabaseUnusable("locked"))
    debts.owe(lambda session: given.append("bug"), ValueError())
    debts.settle(hub.database)
    assert given == ["locked"]
    now += 61
    debts.settle(hub.database)
    debts.settle(hub.database)
    assert given == ["locked", "bug"]


def _breaks() -> None:
    raise ZeroDivisionError
