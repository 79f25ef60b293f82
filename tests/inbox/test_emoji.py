"""Pictures of custom emoji: fetched once by the worker, kept made anew, and shown only then."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from hub.channels.emoji import told_emoji
from hub.connector import Author, Emoji, Post
from hub.errors import Absent, AddressRefused, HubError, Unavailable
from hub.inbox import emoji
from hub.inbox.emoji import name_of
from hub.inbox.store import emoji as store
from hub.kernel import log
from hub.kernel.http import Door, Response
from hub.kernel.hub import Hub
from hub.testing.clock import FrozenClock
from hub.testing.fake import LENA, FakeNetwork
from hub.testing.server import FakeServer
from tests.desk import Desk

BLOBCAT = Emoji(code="blobcat", url="https://media.example/blobcat.png")
VERIFIED = Emoji(code="verified", url="https://media.example/verified.png")
LENA_VERIFIED = Author(id="lena", handle="@lena", name="Lena :verified:", emoji=(VERIFIED,))


def drawn(form: str = "PNG", *, width: int = 64, frames: int = 1) -> bytes:
    out = BytesIO()
    pictures = [Image.new("RGBA", (width, 64), (40 * number, 90, 90, 128)) for number in range(frames)]
    pictures[0].save(out, form, **({"save_all": True, "append_images": pictures[1:]} if frames > 1 else {}))
    return out.getvalue()


class Outside:
    """What is to be had out there, by address; `asked` is every request. Everything else is 404."""

    def __init__(self) -> None:
        self.there: dict[str, bytes | HubError] = {}
        self.asked: list[str] = []

    def request(self, method: str, url: str, **more: Any) -> Response:
        assert more["excepted"] is False
        self.asked.append(url)
        found = self.there.get(url)
        if isinstance(found, HubError):
            raise found
        return Response(status=404 if found is None else 200, body=found or b"")


@pytest.fixture
def outside(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Outside:
    made = Outside()
    monkeypatch.setattr(hub.door, "request", made.request)
    return made


def fetch_due(hub: Hub) -> list[str]:
    """What the worker does at a tick; returns what was had."""
    return [wanted.url for wanted in emoji.claim_due(hub, limit=100) if emoji.fetch(hub, wanted)]


def kept(hub: Hub, *wanted: Emoji) -> set[str]:
    with hub.database.reading() as session:
        names = emoji.kept(session, wanted)
    return {each.code for each in wanted if name_of(each) in names}


def test_what_a_message_and_its_author_name_is_fetched_once_and_kept(
    desk: Desk, fake: FakeNetwork, outside: Outside
) -> None:
    outside.there = {BLOBCAT.url: drawn(), VERIFIED.url: drawn("GIF", frames=3)}
    fake.says("hello :blobcat:", by=LENA_VERIFIED, emoji=(BLOBCAT,)).says("again :blobcat:", emoji=(BLOBCAT,))
    desk.pulls()
    assert kept(desk.hub, BLOBCAT, VERIFIED) == set()
    assert sorted(fetch_due(desk.hub)) == sorted([BLOBCAT.url, VERIFIED.url])
    assert kept(desk.hub, BLOBCAT, VERIFIED) == {"blobcat", "verified"}
    fake.says("more :blobcat:", emoji=(BLOBCAT,))
    desk.pulls()
    assert fetch_due(desk.hub) == []
    assert len(outside.asked) == 2
    with Image.open(BytesIO(emoji.body_of(desk.hub, name_of(VERIFIED)))) as still:
        assert (still.format, getattr(still, "n_frames", 1)) == ("WEBP", 1)


def test_what_is_kept_of_a_message_says_which_codes_are_emoji(desk: Desk, fake: FakeNetwork) -> None:
    post = Post(remote_id="p", title="Filters :blobcat:", text="soft", emoji=(BLOBCAT, VERIFIED))
    told = (BLOBCAT, BLOBCAT, Emoji(code="blobcat", url="https://other.example/x.png"), VERIFIED)
    fake.says(
        "see", html="<p>see</p>", content_warning="mind :blobcat:", by=LENA_VERIFIED, emoji=told, parent="p", post=post
    )
    desk.pulls()
    message, line = desk.conversation()[-1], desk.lines()[0]
    assert (message.emoji, message.author_emoji) == ((BLOBCAT,), (VERIFIED,))
    assert (line.name_emoji, line.conversation.emoji, line.conversation.snippet) == (
        (VERIFIED,),
        (BLOBCAT,),
        "mind :blobcat:",
    )


@pytest.mark.parametrize(
    "told",
    [
        Emoji(code='a"onerror=1', url="https://media.example/a.png"),
        Emoji(code="a b", url="https://media.example/a.png"),
        Emoji(code="", url="https://media.example/a.png"),
        Emoji(code="a" * 200, url="https://media.example/a.png"),
        Emoji(code="blobcat", url="javascript:alert(1)"),
        Emoji(code="blobcat", url="data:image/png;base64,AAAA"),
        Emoji(code="blobcat", url="mailto:a@b.example"),
        Emoji(code="blobcat", url="https://media.example\\@evil.example/a.png"),
        Emoji(code="blobcat", url="https://a.example/" + "x" * 9000),
        Emoji(code="blobcat", url="//media.example/a.png"),
        Emoji(code="blobcat", url="\ud800"),
    ],
)
def test_hostile_codes_and_addresses_stay_words(told: Emoji) -> None:
    assert told_emoji((told, VERIFIED), f"see :{told.code}: :verified: :blobcat") == (VERIFIED,)


def test_what_stays_words_is_not_asked_for(desk: Desk, fake: FakeNetwork, outside: Outside) -> None:
    fake.says("see :blobcat:", by=LENA, emoji=(Emoji(code="blobcat", url="file:///etc/passwd"), VERIFIED))
    desk.pulls()
    assert desk.conversation()[-1].emoji == ()
    assert fetch_due(desk.hub) == []
    assert outside.asked == []


def test_of_a_thousand_emoji_a_hundred_are_kept(desk: Desk, fake: FakeNetwork) -> None:
    many = tuple(Emoji(code=f"e{number}", url=f"https://media.example/{number}.png") for number in range(1000))
    fake.says(" ".join(f":{each.code}:" for each in many), emoji=many)
    desk.pulls()
    assert desk.conversation()[-1].emoji == many[:100]


@pytest.mark.parametrize(
    "body", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"", b"not a picture", drawn()[:60]], ids=len
)
def test_what_is_no_picture_is_not_asked_for_again_for_a_week(
    desk: Desk, fake: FakeNetwork, outside: Outside, frozen_clock: FrozenClock, body: bytes
) -> None:
    outside.there[BLOBCAT.url] = body
    says = lambda: fake.says("hello :blobcat:", emoji=(BLOBCAT,))  # noqa: E731
    says()
    desk.pulls()
    assert fetch_due(desk.hub) == []
    for days, asked in ((6, 1), (2, 2)):
        frozen_clock.tick(timedelta(days=days).total_seconds())
        says()
        desk.pulls()
        fetch_due(desk.hub)
        assert len(outside.asked) == asked


def test_a_server_that_is_away_is_asked_again_later_and_later_and_then_left(
    desk: Desk, fake: FakeNetwork, outside: Outside, frozen_clock: FrozenClock
) -> None:
    outside.there[BLOBCAT.url] = Unavailable("unreachable")
    fake.says("hello :blobcat:", emoji=(BLOBCAT,))
    desk.pulls()
    for _ in range(9 * 6):
        fetch_due(desk.hub)
        frozen_clock.tick(600)
    assert len(outside.asked) == 5
    assert kept(desk.hub, BLOBCAT) == set()


def test_it_is_there_when_the_server_is_back(
    desk: Desk, fake: FakeNetwork, outside: Outside, frozen_clock: FrozenClock
) -> None:
    fake.says("hello :blobcat:", emoji=(BLOBCAT,))
    desk.pulls()
    assert fetch_due(desk.hub) == []
    outside.there[BLOBCAT.url] = drawn()
    assert fetch_due(desk.hub) == []
    frozen_clock.tick(61)
    assert fetch_due(desk.hub) == [BLOBCAT.url]


def test_what_a_clock_in_the_future_put_off_is_due_when_it_is_set_right(
    desk: Desk, fake: FakeNetwork, outside: Outside, frozen_clock: FrozenClock
) -> None:
    frozen_clock.tick(timedelta(days=400).total_seconds())
    fake.says("hello :blobcat:", emoji=(BLOBCAT,))
    desk.pulls()
    fetch_due(desk.hub)
    outside.there[BLOBCAT.url] = drawn()
    frozen_clock.tick(-timedelta(days=400).total_seconds())
    assert fetch_due(desk.hub) == []
    emoji.sweep(desk.hub)
    assert fetch_due(desk.hub) == [BLOBCAT.url]


def test_what_two_workers_want_one_of_them_fetches(desk: Desk, fake: FakeNetwork, frozen_clock: FrozenClock) -> None:
    fake.says("hello :blobcat:", emoji=(BLOBCAT,))
    desk.pulls()
    now, until = desk.hub.clock(), desk.hub.clock() + timedelta(minutes=1)
    # Both have seen that it is due.
    with desk.hub.database.transaction() as session:
        first = store.claim(session, [name_of(BLOBCAT)], now=now, until=until)
    with desk.hub.database.transaction() as session:
        second = store.claim(session, [name_of(BLOBCAT)], now=now, until=until)
    assert ([wanted.url for wanted in first], second) == ([BLOBCAT.url], [])
    assert emoji.claim_due(desk.hub, limit=5) == []
    frozen_clock.tick(61)  # whoever had it died
    assert len(emoji.claim_due(desk.hub, limit=5)) == 1


def test_a_host_that_has_its_share_is_left_out(desk: Desk, fake: FakeNetwork) -> None:
    elsewhere = Emoji(code="v", url="https://elsewhere.example/v.png")
    fake.says("hello :blobcat: :v:", emoji=(BLOBCAT, elsewhere))
    desk.pulls()
    assert [each.host for each in emoji.claim_due(desk.hub, limit=5, without={"media.example"})] == [
        "elsewhere.example"
    ]


def test_no_emoji_sends_us_to_what_the_operator_allows_connectors(desk: Desk, fake: FakeNetwork) -> None:
    with FakeServer() as inside:
        inside.on("GET", "/secret.png").answers(200, "inside")
        desk.hub.door = Door(allow=[inside.address])
        fake.says("hello :x:", emoji=(Emoji(code="x", url=f"{inside.url}/secret.png"),))
        desk.pulls()
        with pytest.raises(AddressRefused):
            desk.hub.door.request("GET", f"{inside.url}/secret.png", excepted=False)
        assert fetch_due(desk.hub) == []
        assert inside.arrivals == []


def test_whoever_looks_at_the_conversation_is_told_when_its_picture_came(
    desk: Desk, fake: FakeNetwork, outside: Outside
) -> None:
    outside.there[BLOBCAT.url] = drawn()
    fake.says("hello :blobcat:", emoji=(BLOBCAT,))
    desk.pulls()
    version = desk.lines()[0].conversation.version
    fetch_due(desk.hub)
    with desk.hub.database.reading() as session:
        found = [logged.event for logged in log.read(session, after=log.START, limit=100)]
    assert [type(event).__name__ for event in found][-1] == "ConversationChanged"
    assert found[-1].conversation_id == desk.lines()[0].conversation.id
    assert desk.lines()[0].conversation.version == version


def test_a_picture_whose_file_is_gone_is_fetched_anew(desk: Desk, fake: FakeNetwork, outside: Outside) -> None:
    outside.there[BLOBCAT.url] = drawn()
    fake.says("hello :blobcat:", emoji=(BLOBCAT,))
    desk.pulls()
    fetch_due(desk.hub)
    for file in (desk.hub.config.media / "emoji").iterdir():
        file.unlink()
    with pytest.raises(Absent):
        emoji.body_of(desk.hub, name_of(BLOBCAT))
    assert fetch_due(desk.hub) == [BLOBCAT.url]
    assert emoji.body_of(desk.hub, name_of(BLOBCAT))


def test_no_other_file_is_an_emoji(hub: Hub) -> None:
    for name in ("", "..", "../uploads/x", "0" * 31, "0" * 32, "G" * 32):
        with pytest.raises(Absent):
            emoji.body_of(hub, name)


def test_those_that_nobody_named_for_longest_are_thrown_away(
    desk: Desk, fake: FakeNetwork, outside: Outside, frozen_clock: FrozenClock
) -> None:
    many = [Emoji(code=f"e{number}", url=f"https://media.example/{number}.png") for number in range(4)]
    for each in many:
        outside.there[each.url] = drawn()
        fake.says(f"hello :{each.code}:", emoji=(each,))
        desk.pulls()
        frozen_clock.tick(timedelta(days=2).total_seconds())
    fetch_due(desk.hub)
    fake.says("again :e0:", emoji=(many[0],))
    desk.pulls()
    assert emoji.sweep(desk.hub, keep=2) == 2
    assert kept(desk.hub, *many) == {"e0", "e3"}
    assert len(list((desk.hub.config.media / "emoji").iterdir())) == 2
    assert emoji.sweep(desk.hub, keep=2) == 0


def test_a_full_disk_costs_the_picture_and_nothing_else(
    desk: Desk, fake: FakeNetwork, outside: Outside, frozen_clock: FrozenClock
) -> None:
    outside.there[BLOBCAT.url] = drawn()
    folder = desk.hub.config.media / "emoji"
    folder.write_text("no folder, so that nothing can be written")
    fake.says("hello :blobcat:", emoji=(BLOBCAT,))
    desk.pulls()
    assert fetch_due(desk.hub) == []
    folder.unlink()
    frozen_clock.tick(61)
    assert fetch_due(desk.hub) == [BLOBCAT.url]


def test_a_reply_of_ours_shows_the_emoji_of_its_server(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello")
    desk.pulls()
    desk.answers("thank you :blobcat:")
    desk.waits(11)
    fake.feed[-1] = _with(fake.feed[-1], BLOBCAT)
    desk.pulls()
    assert (desk.conversation()[-1].text, desk.conversation()[-1].emoji) == ("thank you :blobcat:", (BLOBCAT,))


def _with(item: Any, *told: Emoji) -> Any:
    return dataclasses.replace(item, emoji=told)
