"""Who posts nonsense to /hooks/… is told to come back later; who signs well never is."""

from __future__ import annotations

import asyncio

import pytest

from hub.channels.webhook.intake import Taken
from hub.errors import Absent, DatabaseUnusable, Gone, HubError, Rejected
from hub.web import hook_limits
from hub.web.hook_limits import GOOD_SECONDS, MOST_KEPT, UNKNOWN, UNSIGNED, FailureLimits
from hub.web.hooks import Hooks
from hub.web.peers import peer_of

NEIGHBOUR = "203.0.113.7"
STRANGER = "198.51.100.9"


class Senders:
    """Posts to one channel whose address is "shop"; a body says what it deserves."""

    def __init__(self, *, proxies: int = 0) -> None:
        self.time = 0.0
        self.asked = 0
        self.limits = FailureLimits(lambda: self.time)
        self.hooks = Hooks(self._take_in, trusted_proxies=proxies, limits=self.limits)

    def post(self, body: bytes = b"good", *, hook: str = "shop", peer: str = STRANGER, forwarded: str = "") -> int:
        """The status a sender reads, 429 for one that has to wait."""
        headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
        sender = self.hooks.sender(f"/hooks/{hook}", headers, (peer, 50000))
        return 429 if self.hooks.wait(sender) else asyncio.run(self.hooks.take(sender, body)).status

    def fail(self, times: int, body: bytes = b"forged", *, hook: str = "shop", peer: str = STRANGER) -> list[int]:
        return [self.post(body, hook=hook, peer=peer) for _ in range(times)]

    def _take_in(self, hook: str, headers: object, body: bytes) -> Taken:
        self.asked += 1
        trouble: HubError | None = {
            b"forged": Rejected("wrong_signature"),
            b"down": DatabaseUnusable("locked"),
            b"gone": Gone("channel_removed"),
        }.get(body)
        if trouble is not None:
            raise trouble
        if hook not in ("shop", "forum"):
            raise Absent("no such address")
        return Taken(is_new=True, answer="", answer_type="")


@pytest.fixture
def senders() -> Senders:
    return Senders()


@pytest.mark.parametrize(
    ("body", "hook", "status", "limit"), [(b"forged", "shop", 401, UNSIGNED), (b"", "no", 404, UNKNOWN)]
)
def test_who_fails_too_often_waits_and_is_not_looked_at(
    body: bytes, hook: str, status: int, limit: hook_limits.Limit, senders: Senders
) -> None:
    assert senders.fail(limit.burst, body, hook=hook) == [status] * limit.burst
    assert senders.fail(100, body, hook=hook) == [429] * 100
    assert senders.asked == limit.burst
    sender = senders.hooks.sender(f"/hooks/{hook}", [], (STRANGER, 50000))
    assert senders.hooks.wait(sender) == limit.seconds_each
    senders.time += limit.seconds_each
    assert senders.fail(2, body, hook=hook) == [status, 429]


def test_every_guess_of_one_household_counts_together(senders: Senders) -> None:
    for number in range(UNKNOWN.burst):
        assert senders.post(hook=f"guess-{number}", peer=f"2001:db8::{number:x}") == 404
    assert senders.post(hook="another", peer="2001:db8::ffff:1") == 429
    assert senders.post(hook="another", peer="2001:db8:0:1::1") == 404


def test_a_sender_with_a_good_signature_never_waits_for_who_fails_beside_it(senders: Senders) -> None:
    assert senders.post(peer=NEIGHBOUR) == 202
    senders.fail(100, peer=STRANGER)
    assert senders.post(peer=NEIGHBOUR) == 202
    assert senders.post(hook="forum", peer=STRANGER) == 202


def test_who_fails_at_one_channel_is_not_held_up_at_another(senders: Senders) -> None:
    for hook in ("shop", "forum"):
        assert senders.post(hook=hook, peer=NEIGHBOUR) == 202
    senders.fail(100)
    assert senders.post() == 429
    assert senders.post(b"forged", hook="forum") == 401


def test_a_sender_that_shares_its_address_with_who_fails_never_waits(senders: Senders) -> None:
    assert senders.post() == 202
    senders.fail(100)
    senders.fail(100, b"", hook="no")
    assert senders.post() == 202
    senders.time += GOOD_SECONDS - 1
    senders.fail(100)
    assert senders.post() == 202
    senders.time += GOOD_SECONDS
    senders.fail(100)
    assert senders.post() == 429


def test_a_sender_that_mended_its_secret_goes_on_at_the_next_try_that_is_free(senders: Senders) -> None:
    senders.fail(100)
    assert senders.post() == 429
    senders.time += UNSIGNED.seconds_each
    assert [senders.post() for _ in range(100)] == [202] * 100


def test_our_own_trouble_and_a_channel_that_is_gone_count_against_nobody(senders: Senders) -> None:
    assert senders.fail(100, b"down") == [503] * 100
    assert senders.fail(100, b"gone") == [410] * 100
    assert senders.post() == 202


def test_our_own_trouble_makes_no_address_known(senders: Senders) -> None:
    senders.fail(100, b"down", hook="no")
    assert senders.fail(UNKNOWN.burst + 1, b"", hook="no")[-1] == 429


@pytest.mark.parametrize(
    ("hops", "forwarded", "seen"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "203.0.113.9,", "203.0.113.9"),
    ],
)
def test_the_peer_is_told_by_as_many_proxies_as_there_are(hops: int, forwarded: str, seen: str) -> None:
    assert peer_of(("192.0.2.1", 50000), [(b"x-forwarded-for", forwarded.encode())], hops) == seen


def test_no_header_of_a_stranger_dodges_the_count_or_lays_it_on_somebody_else() -> None:
    senders = Senders(proxies=1)
    for number in range(UNSIGNED.burst):
        assert senders.post(b"forged", forwarded=f"10.0.0.{number}, {STRANGER}") == 401
    assert senders.post(b"forged", forwarded=f"10.9.9.9, {STRANGER}") == 429
    assert senders.post(forwarded=NEIGHBOUR) == 202


def test_what_is_remembered_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_KEPT <= 10_000
    monkeypatch.setattr(hook_limits, "MOST_KEPT", 10)
    limits = FailureLimits(lambda: 0.0)
    for number in range(200):
        for status in (404, 401, 202):
            limits.note(f"hook-{number}", f"192.0.2.{number}", status)
    assert len(limits) <= 30


def test_many_that_were_under_way_at_once_push_the_next_try_no_further_away() -> None:
    limits = FailureLimits(lambda: 0.0)
    for _ in range(1000):
        limits.note("shop", STRANGER, 401)
    assert limits.wait("shop", STRANGER) == UNSIGNED.seconds_each
