"""Everything that a stranger, a server, a plugin or a colleague can write, on every page and in answers of the API.

The corpus (tests/corpus) has many vectors for the body of a message; here are a few for every other field there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest

from hub.api import create_api
from hub.channels.connect import add_channel
from hub.connector import (
    Attachment,
    Author,
    Check,
    Choice,
    Emoji,
    Incoming,
    Plan,
    Poll,
    Post,
    Receipt,
    ReplyRules,
    Skipped,
)
from hub.errors import Misconfigured, Rejected
from hub.inbox.follow import follow_outbox
from hub.kernel.database import storable
from hub.kernel.hub import Hub
from hub.people import tokens
from hub.people.model import OPERATOR, Agent, Role, TokenScope
from hub.testing.fake import FakeConnector, FakeNetwork
from tests.corpus.links import ITEMS as LINKS
from tests.desk import plug_in
from tests.kernel.test_images import picture
from tests.web.office import Office
from tests.web.routes import PAGES

BREAKOUT = "Z\" y-canary=1 ' y-canary=2 ></b></title></textarea></script><x-canary>%(no)s %d {no}"
"""Out of every place where a text can stand, and a format that fails where a text is filled in twice."""

HIDING = "Z\u202egnp\u2066.exe\x1b[2J\x00\u200b"
SPELLINGS = [url for _, _, url in LINKS]
HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a\u202b\u202d\u202e\u2066\u2067]")
LEADING = ("href", "src", "action", "formaction", "hx-get", "hx-post", "poster", "data", "srcset", "ping", "background")


@pytest.fixture
def engine_url() -> str:
    """On SQLite: the pages do not know the engine."""
    return ""


class Seen(HTMLParser):
    """A page as a browser reads it: its words, without those in fields, and what would load or lead somewhere."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.leads: list[str] = []
        self._in_field = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "x-canary"
        self._in_field = tag == "textarea"
        for name, value in attrs:
            assert name != "y-canary", (tag, attrs)
            assert name != "style", (tag, attrs)
            assert not name.startswith("on"), (tag, attrs)
            if name != "value":
                self.words.append(value or "")
            if name in LEADING:
                self.leads.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._in_field = False

    def handle_data(self, data: str) -> None:
        if not self._in_field:
            self.words.append(data)


class Hostile:
    """A network whose server, people and plugin write `said` wherever they can, and `address` for every address."""

    def __init__(self, said: str, address: str) -> None:
        self.said = said
        self.address = address

    def author(self, id: str = "stranger") -> Author:
        return Author(
            id=id, handle=self.said, name=self.said, emoji=self.emoji(), url=self.address, avatar=self.address
        )

    def emoji(self) -> tuple[Emoji, ...]:
        return (Emoji(code=self.said, url=self.address),)

    def poll(self) -> Poll:
        return Poll(choices=(Choice(text=self.said, votes=2**60, is_ours=True), Choice(text=self.said, votes=-1)))

    def connector_class(self, fake: FakeNetwork) -> type[FakeConnector]:
        hostile = self

        class HostileConnector(FakeConnector):
            kind = "hostile"
            label = "Hostile"
            network = fake

            def check(self) -> Check:
                account = replace(hostile.author("us"), is_us=True)
                return Check(account=account, title=hostile.said, limits={"characters": 500}, warnings=(hostile.said,))

            def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
                if "refused" in plan.outgoing.text:
                    raise Rejected(hostile.said, detail=hostile.said)
                return replace(fake.accept(plan, part), permalink=hostile.address)

        return HostileConnector

    def tells(self, fake: FakeNetwork) -> None:
        for reply in (ReplyRules(must_mention=(self.author("third"),)), ReplyRules(allowed=False, why_not=self.said)):
            fake.says(self.said)
            item = fake.feed[-1]
            assert isinstance(item, Incoming)
            fake.feed[-1] = replace(
                item,
                author=self.author(f"stranger {reply.allowed}"),
                reply=reply,
                kind_raw=self.said,
                visibility_raw=self.said,
                global_id=self.said,
                parent_id=self.said,
                root_id=f"root {reply.allowed}",
                post=Post(
                    remote_id=f"root {reply.allowed}",
                    title=f"{self.said} title",
                    text=self.said,
                    emoji=self.emoji(),
                    poll=self.poll(),
                    link=self.address,
                ),
                emoji=self.emoji(),
                poll=self.poll(),
                language=self.said[:30],
                content_warning=self.said,
                attachments=(
                    Attachment(kind="image", url=self.address, media_type=self.said, alt=self.said),
                    Attachment(kind=self.said, url=self.address, media_type=self.said, alt=self.said),
                ),
                permalink=self.address,
                raw={"said": self.said},
            )
        fake.feed.append(Skipped(reason=self.said, raw=self.said, field=self.said))


class Scene:
    """An installation in which everything that has a text says the same hostile one."""

    def __init__(self, hub: Hub, fake: FakeNetwork, hostile: Hostile) -> None:
        self.hub, self.hostile = hub, hostile
        self.office = office = Office(hub, fake)
        plug_in(hub.plugins, hostile.connector_class(fake))
        self.channel_id = office.desk.channel_id = add_channel(
            hub, office.desk.connectors, kind="hostile", name="", team_id=office.team.id, values={"token": "x"}
        ).id
        hostile.tells(fake)
        office.desk.pulls()
        self.browser = office.enter(Role.ADMIN)
        self.conversation_id = next(
            line.conversation.id for line in office.desk.lines() if line.post_title and self._takes(line)
        )
        self._work()
        self._fail(fake)

    def _takes(self, line: Any) -> bool:
        return "Write to" in self.browser.get(f"/conversations/{line.conversation.id}").text

    def _work(self) -> None:
        """An agent, a team, a note, replies that went out and that did not, pictures."""
        said, browser = self.hostile.said, self.browser
        browser.submit("/people/invite", email="x@y.example", name=said[:90], role="agent")
        browser.submit("/people/teams/new", name=said[:90])
        browser.submit("/account/name", name=said[:90])
        browser.submit(f"/conversations/{self.conversation_id}/notes", text=said, client_key="n" * 43)
        for text in (said, f"{said} refused"):
            file = (BytesIO(picture("PNG")), said.replace("\x00", ""))
            browser.send(
                f"/conversations/{self.conversation_id}/replies",
                {
                    "csrf_token": browser.form_token(),
                    "text": text,
                    "client_key": self.hub.token(),
                    "content_warning": said[:200],
                    "files": file,
                },
                {"Sec-Fetch-Site": "same-origin"},
            )
            self.office.desk.answers(text, conversation_id=self.conversation_id)
            self.office.desk.waits(11)
        follow_outbox(self.hub)

    def _fail(self, fake: FakeNetwork) -> None:
        fake.fails_to_pull(Misconfigured(self.hostile.said, detail=self.hostile.said, field=self.hostile.said))
        self.hub.clock.tick(600)  # type: ignore[attr-defined]
        with pytest.raises(Misconfigured):
            self.office.desk.pulls()

    def pages(self) -> dict[str, str]:
        """Every page there is, asked for as it stands and with what a stranger puts into its address."""
        found = {}
        for path in self._paths():
            answer = self.browser.get(path)
            assert answer.status_code < 500, (path, answer.status_code, answer.text[-300:])
            if answer.mimetype == "text/html" and answer.status_code != 303:
                found[path] = answer.text
        return found

    def _paths(self) -> list[str]:
        with self.hub.database.reading() as session:
            ids = {
                "agent_id": [row["id"] for row in session.all("SELECT id FROM agents")],
                "team_id": [row["id"] for row in session.all("SELECT id FROM teams")],
                "channel_id": [row["id"] for row in session.all("SELECT id FROM channels")],
                "conversation_id": [row["id"] for row in session.all("SELECT id FROM conversations")],
                "message_id": [row["id"] for row in session.all("SELECT id FROM messages")],
                "upload_id": [row["id"] for row in session.all("SELECT id FROM uploads")],
            }
        plain = {"kind": ["hostile", "shop", "nothing"], "position": [1, 2], "token": ["x"], "place": ["x"]}
        paths = []
        for route in PAGES:
            method, _, path = route.partition(" ")
            if method == "GET" and not path.startswith(("/static", "/metrics", "/health")) and "/file" not in path:
                paths += _filled(path, ids | plain)
        said = self.hostile.said
        asked = [f"{path}?{name}={_quoted(said)}" for path in ("/inbox", "/channels", "/outbox") for name in _QUERY]
        return [*paths, *asked, f"/{_quoted(said)}", f"/channels/connect/{_quoted(said)}"]

    def answers_of_the_api(self) -> list[Any]:
        return _of_the_api(self.hub, self.office.desk.connectors, self.office.crew.admin("Reader"))


def _of_the_api(hub: Hub, connectors: Any, reader: Agent) -> list[Any]:
    """What a program is told, by every operation that reads."""
    _, text = tokens.create(hub, OPERATOR, reader.id, name="Reader", scopes=tuple(TokenScope))
    client = create_api(hub, connectors).test_client()
    paths = ["/channels", "/conversations", "/outbox", "/events"]
    with hub.database.reading() as session:
        for row in session.all("SELECT id FROM conversations"):
            paths += [f"/conversations/{row['id']}", f"/conversations/{row['id']}/messages"]
    told = [
        client.get(f"/v1{path}", base_url=hub.config.base_url, headers={"Authorization": f"Bearer {text}"})
        for path in paths
    ]
    assert {(answer.status_code, answer.mimetype) for answer in told} == {(200, "application/json")}
    return [answer.json for answer in told]


_QUERY = ("q", "show", "done", "channel", "before", "after", "state", "next", "edit", "quote", "current")


def _filled(path: str, values: dict[str, list[Any]]) -> list[str]:
    found = re.search(r"<(?:int:)?(\w+)>", path)
    if found is None:
        return [path]
    return [
        each for value in values.get(found[1], ["x"]) for each in _filled(path.replace(found[0], str(value)), values)
    ]


def _quoted(text: str) -> str:
    return quote(text, safe="")


@pytest.fixture
def scene(hub: Hub, fake: FakeNetwork, request: pytest.FixtureRequest) -> Scene:
    said, address = request.param
    return Scene(hub, fake, Hostile(said, address))


@pytest.mark.parametrize("scene", [(BREAKOUT, "javascript:window.__xss=1")], indirect=True)
def test_no_field_breaks_out_of_its_place_on_any_page(scene: Scene) -> None:
    shown = {path: Seen(page) for path, page in scene.pages().items()}
    for path, page in shown.items():
        for address in page.leads:
            assert re.match(r"$|[/?#](?![/\\])|https?://", address), (path, address)
    reached = [path for path, page in shown.items() if any("<x-canary>" in words for words in page.words)]
    assert len(reached) > 25, reached


@pytest.mark.parametrize("scene", [(HIDING, "https://ok.example/")], indirect=True)
def test_no_field_hides_a_character_on_any_page_or_in_a_name_the_api_tells(scene: Scene) -> None:
    for path, page in scene.pages().items():
        for words in Seen(page).words:
            assert not HIDDEN.search(words), (path, words[:200])
    for name in _names(scene.answers_of_the_api()):
        assert not HIDDEN.search(name), name


def _names(told: Any) -> Iterator[str]:
    """What programs show beside a message: names, handles, titles, reasons; not the words of a message."""
    for each in told if isinstance(told, list) else []:
        yield from _names(each)
    for key, value in told.items() if isinstance(told, dict) else []:
        if key in ("name", "handle", "title", "post_title", "snippet", "language", "detail"):
            yield str(value)
        yield from _names(value)


@pytest.fixture
def linked(hub: Hub, fake: FakeNetwork) -> Office:
    """One conversation in which every message gives one of the spellings for each of its addresses."""
    office = Office(hub, fake)
    for number, address in enumerate(SPELLINGS):
        author = Author(id="one", handle="@one", name="One", url=address, avatar=address)
        fake.says(f"message {number}", by=author, root="root", post=Post(remote_id="root", title="x", link=address))
        item = fake.feed[-1]
        assert isinstance(item, Incoming)
        picture = Attachment(kind="image", url=address, alt="x")
        fake.feed[-1] = replace(item, permalink=address, attachments=(picture,))
    fake.page_size(len(SPELLINGS))
    office.desk.pulls()
    return office


_STORED = "SELECT permalink AS address FROM messages UNION SELECT link FROM posts UNION SELECT url FROM identities"


def test_no_spelling_of_an_address_that_is_none_is_kept(linked: Office) -> None:
    with linked.hub.database.reading() as session:
        assert [row["address"] for row in session.all(_STORED)] == [None]


def test_no_spelling_of_an_address_that_is_none_is_followed_from_a_page_or_told_to_a_program(linked: Office) -> None:
    """As if they had been kept: by an older version, or by what brought the database here."""
    with linked.hub.database.transaction() as session:
        for number, address in enumerate(SPELLINGS):
            kept = storable(address)
            session.run("UPDATE messages SET permalink = :a WHERE text = :text", a=kept, text=f"message {number}")
            session.run("UPDATE posts SET link = :a", a=kept)
    (line,) = linked.desk.lines()
    browser, before, pages = linked.enter(Role.ADMIN), "", []
    while True:
        pages.append(browser.get(f"/conversations/{line.conversation.id}{before}").text)
        found = re.search(r'href="/conversations/\d+(\?before=[^"]+)"', pages[-1])
        if found is None:
            break
        before = found[1]
    shown = [Seen(page) for page in pages]
    assert sum(page.count("Show picture") for page in pages) == len(SPELLINGS)
    assert {each for page in shown for each in page.leads if not re.match(r"$|[/?#](?![/\\])", each)} == set()
    told = list(_addresses(_of_the_api(linked.hub, linked.desk.connectors, linked.crew.admin("Reader"))))
    assert len(told) > 2 * 40
    assert set(told) == {None}


def _addresses(told: Any) -> Iterator[str | None]:
    for each in told if isinstance(told, list) else []:
        yield from _addresses(each)
    for key, value in told.items() if isinstance(told, dict) else []:
        if key in ("url", "link", "permalink"):
            yield value
        yield from _addresses(value)


@pytest.mark.parametrize(("people_at", "is_told"), [("", True), ("net.example", False), ("other.example", True)])
def test_a_name_hides_where_it_leads_only_on_the_one_host_of_its_network(
    hub: Hub, fake: FakeNetwork, people_at: str, is_told: bool
) -> None:
    office = Office(hub, fake)
    hub.plugins.connectors["fake"].people_at = people_at
    fake.says(f"@bank.example {people_at}", html='<a href="https://net.example/@bank">@bank.example</a> ' + people_at)
    office.desk.pulls()
    page = office.enter(Role.AGENT).get(f"/conversations/{office.desk.lines()[0].conversation.id}").text
    assert ("(net.example)" in page) is is_told
