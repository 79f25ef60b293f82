"""Connecting a webhook in the browser: its secret, its address, its expressions tried on an example."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from hub_plugins.webhook import Webhook
from werkzeug.test import TestResponse

from hub.channels import store
from hub.channels.connect import account_of, add_channel
from hub.channels.settings import fields_of
from hub.channels.webhook.preview import EXAMPLE
from hub.channels.webhook.store import count_waiting, hook_of, keep
from hub.connector import Delivery
from hub.inbox.pull import pull_now
from hub.kernel.hub import Hub
from hub.people.model import Role
from hub.testing.fake import FakeNetwork
from tests.desk import plug_in
from tests.plugins.webhook_system import SECOND, SECRET
from tests.web.browser import Browser
from tests.web.office import Office, errors_at, value_of, words_of

FORM = "/channels/connect/webhook"
GITHUB_LIKE = {
    "action": "created",
    "comment": {"id": 900, "body": "Does it fit?", "user": {"login": "lena"}, "created_at": "2026-03-01T09:00:00Z"},
    "issue": {"number": 4, "title": "Kettle 2"},
}
EXPRESSIONS = {
    "map_messages": "[@][] | [?action=='created']",
    "map_text": "comment.body",
    "map_id": "comment.id",
    "map_author_id": "comment.user.login",
    "map_created_at": "comment.created_at",
    "map_thread": "issue.number",
    "map_title": "issue.title",
}


@pytest.fixture
def office(hub: Hub, fake: FakeNetwork) -> Office:
    opened = Office(hub, fake)
    plug_in(hub.plugins, Webhook)
    return opened


@pytest.fixture
def browser(office: Office) -> Browser:
    return office.enter()


def filled(office: Office, **typed: str) -> dict[str, str]:
    values = {f"setting_{field.name}": field.default for field in fields_of(Webhook.Settings)}
    values |= {f"setting_{name}": value for name, value in EXPRESSIONS.items() if name not in typed}
    values |= {name if name in ("name", "example", "preview") else f"setting_{name}": typed[name] for name in typed}
    values |= {} if "secret" in typed else {"setting_secret": SECRET}
    return {"name": "Tracker", "team_id": str(office.team.id), **values}


def tries(browser: Browser, form: dict[str, str], example: object = GITHUB_LIKE, *, at: str = FORM) -> TestResponse:
    raw = example if isinstance(example, str) else json.dumps(example)
    return browser.submit(at, **{**form, "example": raw, "preview": "1"})


def secrets(office: Office, channel_id: int) -> tuple[str, str]:
    with office.hub.database.reading() as session:
        kept = account_of(office.hub, session, store.channel(session, channel_id)).settings
    return kept["secret"], kept["second_secret"]


def test_a_secret_is_made_shown_while_connecting_and_never_again(office: Office, browser: Browser) -> None:
    made = value_of(browser.get(FORM), "setting_secret")
    assert made.startswith("whsec_")
    assert value_of(browser.get(FORM), "setting_secret") != made
    answer = browser.submit(FORM, **{**filled(office), "setting_secret": made})
    shown = browser.get(answer.location)
    channel_id = office.channel_id("Tracker")
    assert secrets(office, channel_id) == (made, "")
    settings = browser.get(f"/channels/{channel_id}/settings")
    assert made not in shown.text + settings.text
    with office.hub.database.reading() as session:
        assert f"/hooks/{hook_of(session, channel_id)}" in shown.text


def test_an_example_shows_what_it_becomes_and_keeps_nothing(office: Office, browser: Browser) -> None:
    answer = tries(browser, filled(office))
    assert answer.status_code == 200
    shown = unescape(answer.text)
    for told in ("Does it fit?", "lena", "900", "Kettle 2"):
        assert told in shown
    assert value_of(answer, "setting_secret") == SECRET
    assert value_of(answer, "setting_map_text") == "comment.body"
    assert "Tracker" not in office.names()


def test_the_example_that_stands_there_needs_no_expressions(office: Office, browser: Browser) -> None:
    form = filled(office, **dict.fromkeys(EXPRESSIONS, ""))
    assert EXAMPLE in unescape(browser.get(FORM).text)
    assert "Where is my order?" in tries(browser, form, EXAMPLE).text.replace(EXAMPLE, "")


@pytest.mark.parametrize(
    ("field", "expression", "told"),
    [
        ("map_text", "comment.words", "There is nothing in the body where this points"),
        ("map_text", "comment", "neither text nor a number"),
        ("map_author_id", "nobody", "There is nothing in the body"),
        ("map_created_at", "issue.title", "no point in time"),
        ("map_messages", "nothing.here", "There is nothing in the body"),
        ("map_text", "comment.[", "no JMESPath expression"),
        ("map_text", "[@,@][].[@,@][].[@,@][].[@,@][].[@,@][]", "no JMESPath expression"),
        ("secret", "short", "no signing secret"),
    ],
)
def test_an_expression_that_leads_nowhere_is_told_at_its_field(
    office: Office, browser: Browser, field: str, expression: str, told: str
) -> None:
    form = filled(office, **{field: expression}) if field != "secret" else {**filled(office), "setting_secret": "short"}
    answer = tries(browser, form)
    assert list(errors_at(answer)) == [f"setting_{field}"]
    assert told in errors_at(answer)[f"setting_{field}"]
    assert re.search(r"<details[^>]* open", answer.text)


def test_what_is_no_body_is_told_at_the_example(office: Office, browser: Browser) -> None:
    assert "This is no JSON" in errors_at(tries(browser, filled(office), "{oops"))["example"]


def test_a_body_without_a_message_for_us_says_so(office: Office, browser: Browser) -> None:
    assert "no message for us" in tries(browser, filled(office), {**GITHUB_LIKE, "action": "closed"}).text


def test_a_batch_shows_its_first_messages(office: Office, browser: Browser) -> None:
    assert "and 2 more messages" in tries(browser, filled(office), [GITHUB_LIKE] * 7).text


def test_html_in_an_example_stays_text(office: Office, browser: Browser) -> None:
    body = {**GITHUB_LIKE, "comment": {**GITHUB_LIKE["comment"], "body": "<script>x</script>"}}  # type: ignore[dict-item]
    assert "<script>x" not in tries(browser, filled(office), body).text


def test_a_second_secret_is_added_and_the_first_forgotten(office: Office, browser: Browser) -> None:
    browser.submit(FORM, **filled(office))
    channel_id = office.channel_id("Tracker")
    settings = f"/channels/{channel_id}/settings"
    fresh = re.search(r"<code[^>]*>(whsec_[^<]+)</code>", browser.get(settings).text)
    assert fresh is not None
    kept = {**filled(office), "setting_secret": ""}
    assert browser.submit(settings, **{**kept, "setting_second_secret": unescape(fresh[1])}).status_code == 303
    assert secrets(office, channel_id) == (SECRET, unescape(fresh[1]))
    assert browser.submit(settings, **{**kept, "forget_secret": "1"}).status_code == 303
    assert secrets(office, channel_id) == ("", unescape(fresh[1]))
    assert browser.submit(settings, **{**kept, "forget_second_secret": "1"}).status_code == 422
    assert browser.submit(settings, **{**kept, "setting_secret": SECOND}).status_code == 303


def test_settings_are_tried_with_the_secrets_that_are_kept(office: Office, browser: Browser) -> None:
    browser.submit(FORM, **filled(office))
    channel_id = office.channel_id("Tracker")
    answer = tries(browser, {**filled(office), "setting_secret": ""}, at=f"/channels/{channel_id}/settings")
    assert "Does it fit?" in answer.text.replace(json.dumps(GITHUB_LIKE), "")
    assert not errors_at(answer)


def test_a_kind_that_nobody_posts_to_has_no_preview(office: Office, browser: Browser) -> None:
    assert "example" not in browser.get("/channels/connect/shop").text
    answer = browser.submit("/channels/connect/shop", example="{}", preview="1")
    assert answer.status_code == 404


def test_what_could_not_be_read_is_read_again_from_the_page_by_who_looks_after_the_channel(office: Office) -> None:
    channel_id = unreadable_channel(office, 3)
    path = f"/channels/{channel_id}/unreadable"
    reader, lead = office.enter(Role.AGENT), office.enter(Role.SUPERVISOR)
    assert "again" not in reader.get(path).text
    assert reader.submit(f"{path}/again", newest="99").status_code == 404
    shown = re.findall(r'name="letter" value="(\d+)"', lead.get(path).text)
    answer = lead.submit(f"{path}/again", letter=shown[0])
    assert "They are read again now" in lead.get(answer.location).text
    assert waiting(office, channel_id) == 1
    assert "nothing left to read again" in lead.get(lead.submit(f"{path}/again", letter=shown[0]).location).text
    lead.submit(f"{path}/again", newest=shown[0])
    assert waiting(office, channel_id) == 3
    assert "Everything could be read" in lead.get(path).text


def test_a_setting_that_leads_astray_is_named_at_what_could_not_be_read(office: Office) -> None:
    channel_id = unreadable_channel(office, 1, body=b'{"id": "1", "review": "good"}')
    path = f"/channels/{channel_id}/unreadable"
    for role in (Role.AGENT, Role.SUPERVISOR):
        assert "Text: There is nothing in the body where this points" in words_of(office.enter(role).get(path).text)
    settings = f'href="/channels/{channel_id}/settings"'
    assert settings in office.enter(Role.SUPERVISOR).get(path).text
    assert settings not in office.enter(Role.AGENT).get(path).text


def unreadable_channel(office: Office, deliveries: int, body: bytes = b"{no json") -> int:
    """A webhook to which so many bodies were posted that nobody could read."""
    connectors = office.desk.connectors
    values = {"secret": SECRET}
    added = add_channel(office.hub, connectors, kind="webhook", name="Shop", team_id=office.team.id, values=values)
    for number in range(deliveries):
        delivery = Delivery(headers={}, body=body, received_at=office.hub.clock())
        with office.hub.database.transaction() as session:
            keep(session, added.id, f"d{number}", delivery, headers={})
    pull_now(office.hub, connectors, "worker", added.id)
    return added.id


def waiting(office: Office, channel_id: int) -> int:
    with office.hub.database.reading() as session:
        return count_waiting(session, channel_id, most=100)
