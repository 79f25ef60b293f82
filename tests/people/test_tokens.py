"""Tokens for programs: shown once, as good as their agent and their scopes, and dead at once when they are ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.errors import Absent, Conflict, Invalid, TooMany
from hub.kernel.hub import Hub
from hub.people import agents, tokens
from hub.people.model import OPERATOR, Agent, ApiToken, Role, TokenScope
from tests.people.crew import Crew

READ = frozenset({TokenScope.READ})


def make(hub: Hub, agent: Agent, *, lifetime: timedelta | None = None) -> tuple[ApiToken, str]:
    return tokens.create(hub, OPERATOR, agent.id, name="Shop sync", scopes=READ, lifetime=lifetime)


def test_a_token_says_whose_it_is_and_what_for(crew: Crew) -> None:
    ana = crew.agent("Ana", crew.team())
    made, text = make(crew.hub, ana)
    found = tokens.find(crew.hub, text)
    assert found is not None
    assert (found.agent, found.token.id, found.token.scopes) == (crew.now(ana), made.id, READ)
    assert found.actor == crew.actor(ana)


def test_nothing_of_a_token_is_kept_but_its_hash_and_first_characters(crew: Crew) -> None:
    made, text = make(crew.hub, crew.agent())
    with crew.hub.database.reading() as session:
        row = session.one("SELECT * FROM tokens WHERE id = :id", id=made.id)
    assert row is not None
    assert text.startswith(made.starts_with)
    assert len(made.starts_with) == 8 < len(text) == 47
    assert text not in str(dict(row))
    assert text[8:] not in str(dict(row))


@pytest.mark.parametrize("text", ["", "hub_", "hub_" + "x" * 43, "\udcff", "a" * 100_000, "hub_\0"])
def test_what_is_no_token_is_nobody(text: str, crew: Crew) -> None:
    make(crew.hub, crew.agent())
    assert tokens.find(crew.hub, text) is None


def test_a_revoked_token_is_dead_at_once(crew: Crew) -> None:
    made, text = make(crew.hub, crew.agent())
    tokens.revoke(crew.hub, OPERATOR, made.id)
    assert tokens.find(crew.hub, text) is None
    assert tokens.listed(crew.hub, OPERATOR) == []
    with pytest.raises(Absent):
        tokens.revoke(crew.hub, OPERATOR, made.id)


def test_a_token_runs_out_when_it_was_made_for_a_time(crew: Crew) -> None:
    _, text = make(crew.hub, crew.agent(), lifetime=timedelta(days=7))
    crew.hub.clock.tick(7 * 86_400 - 1)  # type: ignore[attr-defined]
    assert tokens.find(crew.hub, text) is not None
    crew.hub.clock.tick(1)  # type: ignore[attr-defined]
    assert tokens.find(crew.hub, text) is None


def test_deactivation_ends_every_token_for_good(crew: Crew) -> None:
    ana = crew.agent()
    _, text = make(crew.hub, ana)
    agents.deactivate(crew.hub, OPERATOR, ana.id)
    assert tokens.find(crew.hub, text) is None
    agents.reactivate(crew.hub, OPERATOR, ana.id)
    assert tokens.find(crew.hub, text) is None
    with pytest.raises(Conflict):
        agents.deactivate(crew.hub, OPERATOR, ana.id)
        make(crew.hub, ana)


def test_a_token_may_what_its_agent_may_now(crew: Crew) -> None:
    ana = crew.hire("Ana", Role.SUPERVISOR, crew.team())
    _, text = make(crew.hub, ana)
    agents.change_role(crew.hub, OPERATOR, ana.id, Role.WRITER)
    found = tokens.find(crew.hub, text)
    assert found is not None
    assert found.actor.role is Role.WRITER


def test_a_new_password_leaves_tokens_alone(crew: Crew) -> None:
    ana = crew.agent(password=True)
    _, text = make(crew.hub, ana)
    agents.change_password(
        crew.hub, crew.at_work(ana), current="nine lamps of kvas", new="ten boats at sea", address="::1", user_agent=""
    )
    assert tokens.find(crew.hub, text) is not None


def test_use_is_written_down_once_a_minute(crew: Crew) -> None:
    made, text = make(crew.hub, crew.agent())
    assert used(crew, made) is None
    first = crew.hub.clock()
    tokens.find(crew.hub, text)
    crew.hub.clock.tick(59)  # type: ignore[attr-defined]
    tokens.find(crew.hub, text)
    assert used(crew, made) == first
    crew.hub.clock.tick(1)  # type: ignore[attr-defined]
    tokens.find(crew.hub, text)
    assert used(crew, made) == first + timedelta(minutes=1)


def used(crew: Crew, made: ApiToken) -> object:
    return tokens.listed(crew.hub, OPERATOR)[0][0].used_at


def test_a_name_is_needed(crew: Crew) -> None:
    with pytest.raises(Invalid) as refused:
        tokens.create(crew.hub, OPERATOR, crew.agent().id, name=" ", scopes=READ)
    assert refused.value.field == "name"


def test_only_admins_make_see_and_revoke_tokens(crew: Crew) -> None:
    team = crew.team()
    lead, ana = crew.hire("Lea", Role.SUPERVISOR, team), crew.agent("Ana", team)
    made, _ = make(crew.hub, ana)
    actor = crew.actor(lead)
    with pytest.raises(Absent):
        tokens.create(crew.hub, actor, ana.id, name="x", scopes=READ)
    with pytest.raises(Absent):
        tokens.listed(crew.hub, actor)
    with pytest.raises(Absent):
        tokens.revoke(crew.hub, actor, made.id)


def test_wrong_tokens_are_slowed_down_by_address(crew: Crew) -> None:
    for _ in range(tokens.WRONG_TOKENS.burst):
        tokens.count_wrong(crew.hub, address="192.0.2.1")
    with pytest.raises(TooMany):
        tokens.count_wrong(crew.hub, address="192.0.2.1")
    tokens.count_wrong(crew.hub, address="192.0.2.2")
