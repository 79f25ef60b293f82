"""Emoji and polls on the pages: pictures from our own address only, and plain codes wherever there is no picture."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from hub.api import telling
from hub.connector import Author, Choice, Emoji, Poll, Post
from hub.inbox import emoji
from hub.inbox.emoji import name_of
from hub.kernel.http import Response
from hub.kernel.hub import Hub
from hub.people.model import Role
from hub.testing.fake import FakeNetwork
from tests.web.office import Office, words_of

BLOBCAT = Emoji(code="blobcat", url="https://media.example/blobcat.png")
VERIFIED = Emoji(code="verified", url="https://media.example/verified.png")
LENA = Author(id="lena", handle="@lena", name="Lena :verified:", emoji=(VERIFIED,))


@pytest.fixture
def engine_url() -> str:
    """SQLite alone: the pages do not know the engine, and what they call is tested on both."""
    return ""


@pytest.fixture
def office(hub: Hub, fake: FakeNetwork, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Where every picture out there is to be had."""
    drawn = BytesIO()
    Image.new("RGBA", (32, 32), "teal").save(drawn, "PNG")

    def tells(*_: Any, **__: Any) -> Response:
        return Response(status=200, body=drawn.getvalue())

    monkeypatch.setattr(hub.door, "request", tells)
    return Office(hub, fake)


def fetch_all(office: Office) -> None:
    for wanted in emoji.claim_due(office.hub, limit=100):
        assert emoji.fetch(office.hub, wanted)


def pictures_in(page: str) -> list[tuple[str, str]]:
    """Address and alternative text of every picture."""
    return re.findall(r'<img class="emoji" src="([^"]*)" alt="([^"]*)"', page)


def at(told: Emoji) -> str:
    return f"/emoji/{name_of(told)}"


def arrives(office: Office, fake: FakeNetwork, **more: Any) -> str:
    """A message comes; returns the address of its conversation."""
    fake.says("hello :blobcat:", by=LENA, emoji=(BLOBCAT,), **more)
    office.desk.pulls()
    return f"/conversations/{office.desk.lines()[0].conversation.id}"


def test_codes_stay_words_until_their_pictures_are_here(office: Office, fake: FakeNetwork) -> None:
    browser, address = office.enter(Role.AGENT), arrives(office, fake)
    before = browser.get(address).text
    assert pictures_in(before) == []
    assert "hello :blobcat:" in before
    assert "<bdi>Lena :verified:</bdi>" in before
    fetch_all(office)
    after = browser.get(address).text
    assert set(pictures_in(after)) == {(at(BLOBCAT), ":blobcat:"), (at(VERIFIED), ":verified:")}
    # In the list the name and the words, in the header the name, at the message the name and the words.
    assert len(pictures_in(after)) == 5
    assert "https://media.example" not in after


def test_where_only_words_fit_the_name_has_no_codes(office: Office, fake: FakeNetwork) -> None:
    page = office.enter(Role.AGENT).get(arrives(office, fake)).text
    assert "<title>Lena " in page
    assert 'placeholder="Write to Lena…"' in page
    assert re.findall(r'<span class="avatar [^"]*" aria-hidden="true">([^<]*)', page)[-1] == "L"


def test_warnings_choices_and_the_post_above_have_their_pictures(office: Office, fake: FakeNetwork) -> None:
    post = Post(remote_id="p", text="Filters :blobcat:", emoji=(BLOBCAT,))
    poll = Poll(choices=(Choice(text="yes :blobcat:", votes=1),))
    address = arrives(office, fake, content_warning="mind :blobcat:", post=post, parent="p", poll=poll)
    fetch_all(office)
    page = office.enter(Role.AGENT).get(address).text
    shown = [words.replace("\n", " ") for words in re.findall(r"([\w:]+ )<img class=\"emoji\"", page)]
    assert {"Filters ", "mind ", "yes ", "hello ", "Lena "} <= set(shown)


def test_an_emoji_is_for_who_reads_and_nothing_in_it_runs(office: Office, fake: FakeNetwork) -> None:
    arrives(office, fake)
    fetch_all(office)
    for role in (Role.WRITER, Role.AGENT):
        answer = office.enter(role).get(at(BLOBCAT))
        assert (answer.status_code, answer.content_type) == (200, "image/webp")
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"].startswith("private, ")
    nobody = office.app.test_client().get(at(BLOBCAT))
    assert nobody.status_code in (302, 303, 400)


def test_no_other_name_is_a_picture(office: Office) -> None:
    browser = office.enter(Role.ADMIN)
    for name in ("0" * 32, "x", "hub.db", "%2e%2e%2fkey", "0" * 4000):
        assert browser.get(f"/emoji/{name}").status_code == 404


def test_a_hostile_name_with_a_picture_stays_a_name(office: Office, fake: FakeNetwork) -> None:
    evil = Author(id="evil", handle="@evil", name='"><img src=x onerror=alert(1)> :verified:', emoji=(VERIFIED,))
    fake.says("<script>:blobcat:</script>", by=evil, emoji=(BLOBCAT,))
    office.desk.pulls()
    fetch_all(office)
    page = office.enter(Role.AGENT).get(f"/conversations/{office.desk.lines()[0].conversation.id}").text
    assert "<img src=x" not in page
    assert "<script>:" not in page
    assert len(pictures_in(page)) == 5


def test_programs_get_plain_codes_and_what_they_stand_for(office: Office, fake: FakeNetwork) -> None:
    arrives(office, fake)
    message = office.desk.conversation()[0]
    assert (message.text, message.author_name) == ("hello :blobcat:", "Lena :verified:")
    told = telling.message(message)
    assert [(each.code, each.url) for each in told.emoji] == [("blobcat", BLOBCAT.url)]
    assert [(each.code, each.url) for each in told.author.emoji] == [("verified", VERIFIED.url)]
    assert told.poll is None


def poll_of(page: str) -> str:
    return words_of(page[page.index('<div class="poll"') : page.index("</div>", page.index('<div class="poll"'))])


@pytest.mark.parametrize(
    ("poll", "said"),
    [
        (
            Poll(choices=(Choice(text="Hard", votes=3, is_ours=True), Choice(text="Soft", votes=1)), voters=4),
            "Hard our vote 3 votes · 75 % Soft 1 vote · 25 % 4 people · open without an end · counted now",
        ),
        (
            Poll(choices=(Choice(text="Hard"), Choice(text="Soft")), voters=1, takes_several=True),
            "Hard Soft 1 person · several choices each · votes are shown when it has ended · open without an end"
            " · counted now",
        ),
        (
            Poll(choices=(Choice(text="Hard", votes=0),), has_ended=True),
            "Hard 0 votes ended · counted now",
        ),
    ],
)
def test_a_poll_says_how_it_stands(office: Office, fake: FakeNetwork, poll: Poll, said: str) -> None:
    page = office.enter(Role.AGENT).get(arrives(office, fake, poll=poll)).text
    assert poll_of(page) == said


def test_a_poll_says_when_it_ends_and_when_it_ended(office: Office, fake: FakeNetwork) -> None:
    ends_at = office.hub.clock() + timedelta(hours=2)
    poll = Poll(choices=(Choice(text="Hard", votes=1),), ends_at=ends_at)
    address = arrives(office, fake, poll=poll)
    assert "ends in 2" in poll_of(office.enter(Role.AGENT).get(address).text)
    office.hub.clock.tick(3 * 3600)  # type: ignore[attr-defined]
    assert "ended 1 h" in poll_of(office.enter(Role.AGENT).get(address).text)
