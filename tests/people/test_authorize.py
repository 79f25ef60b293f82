"""Who may do what, as one table written a second time: a change of the rules has to be made in both."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from hub.errors import Absent
from hub.people.authorize import MATRIX, Action, authorize, may, visible_teams
from hub.people.model import OPERATOR, Actor, Role

OWN, FOREIGN = 1, 2

# For each role: "all" everywhere, "own" in their own teams, "-" nowhere.
EXPECTED = {
    #                     admin  supervisor agent  writer
    "read_conversation": ("all", "own", "own", "own"),
    "reply": ("all", "own", "own", "-"),
    "note": ("all", "own", "own", "own"),
    "read_channel": ("all", "own", "own", "own"),
    "manage_channel": ("all", "own", "-", "-"),
    "remove_channel": ("all", "-", "-", "-"),
    "read_outbox": ("all", "own", "own", "-"),
    "retry_outbox": ("all", "own", "own", "-"),
    "cancel_outbox": ("all", "own", "own", "-"),
    "mark_sent": ("all", "own", "own", "-"),
    "read_people": ("all", "own", "-", "-"),
    "invite": ("all", "-", "-", "-"),
    "change_role": ("all", "-", "-", "-"),
    "deactivate": ("all", "-", "-", "-"),
    "reset_sign_in": ("all", "-", "-", "-"),
    "manage_tokens": ("all", "-", "-", "-"),
    "manage_team": ("all", "-", "-", "-"),
    "change_members": ("all", "own", "-", "-"),
}
CASES = [(action, role, answer) for action, row in EXPECTED.items() for role, answer in zip(Role, row, strict=True)]


@dataclass
class Thing:
    team_id: int


@dataclass
class Person:
    team_ids: frozenset[int]


def actor(role: Role, *teams: int) -> Actor:
    return Actor(agent_id=7, name="Ana", role=role, team_ids=frozenset(teams))


@pytest.mark.parametrize(("action", "role", "answer"), CASES)
def test_a_role_may_do_what_the_table_says_and_nothing_else(action: str, role: Role, answer: str) -> None:
    somebody = actor(role, OWN)
    assert may(somebody, Action(action), Thing(OWN)) is (answer != "-")
    assert may(somebody, Action(action), Thing(FOREIGN)) is (answer == "all")
    assert may(somebody, Action(action)) is (answer != "-")


def test_the_table_has_every_action() -> None:
    assert set(EXPECTED) == {action.value for action in Action} == {action.value for action in MATRIX}


def test_a_foreign_object_and_a_forbidden_action_look_the_same() -> None:
    with pytest.raises(Absent) as foreign:
        authorize(actor(Role.AGENT, OWN), Action.REPLY, Thing(FOREIGN))
    with pytest.raises(Absent) as forbidden:
        authorize(actor(Role.WRITER, OWN), Action.REPLY, Thing(OWN))
    assert (foreign.value.args, foreign.value.params) == (forbidden.value.args, forbidden.value.params)


def test_an_agent_without_a_team_reaches_nothing() -> None:
    assert not may(actor(Role.SUPERVISOR), Action.READ_CONVERSATION, Thing(OWN))
    assert visible_teams(actor(Role.SUPERVISOR)) == frozenset()


def test_a_person_in_several_teams_is_seen_from_each_of_them() -> None:
    assert may(actor(Role.SUPERVISOR, OWN), Action.READ_PEOPLE, Person(frozenset({OWN, FOREIGN})))
    assert not may(actor(Role.SUPERVISOR, OWN), Action.READ_PEOPLE, Person(frozenset({FOREIGN})))
    assert not may(actor(Role.SUPERVISOR, OWN), Action.READ_PEOPLE, Person(frozenset()))


def test_admins_and_the_operator_see_every_team_and_others_their_own() -> None:
    assert visible_teams(actor(Role.ADMIN)) is None
    assert visible_teams(OPERATOR) is None
    assert visible_teams(actor(Role.AGENT, OWN, FOREIGN)) == {OWN, FOREIGN}
