"""The composer without JavaScript: pictures, names, warnings, quotes, parts, and changes of what was sent."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from hub.channels.model import ChannelState
from hub.channels.store import set_state
from hub.connector import Attachment, Author, DeletedBy, ReplyRules, Visibility
from hub.inbox.follow import follow_outbox
from hub.kernel.hub import Hub
from hub.people.model import Role
from hub.testing.fake import LENA, MILAN, FakeNetwork
from tests.kernel.test_images import picture
from tests.web.browser import Browser
from tests.web.office import Office, words_of

_VERA = Author(id="vera", handle="@vera", name="Vera")


@pytest.fixture
def office(hub: Hub, fake: FakeNetwork) -> Office:
    return Office(hub, fake)


@pytest.fixture
def engine_url() -> str:
    """On SQLite: the pages do not know the engine, and what they call is tested on both."""
    return ""


class Composer:
    """A conversation in somebody's browser."""

    def __init__(self, office: Office, browser: Browser) -> None:
        self.office = office
        self.browser = browser
        self.conversation_id = office.desk.lines()[0].conversation.id

    def page(self, **asked: int) -> TestResponse:
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        return self.browser.get(f"/conversations/{self.conversation_id}?{query}")

    def sends(self, text: str = "Like this.", **fields: Any) -> TestResponse:
        return self._submit("replies", text, fields)

    def drafts(self, text: str = "Like this.", **fields: Any) -> TestResponse:
        return self._submit("draft", text, fields)

    def _submit(self, where: str, text: str, fields: dict[str, Any]) -> TestResponse:
        sent = {"text": text, "client_key": "k" * 43, **fields}
        return self.browser.submit(f"/conversations/{self.conversation_id}/{where}", **sent)

    def leaves(self) -> None:
        self.office.desk.waits(11)
        follow_outbox(self.office.hub)


@pytest.fixture
def composer(office: Office, fake: FakeNetwork) -> Composer:
    fake.says("How does it go in?")
    office.desk.pulls()
    return Composer(office, office.enter(Role.AGENT))


def file(body: bytes = b"", name: str = "cartridge.jpg") -> tuple[BytesIO, str]:
    return BytesIO(body or picture("JPEG")), name


def pictures(page: TestResponse) -> list[str]:
    return re.findall(r'name="picture" value="([\w-]+)"', page.text)


def notices(page: TestResponse) -> str:
    return words_of(" ".join(re.findall(r'<div class="notice[^>]*>(.*?)</div>', page.text, re.S)))


# Pictures.


def test_a_picture_is_added_described_sent_and_shown(composer: Composer, fake: FakeNetwork) -> None:
    added = composer.drafts(files=file(), add="1")
    assert added.status_code == 200
    assert "Like this." in added.text
    (upload_id,) = pictures(added)
    assert "describe" in added.text
    sent = composer.sends(picture=upload_id, alt="The cartridge in its holder")
    assert sent.status_code == 303
    composer.leaves()
    assert [arrival.pictures for arrival in fake.arrivals] == [("The cartridge in its holder",)]
    shown = composer.page().text
    address = re.search(r'<img src="(/pictures/[^"]+)" alt="The cartridge in its holder"', shown)
    assert address is not None
    assert composer.browser.get(address[1]).content_type == "image/jpeg"


def test_who_sends_files_at_once_is_shown_them_first_to_describe_them(composer: Composer, fake: FakeNetwork) -> None:
    page = composer.sends(files=file())
    assert page.status_code == 200
    assert "nothing is sent yet" in notices(page)
    assert len(pictures(page)) == 1
    composer.leaves()
    assert not fake.arrivals


@pytest.mark.parametrize(
    "written", ["<script>x</script>", '"><img src=x onerror=x>', "' autofocus onfocus=x '", "{{ 7*7 }}</title><b>"]
)
def test_what_is_written_into_any_field_stays_text(office: Office, fake: FakeNetwork, written: str) -> None:
    fake.says(written)
    fake.feed[-1] = replace(
        fake.feed[-1],
        content_warning=written,
        attachments=(Attachment(kind="image", url="https://x.example/1.png", alt=written),),
        author=replace(LENA, name=written, handle=written),
    )
    office.desk.pulls()
    composer = Composer(office, office.enter(Role.AGENT))
    added = composer.drafts(written, files=file(name=written.replace('"', "")), add="1", content_warning=written)
    chosen = {"picture": pictures(added), "alt": [written]}
    assert len(chosen["picture"]) == 1
    assert unescape(added.text).count(written) >= 6
    shown = composer.drafts(written, **chosen, content_warning=written)
    composer.sends(written, **chosen, content_warning=written)
    composer.leaves()
    for page in (added, shown, composer.page(), composer.browser.get("/inbox?q=x"), composer.browser.get("/outbox")):
        assert page.status_code == 200
        assert not re.search(r"<script>x|<img src=x|</title><b>|<[^>]*\sonfocus=x", _without_values(page.text))


def _without_values(html: str) -> str:
    """Markup without what stands in quotation marks, where anything may."""
    return re.sub(r'="[^"]*"', "", html)


def test_a_picture_needs_no_description_to_be_sent(composer: Composer, fake: FakeNetwork) -> None:
    (upload_id,) = pictures(composer.drafts(files=file()))
    assert composer.sends(picture=upload_id, alt="").status_code == 303
    composer.leaves()
    assert [arrival.pictures for arrival in fake.arrivals] == [("",)]


def test_a_file_that_is_no_picture_is_refused_and_the_draft_stays_with_its_other_pictures(composer: Composer) -> None:
    (upload_id,) = pictures(composer.drafts(files=file()))
    page = composer.sends("My text", picture=upload_id, alt="One", files=file(b"%PDF-1.7", "manual.pdf"))
    assert page.status_code == 422
    assert "no picture that can be sent" in notices(page)
    assert pictures(page) == [upload_id]
    assert ">My text</textarea>" in page.text
    assert 'value="One"' in page.text


def test_a_picture_is_taken_out_by_its_button(composer: Composer) -> None:
    (upload_id,) = pictures(composer.drafts(files=file()))
    page = composer.drafts(picture=upload_id, alt="One", remove=upload_id)
    assert pictures(page) == []


def test_ten_pictures_are_too_many_and_none_is_lost(composer: Composer, fake: FakeNetwork) -> None:
    ids: list[str] = []
    for _ in range(10):
        ids = pictures(composer.drafts(files=file(), picture=ids, alt=[""] * len(ids)))
    page = composer.sends(picture=ids, alt=[""] * 10)
    assert page.status_code == 422
    assert "At most 4" in notices(page)
    assert pictures(page) == ids


def test_sixty_megabytes_are_refused_with_words_before_they_are_read(composer: Composer) -> None:
    token = composer.browser.form_token()
    answer = composer.browser.client.post(
        f"/conversations/{composer.conversation_id}/draft",
        base_url=composer.browser.base_url,
        headers={"Sec-Fetch-Site": "same-origin", "X-CSRF-Token": token},
        content_type="multipart/form-data; boundary=x",
        input_stream=_Unread(),
        environ_overrides={"CONTENT_LENGTH": "60000000"},
    )
    assert answer.status_code == 413
    assert "These pictures are too large" in answer.text


class _Unread(BytesIO):
    """A body that fails the test when somebody reads it."""

    def read(self, size: int | None = -1) -> bytes:
        raise AssertionError("the body was read")


def test_a_picture_is_only_its_uploaders_until_it_is_sent_and_then_the_conversations(composer: Composer) -> None:
    office = composer.office
    colleague, stranger = office.enter(Role.AGENT), office.stranger(Role.AGENT)
    (upload_id,) = pictures(composer.drafts(files=file()))
    address = f"/uploads/{upload_id}/file"
    assert [each.get(address).status_code for each in (composer.browser, colleague, stranger)] == [200, 404, 404]
    composer.sends(picture=upload_id, alt="")
    assert [each.get(address).status_code for each in (composer.browser, colleague, stranger)] == [200, 200, 404]


def test_somebody_elses_picture_cannot_be_sent(composer: Composer, fake: FakeNetwork) -> None:
    (upload_id,) = pictures(composer.drafts(files=file()))
    other = Composer(composer.office, composer.office.enter(Role.AGENT))
    page = other.sends(picture=upload_id, alt="mine")
    assert page.status_code == 303
    other.leaves()
    assert [arrival.pictures for arrival in fake.arrivals] == [()]


def test_a_reply_taken_back_brings_its_pictures_back_for_whoever_took_it(composer: Composer, fake: FakeNetwork) -> None:
    (upload_id,) = pictures(composer.drafts(files=file()))
    composer.sends(picture=upload_id, alt="One")
    colleague = Composer(composer.office, composer.office.enter(Role.AGENT))
    undo = re.search(rf"/conversations/{composer.conversation_id}/undo/\d+", colleague.page().text)
    assert undo is not None
    page = colleague.browser.submit(undo[0])
    assert pictures(page) == [upload_id]
    assert colleague.sends(picture=upload_id, alt="One", client_key="another").status_code == 303
    colleague.leaves()
    assert [arrival.pictures for arrival in fake.arrivals] == [("One",)]


def test_a_picture_sent_from_the_page_comes_back_as_its_place_or_as_the_reason(composer: Composer) -> None:
    added = composer.browser.submit("/uploads", file=file())
    assert added.status_code == 201
    (upload_id,) = pictures(added)
    assert pictures(composer.browser.get(f"/uploads/{upload_id}")) == [upload_id]
    refused = composer.browser.submit("/uploads", file=file(b"nothing"))
    assert refused.status_code == 422
    assert "no picture that can be sent" in refused.text


# What else stands in it.


def asks(composer: Composer, fake: FakeNetwork, **said: Any) -> None:
    fake.says("And now?", id="later", parent="m1", at=fake.clock(), **said)
    composer.office.desk.pulls()


def test_an_inherited_content_warning_can_be_dropped(composer: Composer, fake: FakeNetwork) -> None:
    asks(composer, fake, content_warning="limescale")
    assert 'name="content_warning" maxlength="500" dir="auto" value="limescale"' in composer.page().text
    page = composer.drafts(content_warning="")
    assert 'name="content_warning" maxlength="500" dir="auto" value=""' in page.text
    composer.sends(content_warning="")
    assert composer.office.desk.conversation()[-1].content_warning == ""


def test_others_are_named_unless_they_are_left_out_and_the_author_always(composer: Composer, fake: FakeNetwork) -> None:
    asks(composer, fake, reply=ReplyRules(must_mention=(LENA, MILAN, _VERA)))
    page = composer.page().text
    assert re.findall(r'name="mention" value="(\w+)" checked', page) == ["milan", "vera"]
    composer.sends(named="1", mention=["vera"])
    composer.office.desk.waits(11)
    assert [author.id for author in fake.sent[-1].mentions or ()] == ["lena", "vera"]


def test_a_message_is_quoted_from_its_button(composer: Composer, fake: FakeNetwork) -> None:
    message = composer.office.desk.conversation()[0]
    link = f"/conversations/{composer.conversation_id}?quote={message.id}#composer"
    assert link in composer.page().text
    page = composer.page(quote=message.id).text
    assert 'name="quote" value="1" checked' in page
    composer.sends(quote="1", target=str(message.id))
    composer.leaves()
    assert fake.sent[-1].quote


def test_no_quote_is_offered_of_what_may_not_be_quoted(composer: Composer, fake: FakeNetwork) -> None:
    asks(composer, fake, reply=ReplyRules(impossible=("quote",)))
    message = composer.office.desk.conversation()[-1]
    page = composer.page().text
    assert f"quote={message.id}#composer" not in page
    assert 'name="quote"' not in page


@pytest.mark.parametrize(
    ("why", "shown", "why_not"),
    [
        (DeletedBy.AUTHOR, "Deleted by the author", "The message was deleted"),
        (DeletedBy.MODERATION, "Taken down by moderators", "The message was deleted"),
        (DeletedBy.BLOCKED, "Its author has blocked us, or we have", "do not talk to each other there"),
        (
            DeletedBy.ACCOUNT,
            "account is suspended, switched off or gone. Only we",
            "It can be answered once it is back",
        ),
        (DeletedBy.UNAVAILABLE, "No longer to be seen on the network", "does not show this message any more"),
    ],
)
def test_why_a_message_is_not_to_be_seen_is_said_with_it_and_where_it_would_be_answered(
    composer: Composer, fake: FakeNetwork, why: DeletedBy, shown: str, why_not: str
) -> None:
    fake.deletes("m1", by=why)
    composer.office.desk.pulls()
    page = composer.page().text
    assert shown in page
    assert why_not in page
    assert "No longer to be seen on the network." in composer.browser.get("/inbox?show=all").text


def test_no_pictures_are_asked_for_where_an_answer_takes_none(composer: Composer, fake: FakeNetwork) -> None:
    assert 'id="files"' in composer.page().text
    asks(composer, fake, reply=ReplyRules(impossible=("pictures",)))
    assert 'id="files"' not in composer.page().text


def test_a_request_is_shown_as_one_and_what_an_answer_does_to_it(composer: Composer, fake: FakeNetwork) -> None:
    warning = "Replying accepts it."
    assert warning not in composer.page().text
    asks(composer, fake, reply=ReplyRules(is_request=True))
    page = composer.page().text
    assert warning in page
    assert '<span class="chip warn">request</span>' in page
    composer.sends("Of course.")
    composer.leaves()
    assert [sent.text for sent in fake.sent] == ["Of course."]
    fake.says("Thank you!", parent="m1", at=fake.clock())
    composer.office.desk.pulls()
    assert warning not in composer.page().text


def test_what_was_written_to_a_message_that_went_meanwhile_can_still_be_copied(
    composer: Composer, fake: FakeNetwork
) -> None:
    fake.deletes("m1")
    composer.office.desk.pulls()
    answered = composer.sends("Ten weeks is normal.")
    assert answered.status_code == 409
    assert "There is nothing left to answer" in answered.text
    assert re.search(r"<textarea[^>]* readonly[^>]*>Ten weeks is normal.</textarea>", answered.text)


def test_what_a_content_warning_covers_is_shown_on_demand_pictures_and_their_words_included(
    composer: Composer, fake: FakeNetwork
) -> None:
    drawn = Attachment(kind="image", url="https://fake.example/lid.png", alt="A burnt hand")
    film = Attachment(kind="video", url="https://fake.example/lid.mp4", alt="It burns")
    fake.says("And now?", id="later", parent="m1", at=fake.clock(), content_warning="injury")
    fake.feed[-1] = replace(fake.feed[-1], attachments=(drawn, film))
    composer.office.desk.pulls()
    (covered,) = re.findall(r'<details class="warned">(.*?)</details>', composer.page().text, re.S)
    assert words_of(covered).startswith("Content warning: injury")
    assert "A burnt hand" in covered
    assert "It burns" in covered


def test_the_parts_of_a_long_answer_are_shown_before_it_is_sent(composer: Composer) -> None:
    page = composer.drafts("one\n---\ntwo", preview="1")
    parts = re.search(r'<ol class="parts"[^>]*>(.*?)</ol>', page.text, re.S)
    assert parts is not None
    assert re.findall(r"<li[^>]*>(.*?)</li>", parts[1]) == ["one", "two"]
    assert "goes out as 2 posts" in page.text
    measured = composer.browser.submit(f"/conversations/{composer.conversation_id}/measure", text="one\n---\ntwo")
    assert measured.get_json()["parts"] == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "left"),
    [("", "500 characters left"), ("x" * 499, "1 character left"), ("x" * 502, "2 characters too many")],
)
def test_what_is_left_is_said_with_its_unit(composer: Composer, text: str, left: str) -> None:
    assert left in composer.drafts(text).text
    measured = composer.browser.submit(f"/conversations/{composer.conversation_id}/measure", text=text).get_json()
    assert (measured["left"], measured["is_over"]) == (left, len(text) > 500)


def test_the_language_of_the_answer_can_be_chosen(composer: Composer, fake: FakeNetwork) -> None:
    assert '<option value="de">German</option>' in composer.page().text
    composer.sends(language="de")
    composer.leaves()
    assert fake.sent[-1].language == "de"


# What is done to messages.


def test_what_goes_to_one_person_goes_out_as_messages_and_not_as_posts(composer: Composer) -> None:
    text = "one\n---\ntwo"
    page = composer.drafts(text, preview="1", visibility="direct").text
    assert "goes out as 2 messages" in page
    assert "The messages it becomes" in page
    measured = composer._submit("measure", text, {"visibility": "direct"})
    assert measured.get_json()["left"] == "goes out as 2 messages"


def answered(composer: Composer) -> int:
    composer.sends("Ten weeks.")
    composer.leaves()
    composer.office.desk.pulls()
    return composer.office.desk.conversation()[-1].id


def test_a_button_says_whether_it_is_on(composer: Composer) -> None:
    assert 'aria-pressed="false">Like</button>' in composer.page().text
    message = composer.office.desk.conversation()[0]
    composer.browser.submit(f"/conversations/{composer.conversation_id}/messages/{message.id}/like", client_key="one")
    page = composer.page().text
    assert "/unlike" in page
    assert 'aria-pressed="true" data-busy-act>Like</button>' in page
    assert "being liked" in page
    composer.leaves()
    assert 'aria-pressed="true">Like</button>' in composer.page().text


def test_what_could_not_be_done_says_why_and_can_be_tried_again_or_left(composer: Composer, fake: FakeNetwork) -> None:
    fake.fails("refuse")
    message = composer.office.desk.conversation()[0]
    composer.browser.submit(f"/conversations/{composer.conversation_id}/messages/{message.id}/like", client_key="one")
    composer.leaves()
    page = composer.page().text
    assert "It could not be liked. The network takes it for spam" in page
    again = re.search(r"/outbox/\d+/retry\?next=[^\"]+", page)
    assert again is not None
    composer.browser.submit(again[0])
    composer.leaves()
    assert 'aria-pressed="true">Like</button>' in composer.page().text


def test_our_reply_is_changed_in_the_composer(composer: Composer, fake: FakeNetwork) -> None:
    ours = answered(composer)
    page = composer.page(edit=ours).text
    assert ">Ten weeks.</textarea>" in page
    assert "490 characters left" in page
    sent = composer._submit(f"messages/{ours}/text", "Eight weeks.", {"edit": str(ours)})
    assert sent.status_code == 303
    assert "being changed" in composer.page().text
    composer.leaves()
    assert "Eight weeks." in composer.page().text
    assert list(fake.changed.values()) == ["Eight weeks."]


def test_a_change_that_does_not_fit_stays_in_the_composer(composer: Composer) -> None:
    ours = answered(composer)
    page = composer._submit(f"messages/{ours}/text", "x" * 501, {"edit": str(ours)})
    assert page.status_code == 422
    assert "x" * 501 in page.text


def test_deleting_asks_first_and_shows_when_it_is_done(composer: Composer, fake: FakeNetwork) -> None:
    ours = answered(composer)
    asked = re.search(r"<details class=\"ask\">(.*?)</details>", composer.page().text, re.S)
    assert asked is not None
    assert "cannot be undone" in asked[1]
    composer.browser.submit(f"/conversations/{composer.conversation_id}/messages/{ours}/delete", client_key="one")
    composer.leaves()
    assert "Deleted on the network" in composer.page().text
    assert fake.deeds[-1][0] == "delete"


def test_nobody_changes_or_deletes_what_others_said(composer: Composer) -> None:
    theirs = composer.office.desk.conversation()[0].id
    assert composer.page(edit=theirs).status_code == 404
    for name in ("delete", "edit"):
        path = f"/conversations/{composer.conversation_id}/messages/{theirs}/{name}"
        assert composer.browser.submit(path, client_key=name).status_code == 422


def test_the_composer_proposes_the_audience_the_network_wants(office: Office, fake: FakeNetwork) -> None:
    kind = office.hub.plugins.connectors["fake"]
    kind.features = replace(kind.features, visibilities=tuple(Visibility))
    fake.says("Hello", reply=ReplyRules(visibility=Visibility.UNLISTED))
    office.desk.pulls()
    page = Composer(office, office.enter(Role.AGENT)).page().text
    assert re.findall(r'<option value="(\w+)" selected>[^<]*</option>', page.partition('id="visibility"')[2]) == [
        "unlisted"
    ]


@pytest.mark.parametrize(
    ("state", "title", "link"),
    [
        (ChannelState.SIGNED_OUT, "The channel is signed out: @brightwater", "Sign it in again"),
        (ChannelState.MISCONFIGURED, "The channel's settings no longer work: @brightwater", "Correct it"),
    ],
)
def test_on_a_channel_that_waits_for_somebody_nothing_is_offered_but_the_way_to_its_page(
    office: Office, composer: Composer, state: ChannelState, title: str, link: str
) -> None:
    ours = answered(composer)
    assert ">Like</button>" in composer.page().text
    assert f"edit={ours}" in composer.page().text
    with office.hub.database.transaction() as session:
        set_state(session, office.desk.channel_id, state, now=office.hub.clock())
    page = composer.page().text
    assert title in words_of(page)
    assert "Ask an admin or the supervisor of its team" in words_of(page)
    assert ">Like</button>" not in page
    assert f"edit={ours}" not in page
    assert link not in page
    assert '<form class="composer"' not in composer.page(edit=ours).text
    for role in (Role.ADMIN, Role.SUPERVISOR):
        shown = Composer(office, office.enter(role)).page().text
        assert f'href="/channels/{office.desk.channel_id}">{link}</a>' in shown
        assert "Ask an admin" not in shown
