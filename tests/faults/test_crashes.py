"""A worker that dies at each named point while it serves a real network: the next one ends what it had begun.

tests/crash kills real processes, on the sandbox network; here the networks are real and the deaths are exceptions that
nothing of ours catches.
"""

from __future__ import annotations

import itertools

import pytest

from hub.kernel.crash import POINTS, pass_by
from hub.outbox.model import State
from hub.testing.fake import Crash
from tests.faults.line import SETTLED, Line
from tests.faults.peers import ANSWERING
from tests.faults.proxy import MODES

pytestmark = [pytest.mark.timeout(600), pytest.mark.peers]  # the first time, an emulator has to be fetched

DROPPED = next(mode for mode in MODES if mode.name == "dropped answer")
HERE = [point for point in POINTS if point.partition(".")[0] in ("pull", "send", "resolve", "reply")]
_numbers = itertools.count(1)


@pytest.mark.parametrize("peer", ["feed"], indirect=True)
@pytest.mark.parametrize("point", [point for point in HERE if point.startswith("pull.")])
def test_what_a_feed_tells_comes_in_once_although_the_worker_died_at(point: str, line: Line) -> None:
    said = f"question {next(_numbers)} of many"
    line.peer.says(said)
    with Death(line, point) as death:
        line.pulls()
    assert death.came, f"nothing ever passed {point}"
    assert line.pulls() is None
    assert line.count(said) == 1


@pytest.mark.parametrize("peer", [*ANSWERING, "webhook"], indirect=True)
@pytest.mark.parametrize("point", HERE)
def test_what_was_said_and_what_we_answer_arrive_once_although_the_worker_died_at(point: str, line: Line) -> None:
    said, words, outbox_id = is_said_and_answered(line, point)
    line.peer.settles()
    assert line.pulls() is None
    assert (line.item(outbox_id).state, line.peer.arrived(words)) == (State.SENT, 1)
    assert (line.count(said), line.count(words)) == (2, 1)


@pytest.mark.parametrize("peer", ["forgetful-webhook"], indirect=True)
@pytest.mark.parametrize("point", [point for point in HERE if point not in ("resolve.answered", "resolve.settled")])
def test_an_answer_that_would_be_taken_twice_is_posted_once_or_left_to_a_person_although_the_worker_died_at(
    point: str, line: Line
) -> None:
    """Where nobody can be asked nobody answers: the two points behind an answer are never passed."""
    said, words, outbox_id = is_said_and_answered(line, point)
    unclear = {"send.begun": 0, "send.answered": 1, "resolve.claimed": 1}
    ended = State.UNKNOWN if point in unclear else State.SENT
    assert (line.item(outbox_id).state, line.peer.arrived(words)) == (ended, unclear.get(point, 1))
    line.peer.settles()
    assert line.pulls() is None
    assert (line.count(said), line.count(words)) == (2, 1)


def is_said_and_answered(line: Line, point: str) -> tuple[str, str, int]:
    """The whole line, with a death at a point of it: what was said, what we answered, and the item of the answer."""
    said = f"question {next(_numbers)} of many"
    words = f"our answer to {said}"
    line.peer.says(said)
    with Death(line, point) as death:
        line.pulls()
    assert line.pulls() is None
    with death:
        line.answers(said, words, key=words)
    outbox_id = line.answers(said, words, key=words)
    if point.startswith("resolve."):
        line.proxy.spoils(DROPPED, line.peer.is_write)
    with death:
        line.goes_on_until(lambda: line.item(outbox_id).state in SETTLED)
    line.goes_on_until(lambda: line.item(outbox_id).state in SETTLED)
    assert death.came, f"nothing ever passed {point}"
    return said, words, outbox_id


class Death:
    """Comes once, at the first passing of a point, while it is entered."""

    def __init__(self, line: Line, point: str) -> None:
        self._line, self._point = line, point
        self.came = False

    def __enter__(self) -> Death:
        self._line.hub.reach = self._reach
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        self._line.hub.reach = pass_by
        if isinstance(error, Crash):
            self._line.is_another_process()
            return True
        return False

    def _reach(self, point: str) -> None:
        if point == self._point and not self.came:
            self.came = True
            raise Crash(point)
