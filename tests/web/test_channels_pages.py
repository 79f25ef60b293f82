"""Connecting, watching, changing and removing channels in the browser, on both engines."""

from __future__ import annotations

import re

import pytest

from hub.channels import store
from hub.channels.connect import account_of
from hub.channels.model import Channel, ChannelState
from hub.errors import AddressRefused, AuthExpired, Misconfigured, RateLimited, Unavailable
from hub.kernel.hub import Hub
from hub.kernel.plugins import Found
from hub.people.model import Role
from hub.testing.fake import FakeNetwork
from tests.web.office import GOOD, SECRET, Office, errors_at, value_of, words_of


@pytest.fixture
def office(hub: Hub, fake: FakeNetwork) -> Office:
    return Office(hub, fake)


def channel(office: Office, channel_id: int) -> Channel:
    with office.hub.database.reading() as session:
        return store.channel(session, channel_id)


def test_a_channel_is_connected_after_its_connection_was_tested(office: Office) -> None:
    browser = office.enter(Role.SUPERVISOR)
    answer = office.connect(browser)
    assert answer.status_code == 303
    shown = browser.get(answer.location)
    assert "Shop reviews" in shown.text
    assert "The channel is connected." in shown.text
    assert [settings.talk for settings in office.shop.checked] == [5]
    found = channel(office, office.channel_id("Shop reviews"))
    assert (found.kind, found.team_id, found.state) == ("shop", office.team.id, ChannelState.ACTIVE)


def test_what_the_test_warned_of_stands_on_the_page(office: Office) -> None:
    office.shop.warnings = ("not_encrypted",)
    browser = office.enter()
    assert "others on the way can read the password" in browser.get(office.connect(browser).location).text


def test_a_channel_without_a_name_takes_that_of_its_account(office: Office) -> None:
    office.connect(office.enter(), name="")
    assert "@shop" in office.names()


def test_two_accounts_on_one_server_do_not_both_take_the_servers_name(office: Office) -> None:
    office.shop.title, office.shop.handle = "Shop of everybody", "@us@shop.example"
    office.connect(office.enter(), name="")
    assert "@us@shop.example" in office.names()


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("setting_address", "", "This is needed"),
        ("setting_address", "our shop", "This is not a web address"),
        ("setting_address", "https://[", "This is not a web address"),
        ("setting_user", "x" * 2001, "This is too long"),
        ("setting_password", "", "This is needed"),
        ("setting_talk", "many", "This is not a number"),
        ("setting_tone", "rude", "This is not one of the choices"),
        ("setting_answers_through", "99", "This is not one of the choices"),
        ("team_id", "", "This is not one of the choices"),
        ("name", "x" * 101, "This is too long"),
    ],
)
def test_what_was_typed_wrong_is_said_at_its_field(office: Office, field: str, typed: str, told: str) -> None:
    answer = office.connect(office.enter(), **{field: typed})
    assert answer.status_code == 422
    assert list(errors_at(answer)) == [field]
    assert told in errors_at(answer)[field]
    assert "Shop reviews" not in office.names()


@pytest.mark.parametrize(
    ("fault", "field", "told"),
    [
        (Misconfigured("wrong_password", field="password"), "setting_password", "The password is not right"),
        (Misconfigured("handle", field="name"), "setting_name", "This cannot be the name of an account"),
        (Misconfigured("not_json", field="address"), "setting_address", "a page instead of data"),
        (Misconfigured("rest_off"), "", "switched off"),
        (AddressRefused("not_public"), "setting_address", "not a public one"),
        (Unavailable("dns"), "setting_address", "No server has this name. Nothing was saved."),
        (RateLimited("slow_down"), "", "slow down Nothing was saved."),
        (AuthExpired("revoked", detail="go <away>"), "", "withdrawn our access (“go <away>”) Nothing was saved."),
        (ZeroDivisionError("a bug"), "", "has a fault Nothing was saved. Tell whoever made the plugin; the log"),
    ],
    ids=repr,
)
def test_what_the_connection_test_found_is_said_where_it_belongs(
    office: Office, fault: Exception, field: str, told: str
) -> None:
    office.shop.fault = fault
    answer = office.connect(office.enter())
    assert answer.status_code == 422
    assert list(errors_at(answer)) == [field]
    assert told in errors_at(answer)[field]
    assert "Shop reviews" not in office.names()


def test_everything_typed_is_kept_except_secrets(office: Office) -> None:
    office.shop.fault = Unavailable("unreachable")
    answer = office.connect(office.enter(), setting_user='"><b>ana', setting_tone="cool")
    assert value_of(answer, "setting_user") == '"><b>ana'
    assert value_of(answer, "setting_talk") == "5"
    assert value_of(answer, "name") == "Shop reviews"
    assert '<option value="cool" selected>' in answer.text
    assert 'id="setting_password" name="setting_password" type="password"' in answer.text
    assert value_of(answer, "setting_password") is None
    assert SECRET not in answer.text


def test_a_secret_is_in_no_answer_at_all(office: Office) -> None:
    browser = office.enter()
    office.connect(browser)
    channel_id = office.channel_id("Shop reviews")
    office.shop.fault = AuthExpired("revoked")
    fields = {**GOOD, "team_id": str(office.team.id)}
    answers = [
        browser.submit(f"/channels/{channel_id}/check"),
        browser.submit(f"/channels/{channel_id}/settings", **{**fields, "setting_talk": "x"}),
        browser.submit(f"/channels/{channel_id}/settings", **fields),
        *(browser.get(f"/channels{path}") for path in ("", "/rows", f"/{channel_id}", f"/{channel_id}/health")),
        *(browser.get(f"/channels/{channel_id}/{path}") for path in ("settings", "unreadable", "remove")),
    ]
    assert [answer.status_code for answer in answers] == [303, 422, 422, *[200] * 7]
    assert not [answer.request.path for answer in answers if SECRET in answer.text + str(answer.headers)]


def test_a_form_sent_twice_connects_once(office: Office) -> None:
    browser = office.enter()
    key = office.key(browser)
    first, second = (office.connect(browser, client_key=key) for _ in range(2))
    assert first.location == second.location
    assert office.names().count("Shop reviews") == 1
    assert len(office.shop.checked) == 1


def test_a_form_sent_again_while_it_is_tested_connects_once(office: Office) -> None:
    browser = office.enter()
    key, second = office.key(browser), []
    office.shop.meanwhile = lambda: second.append(office.connect(browser, client_key=key))
    first = office.connect(browser, client_key=key)
    assert len(office.shop.checked) == 2
    assert first.location == second[0].location
    assert office.names().count("Shop reviews") == 1


def test_the_key_of_a_form_is_nobody_elses(office: Office) -> None:
    for browser, user in ((office.enter(), "ana"), (office.enter(), "milan")):
        office.connect(browser, client_key="1", setting_user=user)
    assert office.names().count("Shop reviews") == 2


def test_an_account_that_is_connected_already_is_refused_at_the_form(office: Office) -> None:
    browser = office.enter()
    office.connect(browser)
    again = office.connect(browser)
    assert again.status_code == 422
    assert "This account is connected already, as Shop reviews" in again.text
    assert office.names().count("Shop reviews") == 1


def test_a_supervisor_connects_into_their_own_teams_only(office: Office) -> None:
    browser = office.enter(Role.SUPERVISOR)
    assert office.other_team.name not in browser.get("/channels/connect/shop").text
    assert office.connect(browser, team_id=str(office.other_team.id)).status_code == 404
    assert office.connect(browser, team_id="999").status_code == 404
    assert office.shop.checked == []


def test_the_channel_of_another_team_cannot_be_answered_through(office: Office) -> None:
    sender = str(office.desk.channel_id)
    offer = f'<option value="{sender}"'
    assert offer in office.enter(Role.SUPERVISOR).get("/channels/connect/shop").text
    stranger = office.stranger(Role.SUPERVISOR)
    assert offer not in stranger.get("/channels/connect/shop").text
    answer = office.connect(stranger, team_id=str(office.other_team.id), setting_answers_through=sender)
    assert list(errors_at(answer)) == ["setting_answers_through"]


def test_a_channel_to_answer_through_that_an_admin_chose_stays_when_a_supervisor_saves(office: Office) -> None:
    sender = str(office.desk.channel_id)
    office.connect(office.enter(), team_id=str(office.other_team.id), setting_answers_through=sender)
    channel_id = office.channel_id("Shop reviews")
    fields = {**GOOD, "team_id": str(office.other_team.id), "setting_answers_through": sender, "name": "Renamed"}
    stranger = office.stranger(Role.SUPERVISOR)
    assert f'<option value="{sender}" selected>' in stranger.get(f"/channels/{channel_id}/settings").text
    assert stranger.submit(f"/channels/{channel_id}/settings", **fields).status_code == 303
    assert channel(office, channel_id).settings["answers_through"] == sender


def test_who_is_in_no_team_is_told_before_typing(office: Office) -> None:
    crew = office.crew
    browser = office.enter().another().enter(crew.hire("Lone", Role.SUPERVISOR))
    page = browser.get("/channels/connect/shop").text
    assert "Ask an admin to put you into one" in page
    assert "setting_address" not in page
    assert office.connect(browser, team_id="").status_code == 404


def test_texts_of_a_plugin_are_shown_as_they_are(office: Office) -> None:
    assert "100% %(sure)s &lt;b&gt;safe&lt;/b&gt;" in office.enter().get("/channels/connect/shop").text


def test_what_may_be_left_empty_is_told_apart(office: Office) -> None:
    browser = office.enter()
    assert marked_optional(browser.get("/channels/connect/shop").text) == ["Talk", "Name there"]
    office.connect(browser)
    settings = browser.get(f"/channels/{office.channel_id('Shop reviews')}/settings").text
    assert marked_optional(settings) == ["Talk", "Name there"], "a secret that stays is not one that is not needed"


def marked_optional(page: str) -> list[str]:
    return re.findall(r"<label [^>]*>([^<]+) <span[^>]*>\(optional\)", page)


def test_an_unknown_kind_is_nothing(office: Office) -> None:
    assert office.enter().get("/channels/connect/telegraph").status_code == 404


@pytest.mark.parametrize("action", ["settings", "pause", "resume", "check", "pull", "remove"])
def test_nothing_is_changed_without_the_token_of_the_form(office: Office, action: str) -> None:
    before = channel(office, office.desk.channel_id)
    path = f"/channels/{office.desk.channel_id}/{action}"
    assert office.enter().send(path, {}, {"Sec-Fetch-Site": "same-origin"}).status_code == 403
    assert channel(office, office.desk.channel_id) == before


def test_nothing_is_connected_without_the_token_of_the_form(office: Office) -> None:
    fields = {**GOOD, "team_id": str(office.team.id), "client_key": "1"}
    answer = office.enter().send("/channels/connect/shop", fields, {"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 403
    assert office.shop.checked == []


def test_a_channel_is_paused_and_goes_on(office: Office) -> None:
    browser, path = office.enter(Role.SUPERVISOR), f"/channels/{office.desk.channel_id}"
    browser.submit(f"{path}/pause")
    assert channel(office, office.desk.channel_id).state is ChannelState.PAUSED
    paused = browser.get(path).text
    assert "Resume" in paused
    assert "Look now" not in paused
    browser.submit(f"{path}/resume")
    assert channel(office, office.desk.channel_id).state is ChannelState.ACTIVE


def test_looking_now_makes_the_next_pull_due(office: Office) -> None:
    office.desk.pulls()
    assert office.desk.channel.next_pull_at > office.hub.clock()
    answer = office.enter(Role.SUPERVISOR).submit(f"/channels/{office.desk.channel_id}/pull")
    assert answer.status_code == 303
    assert office.desk.channel.next_pull_at == office.hub.clock()


def test_a_paused_channel_is_not_looked_at_and_says_so(office: Office) -> None:
    browser, path = office.enter(), f"/channels/{office.desk.channel_id}"
    browser.submit(f"{path}/pause")
    answer = browser.submit(f"{path}/pull")
    assert answer.status_code == 409
    assert "Resume it to receive and send." in answer.text


def test_a_failed_test_of_the_connection_is_told_on_the_page_with_what_to_do(office: Office) -> None:
    browser = office.enter()
    office.connect(browser)
    path = f"/channels/{office.channel_id('Shop reviews')}"
    office.shop.fault = AuthExpired("revoked")
    page = words_of(browser.get(browser.submit(f"{path}/check").location).text)
    assert "The connection does not work." in page
    assert "The network has withdrawn our access. Sign the channel in again." in page
    assert "signed out" in words_of(browser.get("/channels").text)
    office.shop.fault = None
    page = words_of(browser.get(browser.submit(f"{path}/check").location).text)
    assert "The connection works." in page
    assert "withdrawn" not in page


def test_settings_are_changed_and_a_secret_left_empty_stays(office: Office) -> None:
    browser = office.enter()
    office.connect(browser)
    channel_id = office.channel_id("Shop reviews")
    fields = {**GOOD, "team_id": str(office.other_team.id), "setting_password": "", "setting_talk": "9", "name": "Shop"}
    assert browser.submit(f"/channels/{channel_id}/settings", **fields).status_code == 303
    changed = channel(office, channel_id)
    assert (changed.name, changed.team_id, changed.settings["talk"]) == ("Shop", office.other_team.id, "9")
    assert office.shop.checked[-1].password == SECRET
    with office.hub.database.reading() as session:
        assert account_of(office.hub, session, changed).settings["password"] == SECRET


@pytest.mark.parametrize(
    "address", ["https://evil.example", "https://shop.example.evil.example", "http://shop.example"]
)
def test_a_secret_that_is_kept_is_not_taken_to_another_address(office: Office, address: str) -> None:
    browser = office.enter(Role.SUPERVISOR)
    office.connect(browser)
    channel_id = office.channel_id("Shop reviews")
    fields = {**GOOD, "team_id": str(office.team.id), "setting_address": address}
    refused = browser.submit(f"/channels/{channel_id}/settings", **{**fields, "setting_password": ""})
    assert (refused.status_code, list(errors_at(refused))) == (422, ["setting_password"])
    assert [shop.address for shop in office.shop.checked] == ["https://shop.example"]
    assert browser.submit(f"/channels/{channel_id}/settings", **fields).status_code == 303


def test_settings_that_do_not_work_change_nothing(office: Office) -> None:
    browser = office.enter()
    office.connect(browser)
    channel_id = office.channel_id("Shop reviews")
    before = channel(office, channel_id)
    office.shop.fault = Misconfigured("wrong_password", field="password")
    fields = {**GOOD, "team_id": str(office.team.id), "setting_password": "other", "name": "Shop"}
    answer = browser.submit(f"/channels/{channel_id}/settings", **fields)
    assert list(errors_at(answer)) == ["setting_password"]
    assert channel(office, channel_id) == before


def test_a_paused_channel_stays_paused_when_its_settings_change(office: Office) -> None:
    browser = office.enter()
    office.connect(browser)
    channel_id = office.channel_id("Shop reviews")
    browser.submit(f"/channels/{channel_id}/pause")
    browser.submit(f"/channels/{channel_id}/settings", **GOOD, team_id=str(office.team.id))
    assert channel(office, channel_id).state is ChannelState.PAUSED


def test_a_supervisor_cannot_move_a_channel_out_of_their_teams(office: Office) -> None:
    office.connect(office.enter())
    channel_id = office.channel_id("Shop reviews")
    fields = {**GOOD, "team_id": str(office.other_team.id)}
    answer = office.enter(Role.SUPERVISOR).submit(f"/channels/{channel_id}/settings", **fields)
    assert answer.status_code == 404
    assert channel(office, channel_id).team_id == office.team.id


def test_a_channel_is_removed_only_after_asking(office: Office) -> None:
    office.desk.fake.says("Hello")
    office.desk.pulls()
    browser, path = office.enter(), f"/channels/{office.desk.channel_id}"
    asked = browser.get(f"{path}/remove").text
    assert "Remove for good" in asked
    assert office.names() == ["@brightwater"]
    assert browser.submit(f"{path}/remove").status_code == 303
    assert office.names() == []
    assert browser.get(path).status_code == 404
    assert len(office.desk.lines()) == 1


def test_what_could_not_be_read_is_listed_with_its_reason_and_as_it_was(office: Office) -> None:
    for number in range(51):
        office.desk.fake.sends_garbage(f"<script>alert({number})</script>")
    office.desk.pulls()
    office.desk.pulls()
    browser, path = office.enter(Role.AGENT), f"/channels/{office.desk.channel_id}"
    assert "51 items could not be read" in browser.get("/channels").text
    page = browser.get(f"{path}/unreadable")
    shown = re.findall(r"alert\((\d+)\)", page.text)
    assert shown == [str(number) for number in range(50, 0, -1)]
    assert "not_readable" in page.text
    assert "<script>alert" not in page.text
    further = re.search(r'href="([^"]*unreadable\?before=\d+)"', page.text)
    assert further is not None
    assert re.findall(r"alert\((\d+)\)", browser.get(further[1]).text) == ["0"]


def test_unreadable_items_are_dismissed_one_by_one_or_all_and_only_by_who_looks_after_the_channel(
    office: Office,
) -> None:
    for number in range(3):
        office.desk.fake.sends_garbage(f"item {number}")
    office.desk.pulls()
    path = f"/channels/{office.desk.channel_id}/unreadable"
    assert "Dismiss" not in office.enter(Role.AGENT).get(path).text
    browser = office.enter(Role.SUPERVISOR)
    newest = re.findall(r'name="letter" value="(\d+)"', browser.get(path).text)[0]
    browser.submit(f"{path}/dismiss", letter=newest)
    assert re.findall(r"item (\d)", browser.get(path).text) == ["1", "0"]
    assert "2 items could not be read" in browser.get("/channels").text
    office.desk.fake.sends_garbage("item 3")
    browser.submit(f"{path}/dismiss", newest=newest)
    office.desk.pulls()
    assert re.findall(r"item (\d)", browser.get(path).text) == ["3"]


def test_the_list_says_when_no_worker_runs(office: Office) -> None:
    browser = office.enter()
    assert "No worker is running" in browser.get("/channels").text
    with office.hub.database.transaction() as session:
        moment = session.moment()
        session.run(
            "INSERT INTO workers (id, epoch, beat_ms, role, started_at, beat_at)"
            " VALUES ('w', :epoch, :ms, 'worker', :now, :now)",
            epoch=moment.epoch,
            ms=moment.ms,
            now=office.hub.clock(),
        )
    assert "No worker is running" not in browser.get("/channels").text


def test_a_plugin_that_could_not_be_loaded_is_shown_to_who_looks_after_channels(office: Office) -> None:
    office.hub.plugins.found.append(Found(name="telex", distribution="", version="", problem="ImportError: no <telex>"))
    assert "ImportError: no &lt;telex&gt;" in office.enter(Role.SUPERVISOR).get("/channels").text
    assert "telex" not in office.enter(Role.AGENT).get("/channels").text


def test_a_channel_whose_plugin_is_gone_says_so_and_breaks_no_page(office: Office) -> None:
    del office.hub.plugins.connectors["fake"]
    browser, path = office.enter(), f"/channels/{office.desk.channel_id}"
    for page in ("/channels", path, f"{path}/health"):
        assert "The plugin of this channel is not loaded" in browser.get(page).text
    assert browser.get(f"{path}/settings").status_code == 404


def test_channels_of_other_teams_are_in_no_list(office: Office) -> None:
    for path in ("/channels", "/channels/rows"):
        assert "@brightwater" in office.enter(Role.WRITER).get(path).text
        assert "@brightwater" not in office.stranger(Role.SUPERVISOR).get(path).text


def test_an_empty_list_offers_what_can_be_connected(office: Office) -> None:
    page = office.stranger(Role.SUPERVISOR).get("/channels").text
    assert 'href="/channels/connect/shop"' in page
    assert "/channels/connect" not in office.stranger(Role.AGENT).get("/channels").text
