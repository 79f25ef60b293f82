"""People and teams, through the pages."""

from __future__ import annotations

import re

import pytest

from hub.people import agents
from hub.people.model import OPERATOR, Role
from tests.web.browser import Browser


def test_an_admin_invites_somebody_and_sees_the_link_once(browser: Browser) -> None:
    team = browser.crew.team()
    browser.enter(browser.crew.admin())
    page = browser.submit(
        "/people/invite", email="ana@brightwater.example", name="Ana Kovač", role="agent", team_ids=[str(team.id)]
    )
    (link,) = re.findall(r'value="(http://127.0.0.1:8080/link/[\w-]{43})"', page.text)
    assert browser.another().get(link.partition("8080")[2]).status_code == 200
    people = browser.get("/people").text
    assert "Ana Kovač" in people
    assert "invited" in people
    assert "/link/" not in people


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "ana"},
        {"name": ""},
        {"role": "owner"},
        {"team_ids": ["99"]},
        {"team_ids": ["x"]},
        {"team_ids": ["9" * 30]},
        {"is_admin": "1"},
        {"created_at": "0"},
    ],
    ids=str,
)
def test_a_bad_invitation_is_shown_again_and_invites_nobody(fields: dict[str, object], browser: Browser) -> None:
    browser.enter(browser.crew.admin())
    good: dict[str, object] = {"email": "ana@brightwater.example", "name": "Ana", "role": "agent"}
    assert browser.submit("/people/invite", **(good | fields)).status_code == 422
    assert "ana@brightwater.example" not in browser.get("/people").text


def test_a_role_is_changed_and_the_last_admin_stays(browser: Browser) -> None:
    crew = browser.crew
    petra, ana = crew.admin(), crew.agent()
    browser.enter(petra)
    assert browser.submit(f"/people/{ana.id}/role", role="supervisor").status_code == 303
    assert crew.now(ana).role is Role.SUPERVISOR
    refused = browser.submit(f"/people/{petra.id}/role", role="agent")
    assert refused.status_code == 422
    assert "This is the last admin" in refused.text
    assert browser.submit(f"/people/{petra.id}/deactivate").status_code == 422
    assert crew.now(petra).is_active


def test_somebody_is_shut_out_and_let_in_again(browser: Browser) -> None:
    crew = browser.crew
    ana = crew.agent()
    browser.enter(crew.admin())
    browser.submit(f"/people/{ana.id}/deactivate")
    assert not crew.now(ana).is_active
    assert "Can no longer sign in" in browser.get("/people").text
    assert browser.submit(f"/people/{ana.id}/reset").status_code == 409
    browser.submit(f"/people/{ana.id}/reactivate")
    assert crew.now(ana).is_active


def test_a_supervisor_looks_after_their_own_team(browser: Browser) -> None:
    crew = browser.crew
    dach, balkans = crew.team("Care DACH"), crew.team("Care Balkans")
    ana, jonas = crew.agent("Ana", dach), crew.agent("Jonas", balkans)
    browser.enter(crew.hire("Mira", Role.SUPERVISOR, dach))
    listed = browser.get("/people").text
    assert "Ana" in listed
    assert "Jonas" not in listed
    assert "Care Balkans" not in listed
    assert "Invite" not in listed
    assert browser.submit(f"/people/teams/{dach.id}/members", email=jonas.email).status_code == 303
    assert browser.submit(f"/people/teams/{dach.id}/members", email="x@y.example").status_code == 422
    assert browser.submit(f"/people/teams/{dach.id}/members/{ana.id}/remove").status_code == 303
    assert crew.now(ana).team_ids == frozenset()
    assert crew.now(jonas).team_ids == {dach.id, balkans.id}
    # Of a person who is seen, the other team is not.
    assert "Care Balkans" not in browser.get(f"/people/{jonas.id}").text


def test_a_team_is_created_and_renamed(browser: Browser) -> None:
    crew = browser.crew
    browser.enter(crew.admin())
    created = browser.submit("/people/teams/new", name="Care DACH")
    assert created.status_code == 303
    assert browser.submit("/people/teams/new", name="Care DACH").status_code == 422
    team = created.location.partition("?")[0]
    assert browser.submit(f"{team}/name", name="Care Alps").status_code == 303
    assert browser.submit(f"{team}/name", name="").status_code == 422
    assert "Care Alps" in browser.get("/people").text


def test_a_name_cannot_become_markup_or_turn_the_line_around(browser: Browser) -> None:
    crew = browser.crew
    agents.add(crew.hub, OPERATOR, email="evil@evil.example", name="<img src=x onerror=alert(1)>", role=Role.AGENT)
    browser.enter(crew.admin())
    page = browser.get("/people").text
    assert "<img" not in page
    assert "<bdi>&lt;img src=x" in page
