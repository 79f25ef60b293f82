"""Idempotency-Key where two tries of one request overlap, seen from the store: whose answer is kept, and who waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest

from hub.api import store
from hub.api.once import Reply, once
from hub.api.problem import Refusal
from hub.kernel.hub import Hub
from tests.api.client import Programs

MINUTE = 61.0


class Requests:
    """One request under one key, sent again and again; each try that is worked on answers its own number."""

    def __init__(self, hub: Hub, token_id: int) -> None:
        self.hub = hub
        self.token_id = token_id
        self.tries = count(1)

    def send(self, meanwhile: Callable[[], object] = lambda: None, *, token_id: int = 0) -> Reply:
        """What it is answered; `meanwhile` happens while it is worked on."""

        def work() -> Reply:
            number = next(self.tries)
            meanwhile()
            return Reply(status=202, location="", body=b"%d" % number)

        return once(self.hub, token_id or self.token_id, "k", "the same", work)

    def send_after(self, seconds: float, meanwhile: Callable[[], object] = lambda: None) -> Reply:
        self.hub.clock.tick(seconds)  # type: ignore[attr-defined]
        return self.send(meanwhile)


@pytest.fixture
def requests(programs: Programs) -> Requests:
    programs.start()
    programs.start()
    with programs.hub.database.reading() as session:
        row = session.one("SELECT min(id) AS id FROM tokens")
    assert row is not None
    return Requests(programs.hub, row["id"])


def dies() -> None:
    raise SystemExit


def test_what_was_taken_over_is_done_once_more_and_then_known(
    requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dead:
        dead.setattr(store, "give_back", lambda *_, **__: None)  # who dies gives nothing back
        with pytest.raises(SystemExit):
            requests.send(dies)
    assert requests.send_after(MINUTE).body == b"2"
    again = requests.send()
    assert (again.body, again.repeated) == (b"2", True)


def test_who_took_over_keeps_the_others_out(requests: Requests) -> None:
    refused: list[str] = []

    def another_comes() -> None:
        with pytest.raises(Refusal) as told:
            requests.send()
        refused.append(told.value.code)

    requests.send(lambda: requests.send_after(MINUTE, another_comes))
    assert refused == ["under_way"]


def test_a_slow_try_that_was_taken_over_does_not_replace_the_answer(requests: Requests) -> None:
    assert requests.send(lambda: requests.send_after(MINUTE)).body == b"1"
    assert requests.send().body == b"2"


def test_a_slow_try_that_is_refused_in_the_end_does_not_free_the_key_of_who_took_over(requests: Requests) -> None:
    begun_at, now = requests.hub.clock(), requests.hub.clock() + timedelta(minutes=2)
    with requests.hub.database.transaction() as session:
        store.begin(session, requests.token_id, "k", fingerprint="the same", at=begun_at)
        store.take_over(session, requests.token_id, "k", at=now)
        store.give_back(session, requests.token_id, "k", begun_at=begun_at)
        assert store.known(session, requests.token_id, "k") is not None
        store.give_back(session, requests.token_id, "k", begun_at=now)
        assert store.known(session, requests.token_id, "k") is None


def test_a_key_is_its_tokens_own(requests: Requests) -> None:
    assert requests.send().body == b"1"
    assert requests.send(token_id=requests.token_id + 1).body == b"2"
    assert requests.send().body == b"1"
    assert requests.send(token_id=requests.token_id + 1).body == b"2"


def test_a_clock_that_was_set_back_blocks_no_key(requests: Requests, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as dead:
        dead.setattr(store, "give_back", lambda *_, **__: None)
        with pytest.raises(SystemExit):
            requests.send(dies)
    assert requests.send_after(-3600).body == b"2"
