"""A hub with a desk, people of every role and a browser at the door: for tests of pages that show work."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape

from werkzeug.test import TestResponse

from hub.channels.store import all_channels
from hub.connector import Author, Check, Connector, Features, Page, setting
from hub.kernel.hub import Hub
from hub.people.model import Role, Team
from hub.testing.fake import FakeNetwork
from hub.web import create_app
from tests.desk import Desk, plug_in
from tests.people.crew import Crew
from tests.web.browser import Browser

SECRET = "zebra-crossing-1904"
GOOD = {
    "setting_address": "https://shop.example",
    "setting_user": "ana",
    "setting_password": SECRET,
    "setting_talk": "5",
    "setting_tone": "warm",
    "setting_answers_through": "",
    "setting_name": "front",
    "name": "Shop reviews",
}
"""The form of a shop, filled in well, without its team and its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopSettings:
    """Every kind of setting there is, one of them named as a field of ours, with a text that looks like a format."""

    address: str = setting("Address", kind="url", help="100% %(sure)s <b>safe</b>")
    user: str = setting("User")
    password: str = setting("Password", secret=True)
    talk: int = setting("Talk", kind="number", default=3)
    tone: str = setting("Tone", kind="choice", choices={"warm": "Warm", "cool": "Cool"}, default="warm")
    answers_through: int | None = setting("Answer through", kind="channel", default=None)
    name: str = setting("Name there", default="front")


class Shop:
    """A network whose connection test fails, or does something first, as a test says."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.meanwhile: Callable[[], None] | None = None
        self.warnings: tuple[str, ...] = ()
        self.handle, self.title = "@shop", ""
        self.checked: list[ShopSettings] = []

    def connector_class(self) -> type[Connector]:
        shop = self

        class ShopConnector(Connector):
            kind = "shop"
            label = "Shop"
            Settings = ShopSettings
            features = Features()

            def check(self) -> Check:
                shop.checked.append(self.settings)
                meanwhile, shop.meanwhile = shop.meanwhile, None
                if meanwhile is not None:
                    meanwhile()
                if shop.fault is not None:
                    raise shop.fault
                account = Author(id=f"shop {self.settings.user}", handle=shop.handle, name="Shop")
                return Check(account=account, title=shop.title, warnings=shop.warnings)

            def pull(self, cursor: str | None) -> Page:
                return Page(cursor="0")

        return ShopConnector


class Office:
    """`office.enter(role)` gives a browser somebody of the desk's team uses; `office.stranger(role)` is of another."""

    def __init__(self, hub: Hub, fake: FakeNetwork) -> None:
        self.desk = Desk(hub, fake)
        self.hub = hub
        self.crew = Crew(hub)
        self.shop = Shop()
        plug_in(hub.plugins, self.shop.connector_class())
        self.team = Team(id=self.desk.team, name="Care DACH")
        self.other_team = self.crew.team("Care Balkans")
        self.app = create_app(hub, self.desk.connectors)
        self._hired = 0

    def enter(self, role: Role = Role.ADMIN) -> Browser:
        return self._browser(role, self.team)

    def stranger(self, role: Role) -> Browser:
        return self._browser(role, self.other_team)

    def _browser(self, role: Role, team: Team) -> Browser:
        self._hired += 1
        return Browser(self.app, self.crew).enter(self.crew.hire(f"Somebody{self._hired}", role, team))

    def connect(self, browser: Browser, **fields: str) -> TestResponse:
        """Send the form of a shop as it was shown, with these fields changed."""
        shown = {"team_id": str(self.team.id), "client_key": self.key(browser)}
        return browser.submit("/channels/connect/shop", **{**GOOD, **shown, **fields})

    def key(self, browser: Browser) -> str:
        found = re.search(r'name="client_key" value="([^"]+)"', browser.get("/channels/connect/shop").text)
        return found[1] if found else ""

    def names(self) -> list[str]:
        """What the connected channels are called."""
        with self.hub.database.reading() as session:
            return [channel.name for channel in all_channels(session)]

    def channel_id(self, name: str) -> int:
        with self.hub.database.reading() as session:
            return next(channel.id for channel in all_channels(session) if channel.name == name)


def errors_at(page: TestResponse) -> dict[str, str]:
    """The errors of a form by field; under the empty name what stands above it."""
    found = re.findall(r'<p class="error" id="(\w+)-error">(.*?)</p>', page.text, re.S)
    found += [("", words) for words in re.findall(r'<div class="notice bad" role="alert">(.*?)</div>', page.text, re.S)]
    return {field: words_of(words) for field, words in found}


def value_of(page: TestResponse, field: str) -> str | None:
    """What stands in an input; None when it comes without a value."""
    found = re.search(rf'<input id="{field}"[^>]* value="([^"]*)"', page.text)
    return unescape(found[1]) if found else None


def words_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
