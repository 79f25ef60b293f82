from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from hub.errors import HubError, Invalid, TooMany
from hub.kernel.hub import Hub
from hub.people import agents, passwords, sessions, sign_in
from hub.people.model import OPERATOR
from hub.people.store import agents as store
from hub.testing.clock import FrozenClock
from tests.people.crew import PASSWORD, Crew


def enter(hub: Hub, email: str, password: str = PASSWORD, *, address: str = "203.0.113.7") -> str:
    return sign_in.sign_in(hub, email=email, password=password, address=address, user_agent="Firefox")


def refusal(hub: Hub, email: str, password: str = "wrong", **where: str) -> HubError:
    with pytest.raises(HubError) as refused:
        enter(hub, email, password, **where)
    return refused.value


def test_the_right_password_begins_a_session(hub: Hub, crew: Crew) -> None:
    ana = crew.agent(password=True)
    found = sessions.find(hub, enter(hub, " ANA@Brightwater.example "))
    assert found is not None
    assert found.agent.id == ana.id


def test_nobody_can_tell_a_known_address_from_an_unknown_one(hub: Hub, crew: Crew) -> None:
    crew.agent("Ana", password=True)
    crew.agent("Jonas")
    gone = crew.agent("Mira", password=True)
    crew.admin()
    agents.deactivate(hub, OPERATOR, gone.id)
    refusals = [
        refusal(hub, "ana@brightwater.example"),
        refusal(hub, "jonas@brightwater.example", PASSWORD),
        refusal(hub, "mira@brightwater.example", PASSWORD),
        refusal(hub, "nobody@brightwater.example", PASSWORD),
        refusal(hub, "not an address", PASSWORD),
        refusal(hub, "x\x00y@z", "a\ud800b"),
        refusal(hub, "ana@brightwater.example", "x" * 100_000),
    ]
    assert {(type(error), str(error), repr(error.params)) for error in refusals} == {
        (Invalid, "password: wrong_sign_in", "{'field': 'password', 'reason': 'wrong_sign_in'}")
    }


def test_an_unknown_address_costs_a_whole_hash_too(hub: Hub, crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    crew.agent("Ana", password=True)
    seen: list[str] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:
            seen.append(str(hash))
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_HASHER", Watched(time_cost=2, memory_cost=19_456, parallelism=1))
    refusal(hub, "ana@brightwater.example")
    refusal(hub, "nobody@brightwater.example")
    assert len(seen) == 2
    assert seen[1] == passwords.DUMMY_HASH


def test_an_account_is_slowed_down_alike_whether_it_exists_or_not(hub: Hub, crew: Crew) -> None:
    crew.agent("Ana", password=True)
    for email in ("ana@brightwater.example", "nobody@brightwater.example"):
        kinds = [type(refusal(hub, email, address=f"203.0.113.{turn}")) for turn in range(12)]
        assert kinds == [Invalid] * 10 + [TooMany] * 2


def test_an_address_that_tries_many_accounts_is_slowed_down(hub: Hub) -> None:
    def name(turn: int) -> str:
        return f"person{turn}@brightwater.example"

    for turn in range(sign_in.PER_ADDRESS.burst):
        sign_in.count_try(hub, name(turn), address="203.0.113.7")
    with pytest.raises(TooMany):
        sign_in.count_try(hub, name(999), address="203.0.113.7")
    sign_in.count_try(hub, name(999), address="203.0.113.8")


def test_nobody_is_locked_out_for_good(hub: Hub, crew: Crew, frozen_clock: FrozenClock) -> None:
    crew.agent("Ana", password=True)
    for turn in range(10):
        refusal(hub, "ana@brightwater.example", address=f"203.0.113.{turn}")
    waiting = refusal(hub, "ana@brightwater.example", PASSWORD, address="198.51.100.1")
    assert isinstance(waiting, TooMany)
    frozen_clock.tick(waiting.retry_after)
    assert enter(hub, "ana@brightwater.example", address="198.51.100.1")


def test_the_right_password_empties_the_account_s_bucket(hub: Hub, crew: Crew) -> None:
    crew.agent("Ana", password=True)
    for _ in range(9):
        refusal(hub, "ana@brightwater.example")
    enter(hub, "ana@brightwater.example")
    assert isinstance(refusal(hub, "ana@brightwater.example"), Invalid)


def test_a_hash_made_with_old_parameters_is_replaced_at_sign_in(hub: Hub, crew: Crew) -> None:
    ana = crew.agent("Ana")
    weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    with hub.database.transaction() as session:
        store.set_password(session, ana.id, weak)
    enter(hub, ana.email)
    with hub.database.reading() as session:
        stronger = store.password_hash(session, ana.id)
    assert stronger is not None
    assert stronger != weak
    assert not passwords.needs_rehash(stronger)
    assert enter(hub, ana.email)
