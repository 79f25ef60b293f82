"""What a failed try leads to: what the network asks for is kept to within reason, everything unclear is looked up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.channels import pace
from hub.errors import (
    Absent,
    Ambiguous,
    AuthExpired,
    Budget,
    DatabaseUnusable,
    Gone,
    HubError,
    Misconfigured,
    NotFound,
    PluginFault,
    RateLimited,
    Rejected,
    ScopeMissing,
    Unavailable,
)
from hub.outbox.model import State
from hub.outbox.retry import Verdict, after_failed_look_up, after_failed_send, after_no_arrival, of_repeated
from hub.testing.clock import START

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ASKED = {
    "in some minutes": (timedelta(minutes=7), timedelta(minutes=7)),
    "now": (timedelta(0), timedelta(seconds=1)),
    "in the past": (-timedelta(days=3), timedelta(seconds=1)),
    "in thirty years": (timedelta(seconds=10**9), HOUR),
}


def after(error: HubError, *, tries: int = 1, tried_for: timedelta = timedelta(0), chance: float = 0.5) -> Verdict:
    return after_failed_send(error, tries=tries, first_tried_at=START - tried_for, now=START, chance=chance)


@pytest.mark.parametrize(("asked", "waits"), ASKED.values(), ids=ASKED)
def test_a_network_that_says_when_is_kept_to_within_an_hour(asked: timedelta, waits: timedelta) -> None:
    limited = after(RateLimited("slow_down", retry_at=START + asked))
    assert limited == Verdict(state=State.QUEUED, due_at=START + waits, quiet_until=START + waits)
    down = after(Unavailable("maintenance", retry_at=START + asked))
    assert down == Verdict(state=State.QUEUED, due_at=START + waits), "others of its channel may be tried"
    looked = after_failed_look_up(RateLimited("slow_down", retry_at=START + asked), since=START, now=START)
    assert looked == Verdict(state=State.SENDING, due_at=START + waits)


@pytest.mark.parametrize("error", [RateLimited("slow_down"), Unavailable("unreachable")])
def test_where_it_does_not_say_pauses_double_up_to_an_hour_and_chance_spreads_them(error: HubError) -> None:
    longest = [after(error, tries=tries, chance=1.0).due_at - START for tries in range(1, 16)]
    assert longest[:3] == [timedelta(seconds=10), timedelta(seconds=20), timedelta(seconds=40)]
    assert longest == sorted(longest) and longest[-1] == HOUR
    assert after(error, tries=10_000, chance=1.0).due_at == START + HOUR
    assert after(error, tries=5, chance=0.25).due_at == START + longest[4] * 0.25
    assert after(error, tries=5, chance=0.0).due_at == START + timedelta(seconds=1)


@pytest.mark.parametrize("error", [RateLimited("slow_down"), Unavailable("unreachable")])
def test_after_a_day_it_is_given_up_and_what_may_have_arrived_is_open(error: HubError) -> None:
    assert after(error, tried_for=DAY - timedelta(seconds=1)).state is State.QUEUED
    given_up = after(error, tried_for=DAY)
    assert (given_up.state, given_up.reason) == (State.FAILED, "gave_up")
    assert of_repeated(given_up).state is State.UNKNOWN
    assert of_repeated(after(error)).state is State.QUEUED


@pytest.mark.parametrize("error", [Rejected, NotFound, Gone, Misconfigured, ScopeMissing, Budget, Absent])
def test_a_refusal_is_final(error: type[HubError]) -> None:
    assert after(error("no")).state is State.FAILED
    assert of_repeated(after(error("no"))).state is State.FAILED


def test_a_sign_in_that_ran_out_keeps_the_reply() -> None:
    assert after(AuthExpired("revoked"), tried_for=100 * DAY) == Verdict(state=State.QUEUED, due_at=START)


@pytest.mark.parametrize(
    "error", [Ambiguous("timeout"), PluginFault("died"), DatabaseUnusable("locked"), HubError("?")]
)
def test_what_is_unclear_is_looked_up_when_the_network_had_time_to_finish(error: HubError) -> None:
    assert after(error) == Verdict(state=State.SENDING, due_at=START + timedelta(seconds=10))


def test_what_surely_did_not_arrive_is_sent_again_with_the_pauses_of_a_network_that_was_away() -> None:
    times = {"tries": 3, "first_tried_at": START, "now": START, "chance": 0.5}
    assert after_no_arrival(**times) == after_failed_send(Unavailable("not_arrived"), **times)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error", [Unavailable("x"), RateLimited("x"), AuthExpired("x"), PluginFault("died"), DatabaseUnusable("locked")]
)
def test_who_could_not_ask_asks_again_for_an_hour_and_then_a_person_does(error: HubError) -> None:
    soon = after_failed_look_up(error, since=START, now=START)
    assert soon == Verdict(state=State.SENDING, due_at=START + timedelta(seconds=30))
    assert after_failed_look_up(error, since=START - HOUR, now=START).state is State.UNKNOWN


@pytest.mark.parametrize("error", [Ambiguous("cannot_look_up"), Rejected("x"), Gone("deleted"), Misconfigured("x")])
def test_an_answer_that_says_nothing_is_for_a_person_at_once(error: HubError) -> None:
    assert after_failed_look_up(error, since=START, now=START).state is State.UNKNOWN


# The pace of pulls, which follows the same rules with longer limits.


@pytest.mark.parametrize(("asked", "waits"), [*list(ASKED.values())[:3], (timedelta(seconds=10**9), DAY)])
def test_a_pull_keeps_to_what_the_network_says_within_a_day(asked: timedelta, waits: timedelta) -> None:
    assert pace.after_failure(START, failures=3, retry_at=START + asked, chance=0.5) == START + waits
    if asked > timedelta(0):
        pleased = pace.after_success(START, has_open=True, found_at=START, asked=asked.total_seconds(), more=False)
        assert pleased == START + waits


def test_pulls_that_fail_come_at_pauses_that_double_up_to_an_hour_and_chance_spreads_them() -> None:
    longest = [pace.after_failure(START, failures=each, retry_at=None, chance=1.0) - START for each in range(12)]
    assert longest[:3] == [timedelta(seconds=15), timedelta(seconds=30), timedelta(seconds=60)]
    assert longest == sorted(longest) and longest[-1] == HOUR
    assert pace.after_failure(START, failures=99_999, retry_at=None, chance=1.0) == START + HOUR
    assert pace.after_failure(START, failures=1, retry_at=None, chance=0.0) == START + timedelta(seconds=15)


def test_pulls_that_find_nothing_become_slow_but_not_while_somebody_waits_for_us() -> None:
    def after_success(*, has_open: bool = False, quiet: timedelta, more: bool = False) -> timedelta:
        found_at = START - quiet
        return pace.after_success(START, has_open=has_open, found_at=found_at, asked=None, more=more) - START

    assert after_success(quiet=timedelta(0)) == pace.QUICK
    assert after_success(quiet=HOUR) == HOUR / 10
    assert after_success(quiet=30 * DAY) == pace.SLOWEST
    assert after_success(quiet=30 * DAY, has_open=True) == pace.QUICK
    assert after_success(quiet=30 * DAY, more=True) == timedelta(0)
