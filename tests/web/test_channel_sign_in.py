"""Connecting a channel on the network's own page, and coming back from it: once, in time, by the same session."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from hub.channels.connect import read_account
from hub.channels.model import ChannelState
from hub.channels.sign_in import journey
from hub.channels.store import channel as read_channel
from hub.channels.store import set_state
from hub.connector import Author, Check, Connector, Features, Page, SignIn, setting
from hub.errors import Misconfigured, Unavailable
from hub.kernel.hub import Hub
from hub.people.model import Role
from hub.testing.clock import FrozenClock
from hub.testing.fake import FakeNetwork
from tests.desk import plug_in
from tests.web.browser import Browser
from tests.web.office import Office


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildSettings:
    """A server, and the token that signing in wins."""

    address: str = setting("Address", kind="url")
    token: str = setting("Token", secret=True)


class Guild:
    """A network where people sign in on a page of its own, as `who`."""

    def __init__(self) -> None:
        self.who = "brightwater"
        self.fault: Exception | None = None
        self.registered = 0
        self.finished = 0

    def connector_class(self) -> type[Connector]:
        guild = self

        class GuildConnector(Connector):
            kind = "guild"
            label = "Guild"
            Settings = GuildSettings
            features = Features(signs_in=True)

            def check(self) -> Check:
                name = str(self.settings.token).removeprefix("token of ")
                return Check(account=Author(id=name, handle=f"@{name}"))

            def pull(self, cursor: str | None) -> Page:
                return Page(cursor="0")

            def begin_sign_in(self, redirect_uri: str) -> SignIn:
                if guild.fault is not None:
                    raise guild.fault
                if not self.context.memory.read():
                    guild.registered += 1
                    self.context.memory.write("our app there")
                return SignIn(url=f"{self.settings.address}/authorize?back={redirect_uri}", state="verifier")

            def finish_sign_in(self, state: str, query: Mapping[str, str]) -> Mapping[str, str]:
                if guild.fault is not None:
                    raise guild.fault
                if "code" not in query:
                    raise Misconfigured("declined", detail=query.get("error", ""))
                assert (state, query["code"]) == ("verifier", "good")
                guild.finished += 1
                return {"token": f"token of {guild.who}"}

        return GuildConnector


class Traveller:
    """Somebody who connects a guild."""

    def __init__(self, office: Office, browser: Browser) -> None:
        self.office = office
        self.browser = browser
        self.url = ""

    def leaves(self, path: str = "/channels/connect/guild/sign-in", **fields: str) -> TestResponse:
        """Press the button of the form; remembers where it leads."""
        team = str(self.office.team.id)
        good = {"setting_address": "https://guild.example", "name": "", "team_id": team, "client_key": "k" * 43}
        answer = self.browser.submit(
            path, **({**good, **fields} if path.endswith(("guild/sign-in", "settings/sign-in")) else {})
        )
        self.url = answer.headers.get("Refresh", "").removeprefix("0; url=")
        return answer

    @property
    def state(self) -> str:
        return parse_qs(urlsplit(self.url).query)["state"][0]

    @property
    def back(self) -> str:
        """The address that the server was told to send people back to."""
        return parse_qs(urlsplit(self.url).query)["back"][0]

    def comes_back(self, browser: Browser | None = None, *, to: str = "", **query: str) -> TestResponse:
        """Follow the server's redirect, or one to the address of another server."""
        asked = {"state": self.state, **(query or {"code": "good"})}
        headers = {"Sec-Fetch-Site": "cross-site"}
        return (browser or self.browser).get(urlsplit(to or self.back).path, query_string=asked, headers=headers)


@pytest.fixture
def guild() -> Guild:
    return Guild()


@pytest.fixture
def office(hub: Hub, fake: FakeNetwork, guild: Guild) -> Office:
    found = Office(hub, fake)
    plug_in(hub.plugins, guild.connector_class())
    return found


@pytest.fixture
def ana(office: Office) -> Traveller:
    return Traveller(office, office.enter())


def channel_in(answer: TestResponse) -> int:
    assert answer.status_code == 303, answer.text
    found = re.search(r"/channels/(\d+)\?", str(answer.location))
    assert found is not None
    return int(found[1])


def test_somebody_signs_in_at_the_network_and_the_channel_is_there(office: Office, ana: Traveller) -> None:
    page = ana.browser.get("/channels/connect/guild").text
    assert 'formaction="/channels/connect/guild/sign-in"' in page
    left = ana.leaves(name="The guild")
    assert left.status_code == 200
    assert f'href="{ana.url.replace("&", "&amp;")}"' in left.text
    assert f"back={office.hub.config.base_url}/channels/signed-in" in ana.url
    channel_id = channel_in(ana.comes_back())
    account = read_account(office.hub, channel_id)
    assert account.settings == {"address": "https://guild.example", "token": "token of brightwater"}
    assert office.names().count("The guild") == 1


def test_a_server_whose_name_is_not_ascii_is_left_for_as_browsers_write_it(ana: Traveller) -> None:
    left = ana.leaves(setting_address="https://gärten.example")
    assert left.status_code == 200
    assert ana.url.startswith("https://xn--grten-gra.example/authorize?")


def test_a_sign_in_counts_once(office: Office, ana: Traveller) -> None:
    ana.leaves()
    ana.comes_back()
    again = ana.comes_back()
    assert again.location == "/channels/connect?done=sign_in_lost"
    assert "Begin again" in ana.browser.get(str(again.location)).text
    assert office.names().count("@brightwater") == 2  # the desk's own, and the one that was connected


@pytest.mark.parametrize("query", [{"code": "good", "state": "guessed"}, {"code": "good", "state": ""}, {"state": "x"}])
def test_a_state_that_nobody_left_with_connects_nothing(
    office: Office, ana: Traveller, query: Mapping[str, str]
) -> None:
    ana.leaves()
    answer = ana.browser.get(urlsplit(ana.back).path, query_string=query)
    assert answer.location == "/channels/connect?done=sign_in_lost"
    assert len(office.names()) == 1


def test_another_session_cannot_come_back_in_our_place(office: Office, ana: Traveller) -> None:
    ana.leaves()
    stranger = office.enter()
    assert ana.comes_back(stranger).location == "/channels/connect?done=sign_in_lost"
    assert len(office.names()) == 1
    assert channel_in(ana.comes_back())


@pytest.mark.parametrize("hostile", ["https://hostile.example", "https://guild.example.hostile.example", "https://x:8"])
def test_the_code_of_one_server_is_not_handed_to_another(
    office: Office, ana: Traveller, guild: Guild, hostile: str
) -> None:
    ana.leaves()
    honest = ana.back
    ana.leaves(setting_address=hostile)
    assert ana.back != honest
    # The hostile server sent us on to the honest one with the state of our sign-in at itself.
    refused = ana.comes_back(to=honest)
    assert refused.status_code == 422
    assert "The server did not accept this sign-in" in refused.text
    assert guild.finished == 0
    assert len(office.names()) == 1


def test_people_come_back_to_the_same_address_from_the_same_server(ana: Traveller) -> None:
    ana.leaves(name="The guild")
    first = ana.back
    ana.leaves(name="Renamed", setting_address=" https://guild.example")
    assert ana.back == first
    assert re.fullmatch(r"[0-9a-f]{32}", first.rpartition("/")[2])


def test_coming_back_late_says_so_at_the_form(office: Office, ana: Traveller, frozen_clock: FrozenClock) -> None:
    ana.leaves(name="The guild")
    frozen_clock.tick(journey.LIFETIME.total_seconds())
    late = ana.comes_back()
    assert late.status_code == 422
    assert "Signing in took too long" in late.text
    assert 'value="The guild"' in late.text
    assert 'value="https://guild.example"' in late.text


def test_declining_says_so_at_the_form(office: Office, ana: Traveller) -> None:
    ana.leaves(name="The guild")
    declined = ana.comes_back(error="access_denied")
    assert declined.status_code == 422
    assert "The account was not opened to Hubbub" in declined.text
    assert 'value="The guild"' in declined.text
    assert len(office.names()) == 1


@pytest.mark.parametrize("moment", ["away", "back"])
def test_a_server_that_is_down_loses_nothing(ana: Traveller, guild: Guild, moment: str) -> None:
    if moment == "back":
        ana.leaves(name="The guild")
    guild.fault = Unavailable("unreachable")
    answer = ana.leaves(name="The guild") if moment == "away" else ana.comes_back()
    assert answer.status_code == 422
    assert "The server does not answer" in answer.text
    assert 'value="The guild"' in answer.text


def test_a_wrong_address_is_said_at_its_field_before_anybody_leaves(ana: Traveller) -> None:
    answer = ana.leaves(setting_address="nowhere")
    assert answer.status_code == 422
    assert 'id="setting_address-error"' in answer.text


def test_what_is_known_of_the_server_is_learnt_once(hub: Hub, ana: Traveller, guild: Guild) -> None:
    ana.leaves()
    ana.leaves()
    assert guild.registered == 1
    with hub.database.reading() as session:
        kept = session.one("SELECT sealed FROM sign_in_memories WHERE kind = 'guild'")
    assert kept is not None
    assert "our app" not in kept["sealed"]


def test_a_signed_out_channel_is_signed_in_again_and_goes_on_where_it_was(
    office: Office, ana: Traveller, guild: Guild
) -> None:
    ana.leaves()
    channel_id = channel_in(ana.comes_back())
    with office.hub.database.transaction() as session:
        set_state(session, channel_id, ChannelState.SIGNED_OUT, now=office.hub.clock())
        session.run("UPDATE channels SET cursor = 'here' WHERE id = :id", id=channel_id)
    assert f'action="/channels/{channel_id}/sign-in"' in ana.browser.get(f"/channels/{channel_id}").text
    ana.leaves(f"/channels/{channel_id}/sign-in")
    assert channel_in(ana.comes_back()) == channel_id
    with office.hub.database.reading() as session:
        found = read_channel(session, channel_id)
    assert (found.state, found.cursor) == (ChannelState.ACTIVE, "here")


def test_signing_in_again_as_somebody_else_is_refused(office: Office, ana: Traveller, guild: Guild) -> None:
    ana.leaves()
    channel_id = channel_in(ana.comes_back())
    guild.who = "somebody"
    ana.leaves(f"/channels/{channel_id}/settings/sign-in", name="Guild")
    refused = ana.comes_back()
    assert refused.status_code == 422
    assert "another account than before: @somebody, not @brightwater" in refused.text
    assert read_account(office.hub, channel_id).settings["token"] == "token of brightwater"


def test_the_same_account_signed_in_twice_is_refused(ana: Traveller) -> None:
    ana.leaves(client_key="a" * 43)
    ana.comes_back()
    ana.leaves(client_key="b" * 43)
    again = ana.comes_back()
    assert again.status_code == 422
    assert "This account is connected already" in again.text


def test_a_supervisor_signs_channels_in_for_their_own_teams_only(office: Office) -> None:
    lead = Traveller(office, office.enter(Role.SUPERVISOR))
    assert lead.leaves(team_id=str(office.other_team.id)).status_code == 404
    assert lead.leaves().status_code == 200


def test_a_kind_that_nobody_signs_in_at_has_no_such_page(office: Office, ana: Traveller) -> None:
    assert ana.browser.submit("/channels/connect/shop/sign-in", name="x").status_code == 404
    assert 'id="sign-in"' not in ana.browser.get("/channels/connect/shop").text
