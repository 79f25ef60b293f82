"""Every operation, role and scope, own and foreign objects: what is not in tests/api/routes.py does not pass."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
from PIL import Image

from hub.api.routes import OPERATIONS
from hub.app import build_pages
from hub.kernel.origin import origin_of
from hub.people import agents, teams
from hub.people.model import OPERATOR, Role, TokenScope
from hub.testing.fake import FakeNetwork
from hub.web.security import session_cookie
from tests.api.client import Program, Programs
from tests.api.routes import ASKED, ROLES
from tests.desk import plug_in

BY_NAME = {f"{each.method} {each.path}": each for each in OPERATIONS}
CHANGING = [
    pytest.param(route, role, whose, id=f"{route} as {role}, {whose}")
    for route, asked in ASKED.items()
    for whose in ("own", "foreign")
    for role, status in zip(ROLES, asked.of(whose), strict=False)
    if status != 404 and not route.startswith("GET")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One team with one of everything; the reply `outbox_id` failed."""

    programs: Programs
    ids: dict[str, int]

    def path(self, route: str) -> str:
        return route.partition(" ")[2].format_map(self.ids)


@pytest.fixture
def place(on_sqlite: Programs, fake: FakeNetwork) -> Place:
    programs, hub = on_sqlite, on_sqlite.hub
    desk = programs.desk
    plug_in(hub.plugins, fake.connector_class(kind="shop"))
    fake.says("is the light normal?")
    desk.pulls()
    fake.fails("refuse")
    failed = desk.answers("Yes.")
    desk.waits(20)
    return Place(
        programs=programs,
        ids={
            "channel_id": desk.channel_id,
            "conversation_id": desk.lines()[0].conversation.id,
            "outbox_id": failed,
        },
    )


def ask(program: Program, route: str, place: Place) -> int:
    method, asked = route.partition(" ")[0], ASKED[route]
    if asked.form:
        form = {"data": {"file": (io.BytesIO(picture()), "a.png")}}
        return program.send(method, place.path(route), **form).status_code
    body = {"json": asked.body} if asked.body is not None else {}
    return program.send(method, place.path(route), **body).status_code


def picture() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(drawn, "PNG")
    return drawn.getvalue()


def contents(place: Place) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the database but that the token was used."""
    with place.programs.hub.database.reading() as session:
        tables = [row["name"] for row in session.all("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: [tuple(row) for row in session.all(f"SELECT * FROM {table}")]  # noqa: S608
            for table in tables
            if table not in ("tokens", "rate_limits")
        }


def test_every_operation_stands_in_the_table() -> None:
    assert set(BY_NAME) == set(ASKED)


def enter(place: Place, route: str, role: str, whose: str) -> Program:
    """A program with the one scope it needs, of somebody of that role in the team the objects are of, or in another."""
    programs = place.programs
    team = programs.team if whose == "own" else programs.other_team
    return programs.of(programs.hire(Role(role), team), BY_NAME[route].scope)


@pytest.mark.parametrize("route", ASKED)
def test_who_may_not_is_told_nothing_and_who_reads_changes_nothing(route: str, place: Place) -> None:
    for whose in ("own", "foreign"):
        for role, expected in zip(ROLES, ASKED[route].of(whose), strict=False):
            if expected == 404 or route.startswith("GET"):
                program = enter(place, route, role, whose)
                before = contents(place)
                assert ask(program, route, place) == expected, (role, whose)
                assert contents(place) == before, (role, whose)


@pytest.mark.parametrize(("route", "role", "whose"), CHANGING)
def test_who_may_gets_what_the_table_says(route: str, role: str, whose: str, place: Place) -> None:
    expected = ASKED[route].of(whose)[ROLES.index(role)]
    assert ask(enter(place, route, role, whose), route, place) == expected


def test_a_token_without_the_scope_is_refused_whatever_its_agent_may(place: Place) -> None:
    programs = {}
    for scope in TokenScope:
        programs[scope] = place.programs.start(Role.ADMIN, *(other for other in TokenScope if other is not scope))
    before = contents(place)
    for route, operation in BY_NAME.items():
        assert ask(programs[operation.scope], route, place) == 403, route
    assert contents(place) == before


def test_nobody_gets_anything_without_a_token(place: Place) -> None:
    nobody, somebody = place.programs.with_token(""), place.programs.with_token("hub_" + "x" * 43)
    before = contents(place)
    for route in ASKED:
        assert ask(nobody, route, place) == 401, route
    assert ask(somebody, "GET /channels", place) == 401
    assert contents(place) == before


@pytest.mark.parametrize("number", ["0", "-1", "1e3", "x", "%00", "99999999999999999999999", "9223372036854775807"])
def test_an_id_that_cannot_be_one_is_nothing(number: str, place: Place) -> None:
    program = place.programs.start(Role.ADMIN)
    for route in (route for route in ASKED if "{" in route):
        path = place.path(route)
        for id in place.ids.values():
            path = path.replace(f"/{id}", f"/{number}", 1)
        assert program.send(route.partition(" ")[0], path).status_code in (404, 405), path


def test_a_team_that_is_not_ones_own_cannot_be_given_a_channel(place: Place) -> None:
    lead = place.programs.start(Role.SUPERVISOR)
    foreign = {"kind": "shop", "settings": {}, "team_id": place.programs.other_team.id}
    assert lead.post("/channels", foreign).status_code == 404


def test_a_channel_that_is_not_ones_own_cannot_be_listed_or_answered_through(place: Place) -> None:
    stranger = place.programs.stranger(Role.SUPERVISOR)
    assert stranger.get("/conversations", channel=place.ids["channel_id"]).status_code == 404
    assert stranger.get("/conversations", channel=place.ids["channel_id"], q="light").status_code == 404
    assert stranger.get("/conversations", q="light").json["items"] == []
    assert stranger.get("/conversations").json["items"] == []
    assert stranger.get("/outbox").json["items"] == []
    assert stranger.get("/channels").json["items"] == []
    assert stranger.get("/events", after="0.0").json["items"] == []


def test_an_agent_who_is_shut_out_or_moved_loses_what_the_token_could_at_once(place: Place) -> None:
    programs = place.programs
    ana = programs.hire(Role.AGENT)
    program = programs.of(ana)
    path = place.path("GET /conversations/{conversation_id}")
    assert program.get(path).status_code == 200
    teams.remove_member(programs.hub, OPERATOR, programs.team.id, ana.id)
    assert program.get(path).status_code == 404
    agents.deactivate(programs.hub, OPERATOR, ana.id)
    assert program.get(path).status_code == 401


def test_a_session_opens_no_door_of_the_api_and_a_token_none_of_the_pages(place: Place) -> None:
    programs = place.programs
    admin = programs.hire(Role.ADMIN)
    app = build_pages(programs.hub, programs.desk.connectors)
    token = programs.of(admin).token
    both = Program(app, programs.hub.config.base_url, "")
    both.client.set_cookie(
        session_cookie(origin_of(programs.hub.config)), programs.crew.token(admin), domain="127.0.0.1"
    )
    assert both.client.get("/inbox", base_url=both.base_url).status_code == 200
    assert both.get("/conversations").status_code == 401
    bearer = Program(app, programs.hub.config.base_url, token)
    assert bearer.get("/conversations").status_code == 200
    page = bearer.client.get("/inbox", base_url=bearer.base_url, headers={"Authorization": f"Bearer {token}"})
    assert page.status_code == 303
    assert bearer.get("/conversations", access_token=token).status_code == 422
    assert both.get("/conversations", access_token=token).status_code == 401
