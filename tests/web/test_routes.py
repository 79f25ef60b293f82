"""Every route, every role, own and foreign objects: what is not in tests/web/routes.py does not pass."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from hub.people import agents
from hub.people.model import OPERATOR, Agent, Role, Team
from tests.web.browser import Browser
from tests.web.routes import PAGES, ROLES

CASES = [
    pytest.param(route, role, whose, id=f"{route} as {role}, {whose}")
    for route, page in PAGES.items()
    for role in ROLES
    for whose in (("own", "foreign") if page.foreign else ("own",))
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One side of the wall between two teams."""

    team: Team
    member: Agent


def routes(browser: Browser) -> set[str]:
    found = set()
    for rule in browser.app.url_map.iter_rules():
        found |= {f"{method} {rule.rule}" for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    return found


def test_every_route_stands_in_the_table(browser: Browser) -> None:
    assert routes(browser) == set(PAGES)


@pytest.mark.parametrize(("route", "role", "whose"), CASES)
def test_a_role_gets_what_the_table_says(route: str, role: str, whose: str, browser: Browser) -> None:
    crew = browser.crew
    crew.admin("Olga")
    sides = {}
    for name, member in (("own", "Ana"), ("foreign", "Milan")):
        team = crew.team(f"Care {name}")
        sides[name] = Place(team=team, member=crew.agent(member, team))
    crew.agent("Jonas")
    if role != "nobody":
        browser.enter(crew.hire("Visitor", Role(role), sides["own"].team))
    page = PAGES[route]
    expected = (page.foreign if whose == "foreign" else page.own) or ()
    assert call(browser, route, sides[whose]) == expected[ROLES.index(role)]


def call(browser: Browser, route: str, place: Place) -> int:
    method, _, rule = route.partition(" ")
    arguments: dict[str, object] = {"agent_id": place.member.id, "team_id": place.team.id, "session_id": 1}
    if "<token>" in rule:
        newcomer = agents.invite(
            browser.crew.hub, OPERATOR, email="newcomer@brightwater.example", name="Newcomer", role=Role.AGENT
        )
        arguments["token"] = newcomer[1].rpartition("/")[2]
    if "session_id" in rule:
        browser.crew.token(place.member)
        arguments["session_id"] = session_of(browser, place.member)
    path = fill(rule, arguments, browser)
    if method == "GET":
        return browser.get(path).status_code
    return browser.submit(path, **PAGES[route].fields).status_code


def session_of(browser: Browser, agent: Agent) -> int:
    from hub.people import sessions

    return sessions.open_sessions(browser.crew.hub, agent.id)[0].id


def fill(rule: str, arguments: dict[str, object], browser: Browser) -> str:
    adapter = browser.app.url_map.bind("127.0.0.1")
    endpoint = next(found.endpoint for found in browser.app.url_map.iter_rules() if found.rule == rule)
    wanted = next(found.arguments for found in browser.app.url_map.iter_rules() if found.rule == rule)
    known = arguments | {"digest": browser.app.extensions["hub"].assets.digest, "name": "hub.css"}
    return adapter.build(endpoint, {name: known[name] for name in wanted})


@pytest.mark.parametrize(
    "path",
    [
        "/people/0",
        "/people/-1",
        "/people/99999999999999999999999",
        "/people/9223372036854775807",
        "/people/1e3",
        "/people/%00",
        "/people/teams/99999999999999999999999",
    ],
)
def test_an_id_that_cannot_be_one_is_nothing(path: str, browser: Browser) -> None:
    assert browser.enter(browser.crew.admin()).get(path).status_code == 404


def test_reading_never_changes_anything(browser: Browser) -> None:
    """Every GET is called as an admin, and the database afterwards holds what it held before."""
    crew = browser.crew
    team = crew.team()
    place = Place(team=team, member=crew.agent("Ana", team))
    browser.enter(crew.admin())
    agents.invite(crew.hub, OPERATOR, email="newcomer@brightwater.example", name="Newcomer", role=Role.AGENT)
    gets = [route for route in PAGES if route.startswith("GET ") and "<token>" not in route and "health" not in route]
    before = contents(browser)
    for route in gets:
        call(browser, route, place)
    assert contents(browser) == before


def contents(browser: Browser) -> dict[str, list[tuple[object, ...]]]:
    with browser.crew.hub.database.reading() as session:
        tables = [row["name"] for row in session.all("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: [tuple(row) for row in session.all(f"SELECT * FROM {table}")] for table in tables}  # noqa: S608
