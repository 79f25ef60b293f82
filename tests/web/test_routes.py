"""Every route, every role, own and foreign objects: what is not in tests/web/routes.py does not pass."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass, replace

import pytest

from hub.app import build_pages
from hub.channels.connect import add_channel
from hub.connector import Attachment
from hub.inbox.pull import pull_now
from hub.inbox.reply import Draft, queue_reply
from hub.inbox.store import conversations, messages
from hub.inbox.uploads import store_upload
from hub.kernel.hub import Hub
from hub.outbox.send import send_due
from hub.people import agents, sessions
from hub.people.model import OPERATOR, Agent, Role, Team
from hub.testing.fake import FakeNetwork
from hub.web import server
from tests.kernel.test_images import picture
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
    """One team with one of everything: a member, a channel, a conversation with a picture, two replies."""

    team: Team
    arguments: dict[str, object]


@pytest.fixture
def place(browser: Browser, fake: FakeNetwork) -> Place:
    """A reply that failed (`outbox_id` of the outbox pages) and one that still waits (of a conversation's undo)."""
    crew = browser.crew
    hub, connectors = crew.hub, browser.app.extensions["hub"].connectors
    team = crew.team()
    ana = crew.agent("Ana", team)
    crew.admin("Olga")
    crew.agent("Jonas")
    channel = add_channel(
        hub, connectors, kind="fake", name="@brightwater", team_id=team.id, values={"token": "s3cret"}
    )
    fake.says("one").says("two")
    fake.feed[-1] = replace(fake.feed[-1], attachments=(Attachment(kind="image", url="https://127.0.0.1/x.png"),))
    pull_now(hub, connectors, "tests", channel.id)
    with hub.database.reading() as session:
        lines = conversations.lines(session, teams=None)
        message = messages.of_conversation(session, lines[0].conversation.id)[0]
    fake.fails("refuse")
    failed = queue_reply(hub, draft(hub, lines[1].conversation.id, ana))
    hub.clock.tick(20)  # type: ignore[attr-defined]
    send_due(hub, connectors, "tests")
    waiting = queue_reply(hub, draft(hub, lines[0].conversation.id, ana))
    crew.token(ana)
    return Place(
        team=team,
        arguments={
            "agent_id": ana.id,
            "team_id": team.id,
            "session_id": sessions.open_sessions(hub, ana.id)[0].id,
            "channel_id": channel.id,
            "kind": "fake",
            "place": "0" * 32,
            "conversation_id": lines[0].conversation.id,
            "message_id": message.id,
            "act": "like",
            "position": 1,
            "outbox_id": failed,
            "waiting_id": waiting,
            "upload_id": store_upload(hub, ana.id, picture("JPEG"), "cartridge.jpg").id,
            "digest": browser.app.extensions["hub"].assets.digest,
            "name": "hub.css",
        },
    )


def draft(hub: Hub, conversation_id: int, agent: Agent) -> Draft:
    return Draft(conversation_id=conversation_id, agent_id=agent.id, text="Glad to help", client_key=hub.token())


def routes(browser: Browser) -> set[str]:
    found = set()
    for rule in browser.app.url_map.iter_rules():
        found |= {f"{method} {rule.rule}" for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    return found


def test_every_route_stands_in_the_table(browser: Browser) -> None:
    assert routes(browser) == set(PAGES)


def test_nothing_is_served_that_no_table_walks(browser: Browser) -> None:
    """The pages stand in tests/web/routes.py, the API in tests/api/routes.py; beside them are the live stream and the
    webhooks, which tests/web/test_live.py and test_hooks.py go through."""
    pages = build_pages(browser.crew.hub, browser.app.extensions["hub"].connectors)
    assert list(getattr(pages, "mounts", ())) == ["/api"]
    told = ast.parse(inspect.getsource(server.web_app))
    asked = {ast.unparse(node) for node in ast.walk(told) if "scope['path']" in ast.unparse(node)}
    paths = {text for text in asked if text.startswith(("scope['path'] ==", "scope['path']."))}
    assert paths == {"scope['path'] == '/live'", "scope['path'].startswith(PATH)", "scope['path'].startswith"}


@pytest.mark.parametrize(("route", "role", "whose"), CASES)
def test_a_role_gets_what_the_table_says(route: str, role: str, whose: str, browser: Browser, place: Place) -> None:
    crew = browser.crew
    if role != "nobody":
        browser.enter(crew.hire("Visitor", Role(role), place.team if whose == "own" else crew.team("Care Balkans")))
    page = PAGES[route]
    expected = (page.foreign if whose == "foreign" else page.own) or ()
    before = contents(browser)
    status = call(browser, route, place)
    assert status == expected[ROLES.index(role)]
    if status == 404 and route.startswith("POST"):
        assert contents(browser) == before


def call(browser: Browser, route: str, place: Place) -> int:
    method, _, rule = route.partition(" ")
    arguments = dict(place.arguments)
    if "<token>" in rule:
        newcomer = agents.invite(
            browser.crew.hub, OPERATOR, email="newcomer@brightwater.example", name="Newcomer", role=Role.AGENT
        )
        arguments["token"] = newcomer[1].rpartition("/")[2]
    if "/undo/" in rule:
        arguments["outbox_id"] = arguments["waiting_id"]
    path = fill(rule, arguments, browser)
    if method == "GET":
        return browser.get(path).status_code
    return browser.submit(path, **PAGES[route].fields).status_code


def fill(rule: str, arguments: dict[str, object], browser: Browser) -> str:
    adapter = browser.app.url_map.bind("127.0.0.1")
    found = next(known for known in browser.app.url_map.iter_rules() if known.rule == rule)
    return adapter.build(found.endpoint, {name: arguments[name] for name in found.arguments})


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


@pytest.mark.parametrize("number", ["99999999999999999999999", "-1", "1e3", "\0", "x"])
def test_a_number_in_a_query_that_cannot_be_an_id_counts_as_none(number: str, browser: Browser, place: Place) -> None:
    admin = browser.enter(browser.crew.admin())
    query = dict.fromkeys(("before", "after", "channel", "current"), number)
    for route in (known for known in PAGES if known.startswith("GET ") and "<token>" not in known):
        path = fill(route.removeprefix("GET "), place.arguments, browser)
        assert admin.get(path, query_string=query).status_code != 500, route


READ_MARK = "GET /conversations/<int:conversation_id>"
"""Opening a conversation is what takes its unread mark away."""


def test_reading_never_changes_anything(browser: Browser, place: Place) -> None:
    """Every GET is called as an admin, and the database afterwards holds what it held before."""
    browser.enter(browser.crew.admin())
    call(browser, READ_MARK, place)
    gets = [route for route in PAGES if route.startswith("GET ") and "<token>" not in route and "health" not in route]
    before = contents(browser)
    for route in gets:
        call(browser, route, place)
    assert contents(browser) == before


def contents(browser: Browser) -> dict[str, list[tuple[object, ...]]]:
    with browser.crew.hub.database.reading() as session:
        tables = [row["name"] for row in session.all("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: [tuple(row) for row in session.all(f"SELECT * FROM {table}")] for table in tables}  # noqa: S608
