"""The card that an answer on Bluesky carries for the page it links to, which is a fake server's on a fake internet."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hub_plugins.bluesky.cards import Card, read_card
from hub_plugins.bluesky.composing import PICTURE_BYTES
from PIL import Image

from hub.errors import Ambiguous
from hub.testing.clock import FrozenClock
from hub.testing.server import Answer, FakeServer, Fault
from tests.kernel.http.internet import OTHER_PUBLIC, PUBLIC, Internet
from tests.plugins.bluesky_channel import Channel, directly
from tests.plugins.bluesky_server import LENA, PASSWORD, FakeBluesky

PAGE = "http://shop.example/filters"
HEAD = """<!doctype html><head><title>Filters</title>
<meta property="og:title" content="Filters &amp; salt > all"><meta name=description content='For hard water'>
<meta property="og:image" content="/filters.png"></head>"""


@pytest.fixture
def server(frozen_clock: FrozenClock) -> Iterator[FakeBluesky]:
    with FakeBluesky(frozen_clock) as running:
        yield running


class Shop(FakeServer):
    """The pages that answers link to, as they are at the moment."""

    def __init__(self) -> None:
        super().__init__()
        self.pages = {"/filters": page(HEAD), "/filters.png": Answer(body=drawn(40))}
        self.on("GET", "/*").runs(lambda arrival: self.pages.get(arrival.path, Answer(status=404)))


def page(said: str | bytes, content_type: str = "text/html", status: int = 200, **headers: str) -> Answer:
    body = said.encode() if isinstance(said, str) else said
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers={"Content-Type": content_type, **named}, body=body)


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as running:
        yield running


@pytest.fixture
def internet(server: FakeBluesky, shop: Shop) -> Internet:
    return Internet().host("127.0.0.1", server.server).serve("shop.example", shop)


@pytest.fixture
def connect(server: FakeBluesky, internet: Internet, frozen_clock: FrozenClock, tmp_path: Path) -> Iterator[Any]:
    made: list[Channel] = []

    def connected(link_cards: str = "yes") -> Channel:
        door = internet.door(allow=[server.server.address])
        made.append(
            Channel(
                server.url, "brightwater.test", PASSWORD, tmp_path, clock=frozen_clock, door=door, link_cards=link_cards
            )
        )
        made[-1].pull()
        return made[-1]

    yield connected
    for channel in made:
        channel.close()


@pytest.fixture
def channel(connect: Any) -> Channel:
    made: Channel = connect()
    return made


@pytest.fixture
def question(server: FakeBluesky, channel: Channel) -> str:
    asked = server.says("Which filter?")
    channel.pull()
    return asked


def drawn(edge: int, form: str = "PNG") -> bytes:
    out = BytesIO()
    Image.effect_noise((edge, edge), 90).convert("RGB").save(out, form)
    return out.getvalue()


def card_of(server: FakeBluesky) -> Any:
    return server.arrivals()[-1].record.get("embed", {}).get("external")


def test_the_first_link_of_an_answer_gets_a_card_with_its_picture(
    server: FakeBluesky, channel: Channel, question: str
) -> None:
    channel.answer(question, f"This one: {PAGE} or http://shop.example/other")
    card = card_of(server)
    assert (card["uri"], card["title"], card["description"]) == (PAGE, "Filters & salt > all", "For hard water")
    assert [(kind, len(body) <= PICTURE_BYTES) for body, kind in server.blobs] == [("image/webp", True)]
    assert card["thumb"]["ref"] == {"$link": "bafyblob1"}


def test_a_page_is_asked_once_and_what_it_said_then_goes_out_whatever_it_says_later(
    server: FakeBluesky, channel: Channel, shop: Shop, question: str
) -> None:
    plan = channel.plan(question, f"This one: {PAGE}")
    shop.pages["/filters"] = page("<title>Gone</title>")
    server.fails(next_sends=["drop"])
    with pytest.raises(Ambiguous):
        channel.connector.send(plan, 0, None)
    assert channel.connector.reconcile(plan, 0, channel._context.clock()) is not None
    assert card_of(server)["title"] == "Filters & salt > all"
    assert len(shop.received("GET", "/filters")) == 1
    assert len(server.arrivals()) == 1


def test_of_a_thread_the_post_with_the_link_shows_the_card(
    server: FakeBluesky, channel: Channel, question: str
) -> None:
    sent = channel.answer(question, "Rinse it well, then wait for an hour. " * 9 + PAGE)
    assert len(sent) == 2
    assert ["external" in posted.record.get("embed", {}) for posted in server.arrivals()] == [False, True]
    assert server.arrivals()[1].record["reply"]["parent"]["uri"] == sent[0].remote_id


def test_pictures_quotes_and_direct_messages_take_no_card_and_no_page_is_asked(
    server: FakeBluesky, channel: Channel, shop: Shop, question: str
) -> None:
    private = server.writes_directly(LENA, "In private: which one?")
    channel.pull()
    channel.answer(question, f"Look: {PAGE}", "key-1", attachments=(channel.picture(drawn(8), "A filter"),))
    channel.answer(question, f"They ask: {PAGE}", "key-2", quote=True)
    channel.answer(private, f"This one: {PAGE}", "key-3", **directly())
    assert len(server.arrivals()) == 3
    assert shop.arrivals == []


def test_a_channel_without_cards_asks_no_page(server: FakeBluesky, connect: Any, shop: Shop) -> None:
    channel = connect(link_cards="no")
    question = server.says("Which filter?")
    channel.pull()
    channel.answer(question, f"This one: {PAGE}")
    assert card_of(server) is None
    assert shop.arrivals == []


@pytest.mark.parametrize(
    "answer",
    [
        page(HEAD, status=404),
        page(HEAD, "application/pdf"),
        page("<h1>nothing said</h1>"),
        page(HEAD, Content_Encoding="gzip"),
        Answer(status=302, headers={"Location": "http://inside.example/secret"}),
        Answer(fault=Fault.DROP),
    ],
)
def test_a_page_that_cannot_be_read_costs_the_card_and_nothing_else(
    server: FakeBluesky, channel: Channel, shop: Shop, internet: Internet, question: str, answer: Answer
) -> None:
    internet.name("inside.example", "192.168.0.7")
    shop.pages["/filters"] = answer
    channel.answer(question, f"This one: {PAGE}")
    assert card_of(server) is None
    assert [posted.text for posted in server.arrivals()] == [f"This one: {PAGE}"]
    assert "192.168.0.7" not in internet.dialled


@pytest.mark.parametrize("address", ["http://127.0.0.1/x", "http://router.local/x", "http://nowhere.example/x", ""])
def test_no_link_leads_inside_not_even_where_the_operator_lets_connectors_in(
    server: FakeBluesky, channel: Channel, internet: Internet, question: str, address: str
) -> None:
    looked = len(internet.dialled)
    server.server.on("GET", "/filters").answers(200, HEAD, headers={"Content-Type": "text/html"})
    plan = channel.plan(question, f"This one: {address or server.url + '/filters'}")
    assert "embed" not in plan.parts[0].body["record"]
    assert server.server.received("GET", "/filters") == []
    assert len(internet.dialled) == looked


@pytest.mark.parametrize("inside", ["http://127.0.0.1/x.png", ""])
def test_no_page_names_a_picture_inside(
    server: FakeBluesky, channel: Channel, shop: Shop, question: str, inside: str
) -> None:
    server.server.on("GET", "/x.png").answers(200, drawn(8))
    named = inside or f"{server.url}/x.png"
    shop.pages["/filters"] = page(f'<title>Filters</title><meta property="og:image" content="{named}">')
    channel.answer(question, f"This one: {PAGE}")
    assert card_of(server) == {"uri": PAGE, "title": "Filters", "description": ""}
    assert server.server.received("GET", "/x.png") == []


@pytest.mark.parametrize(
    "picture",
    [
        Answer(status=404),
        page("<svg onload=alert(1)>", "image/png"),
        Answer(fault=Fault.DROP),
    ],
)
def test_a_picture_that_cannot_be_had_costs_only_itself(
    server: FakeBluesky, channel: Channel, shop: Shop, question: str, picture: Answer
) -> None:
    shop.pages["/filters.png"] = picture
    channel.answer(question, f"This one: {PAGE}")
    assert card_of(server) == {"uri": PAGE, "title": "Filters & salt > all", "description": "For hard water"}
    assert server.blobs == []


def test_a_picture_that_the_server_refuses_costs_only_itself(
    server: FakeBluesky, channel: Channel, question: str
) -> None:
    server.refuses("com.atproto.repo.uploadBlob", 400, "InvalidMimeType")
    channel.answer(question, f"This one: {PAGE}")
    assert "thumb" not in card_of(server)


def test_a_large_picture_is_made_small_enough(server: FakeBluesky, channel: Channel, shop: Shop, question: str) -> None:
    shop.pages["/filters.png"] = Answer(body=drawn(1_200))
    channel.answer(question, f"This one: {PAGE}")
    ((body, _),) = server.blobs
    assert len(body) <= PICTURE_BYTES


def test_a_page_that_moved_is_read_where_it_is_and_linked_as_it_was_written(
    server: FakeBluesky, channel: Channel, shop: Shop, internet: Internet, question: str
) -> None:
    internet.serve("short.example", shop, OTHER_PUBLIC)
    shop.pages["/f"] = Answer(status=301, headers={"Location": PAGE})
    channel.answer(question, "This one: http://short.example/f")
    assert card_of(server)["uri"] == "http://short.example/f"
    assert "thumb" in card_of(server), "its picture is named from where the page is"
    assert {OTHER_PUBLIC, PUBLIC} <= set(internet.dialled)


# --- reading a page ---------------------------------------------------------------------------------------------------


def card(said: str) -> Card | None:
    return read_card(said, part=0, uri=PAGE, page_at=PAGE)


@pytest.mark.parametrize(
    ("said", "title", "description"),
    [
        ("<title>\n Plain &#x26; simple </title>", "Plain & simple", ""),
        ("<TITLE>x</TITLE><META CONTENT='T' NAME=twitter:title>", "T", ""),
        ('<meta property="og:title" content=""><title>Fallback</title>', "Fallback", ""),
        ('<meta content="a\u202eb" property="og:title" data-x>', "ab", ""),
        ('<meta property="og:title" content="A"><meta property="og:title" content="B">', "A", ""),
        ('<title>t</title><meta name="Description" content="two\nlines">', "t", "two lines"),
    ],
)
def test_what_a_page_says_of_itself_is_read_in_every_form(said: str, title: str, description: str) -> None:
    found = card(said)
    assert found is not None
    assert (found.title, found.description) == (title, description)


def test_what_a_page_says_is_cut_and_its_picture_is_an_address() -> None:
    said = '<title>{}</title><meta name=description content="{}"><meta property=og:image content="{}">'
    found = card(said.format("t" * 900, "d" * 2_000, "javascript:alert(1)"))
    assert found is not None
    assert (len(found.title), len(found.description), found.picture) == (300, 600, "")
    assert card(said.format("", "", "")) is None


def test_a_charset_is_believed_only_where_it_is_one_of_texts(
    server: FakeBluesky, channel: Channel, shop: Shop, question: str
) -> None:
    shop.pages["/latin"] = page("<meta charset=iso-8859-1><title>Würzburg</title>".encode("latin-1"))
    shop.pages["/odd"] = page("<title>Würzburg</title>", "text/html; charset=unicode_escape")
    for number, path in enumerate(("latin", "odd")):
        channel.answer(question, f"See http://shop.example/{path}", f"key-{number}")
        assert card_of(server)["title"] == "Würzburg"
