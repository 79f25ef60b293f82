from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from hub.kernel.hub import Hub
from hub.people import agents, links, sessions
from hub.people.model import OPERATOR, Agent, Role
from hub.testing.clock import FrozenClock
from tests.people.crew import PASSWORD, Crew

Event = Callable[[Hub, Crew, Agent], None]


def change_password(hub: Hub, crew: Crew, agent: Agent) -> None:
    agents.change_password(
        hub, crew.at_work(agent), current=PASSWORD, new="seven boats at sea", address="", user_agent=""
    )


def change_role(hub: Hub, crew: Crew, agent: Agent) -> None:
    agents.change_role(hub, OPERATOR, agent.id, Role.WRITER)


def deactivate(hub: Hub, crew: Crew, agent: Agent) -> None:
    agents.deactivate(hub, OPERATOR, agent.id)


def use_a_reset_link(hub: Hub, crew: Crew, agent: Agent) -> None:
    link = agents.reset(hub, OPERATOR, agent.id)
    links.redeem(hub, link.rpartition("/")[2], password="seven boats at sea", user_agent="")


def end_it(hub: Hub, crew: Crew, agent: Agent) -> None:
    for session in sessions.open_sessions(hub, agent.id):
        assert sessions.end(hub, session.id, agent_id=agent.id)


def end_the_others(hub: Hub, crew: Crew, agent: Agent) -> None:
    assert sessions.end_others(hub, crew.at_work(agent)) == 2


@pytest.mark.parametrize("event", [change_password, change_role, deactivate, use_a_reset_link, end_it, end_the_others])
def test_every_old_session_is_dead_at_once_after(event: Event, hub: Hub, crew: Crew) -> None:
    crew.admin()
    ana = crew.agent(password=True)
    tokens = [crew.token(ana), crew.token(ana)]
    bystander = crew.token(crew.agent("Jonas"))
    assert all(sessions.find(hub, token) for token in tokens)
    event(hub, crew, ana)
    assert [sessions.find(hub, token) for token in tokens] == [None, None]
    assert sessions.find(hub, bystander)


def test_an_agent_who_was_deactivated_and_let_in_again_signs_in_anew(hub: Hub, crew: Crew) -> None:
    crew.admin()
    ana = crew.agent()
    token = crew.token(ana)
    agents.deactivate(hub, OPERATOR, ana.id)
    agents.reactivate(hub, OPERATOR, ana.id)
    assert sessions.find(hub, token) is None


def test_a_session_ends_after_two_hours_without_use(hub: Hub, crew: Crew, frozen_clock: FrozenClock) -> None:
    token = crew.token(crew.agent())
    for _ in range(5):
        frozen_clock.tick(7199)
        assert sessions.find(hub, token)
    frozen_clock.tick(7200)
    assert sessions.find(hub, token) is None


def test_a_session_ends_after_twelve_hours_however_busy(hub: Hub, crew: Crew, frozen_clock: FrozenClock) -> None:
    token = crew.token(crew.agent())
    for _ in range(11):
        frozen_clock.tick(3600)
        assert sessions.find(hub, token)
    frozen_clock.tick(3600)
    assert sessions.find(hub, token) is None


def test_what_a_page_does_by_itself_keeps_no_session_alive(hub: Hub, crew: Crew, frozen_clock: FrozenClock) -> None:
    token = crew.token(crew.agent())
    frozen_clock.tick(7000)
    assert sessions.find(hub, token, by_person=False)
    frozen_clock.tick(200)
    assert sessions.find(hub, token, by_person=False) is None


def test_a_role_or_team_that_changed_counts_at_the_next_request(hub: Hub, crew: Crew) -> None:
    from hub.people import teams

    team = crew.team()
    ana = crew.agent("Ana", team)
    token = crew.token(ana)
    teams.remove_member(hub, OPERATOR, team.id, ana.id)
    found = sessions.find(hub, token)
    assert found is not None
    assert found.actor.team_ids == frozenset()


def test_the_database_never_holds_a_token(hub: Hub, crew: Crew) -> None:
    token = crew.token(crew.agent())
    with hub.database.reading() as session:
        rows = [dict(row) for row in session.all("SELECT * FROM sessions")]
    assert rows[0]["token_hash"] == hashlib.sha256(token.encode()).hexdigest()
    assert token not in repr(rows)
    assert sessions.find(hub, rows[0]["token_hash"]) is None


def test_nobody_ends_somebody_else_s_session(hub: Hub, crew: Crew) -> None:
    ana, jonas = crew.agent("Ana"), crew.agent("Jonas")
    crew.token(ana)
    (open_session,) = sessions.open_sessions(hub, ana.id)
    assert not sessions.end(hub, open_session.id, agent_id=jonas.id)
    assert sessions.open_sessions(hub, ana.id) == [open_session]


@pytest.mark.parametrize("token", ["", "x", "\ud800", "' OR 1=1 --", "x" * 100_000])
def test_a_token_that_never_was_is_nobody(hub: Hub, token: str) -> None:
    assert sessions.find(hub, token) is None


def test_sessions_are_forgotten_a_month_later(hub: Hub, crew: Crew, frozen_clock: FrozenClock) -> None:
    crew.token(crew.agent())
    frozen_clock.tick(31 * 24 * 3600)
    with hub.database.transaction() as session:
        assert sessions.forget(session, now=frozen_clock()) == 1
