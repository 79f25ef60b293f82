"""What an answer on Mastodon may carry: pictures, a quote, chosen names, and a text that is changed later."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hub_plugins.mastodon import composing
from hub_plugins.mastodon.media import hand_over
from hub_plugins.mastodon.server import Server

from hub.connector import Outgoing, Receipt, Upload
from hub.errors import Ambiguous, ConnectorError, Gone, NotFound, Rejected, Unavailable
from hub.kernel.http import Door
from hub.testing.clock import FrozenClock
from hub.testing.server import Answer, Arrival
from tests.plugins import mastodon_fixtures as fixtures
from tests.plugins.mastodon_channel import Channel, SampleUploads
from tests.plugins.mastodon_server import ME, TOKEN, TOM, Dialect, FakeMastodon

STATUSES, MEDIA = "/api/v1/statuses", "/api/v2/media"


clock, dialect, server, channel = fixtures.clock, fixtures.dialect, fixtures.server, fixtures.channel


@pytest.fixture
def question(channel: Channel, server: FakeMastodon) -> str:
    id = server.says("Is ten weeks normal?")
    channel.pull()
    return id


def picture(id: str = "cat", alt: str = "A cat") -> Upload:
    return Upload(id=id, media_type="image/png", size=3, alt=alt)


def pictured(channel: Channel, id: str, *pictures: Upload, text: str = "Look") -> Outgoing:
    return replace(channel.outgoing(id, text), attachments=pictures)


def sends(channel: Channel, outgoing: Outgoing, key: str = "key-1") -> Receipt:
    return channel.connector.send(channel.connector.plan(outgoing, key), 0, None)


# --- pictures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", [Dialect(media=way) for way in ("ready", "slow", "old")], indirect=True)
def test_pictures_go_out_with_their_descriptions(channel: Channel, server: FakeMastodon, question: str) -> None:
    sends(channel, pictured(channel, question, picture("one", "Eine Katze – \u201eMia\u201c\n🐈"), picture("two", "")))
    assert server.arrivals()[0].pictures == ["Eine Katze – \u201eMia\u201c\n🐈", ""]
    assert [each["content"] for each in server.media.values()] == [b"one", b"two"]


def test_only_the_first_of_several_posts_carries_the_pictures(
    channel: Channel, server: FakeMastodon, question: str
) -> None:
    plan = channel.connector.plan(pictured(channel, question, picture(), text="Sentence one is here. " * 40), "key-1")
    first = channel.connector.send(plan, 0, None)
    channel.connector.send(plan, 1, first)
    assert [len(arrival.pictures) for arrival in server.arrivals()] == [1, 0]


def test_a_post_whose_answer_was_lost_is_found_and_shows_its_pictures_once(
    channel: Channel, server: FakeMastodon, question: str, clock: FrozenClock
) -> None:
    since = clock()
    plan = channel.connector.plan(pictured(channel, question, picture()), "key-1")
    server.fails(next_sends=["drop"])
    with pytest.raises(Ambiguous):
        channel.connector.send(plan, 0, None)
    found = channel.connector.reconcile(plan, 0, since)
    assert found is not None
    assert [arrival.pictures for arrival in server.arrivals()] == [["A cat"]]


def test_a_post_that_is_tried_again_hands_its_pictures_over_anew(
    channel: Channel, server: FakeMastodon, question: str
) -> None:
    plan = channel.connector.plan(pictured(channel, question, picture()), "key-1")
    server.refuses("POST", STATUSES, 429, "Too many requests")
    with pytest.raises(ConnectorError):
        channel.connector.send(plan, 0, None)
    server.media.clear()  # a day later nobody has them any more
    channel.connector.send(plan, 0, None)
    assert [arrival.pictures for arrival in server.arrivals()] == [["A cat"]]


@pytest.mark.parametrize(
    ("status", "error", "kind", "reason"),
    [
        (
            422,
            "Validation failed: File has contents that are not what they are reported to be",
            Rejected,
            "picture_not_taken",
        ),
        (413, "", Rejected, "too_large"),
        (503, "", Unavailable, "server_error"),
        (200, "", Unavailable, "not_json"),
        (403, "This action is outside the authorized scopes", ConnectorError, "scope"),
    ],
)
def test_a_picture_that_is_not_taken_posts_nothing(
    channel: Channel,
    server: FakeMastodon,
    question: str,
    status: int,
    error: str,
    kind: type[ConnectorError],
    reason: str,
) -> None:
    server.refuses("POST", MEDIA, status, error)
    with pytest.raises(kind) as refused:
        sends(channel, pictured(channel, question, picture()))
    assert refused.value.reason == reason
    assert not server.arrivals()


def test_a_picture_that_gets_lost_on_the_way_surely_posted_nothing(
    channel: Channel, server: FakeMastodon, question: str
) -> None:
    server.server.on("POST", MEDIA).drops()
    with pytest.raises(Unavailable):
        sends(channel, pictured(channel, question, picture()))
    assert not server.arrivals()


def test_a_picture_that_is_not_here_any_more_posts_nothing(
    channel: Channel, server: FakeMastodon, question: str
) -> None:
    with pytest.raises(Gone):
        sends(channel, pictured(channel, question, picture("gone")))
    assert not server.arrivals()


@pytest.mark.parametrize("dialect", [Dialect(media="stuck")], indirect=True)
def test_a_picture_that_is_never_ready_is_given_up_in_time(server: FakeMastodon, clock: FrozenClock) -> None:
    door = Door(allow=[server.server.address])
    api = Server(door, clock, address=server.url, token=TOKEN)
    with pytest.raises(Unavailable, match="too_slow"):
        hand_over(api, SampleUploads(), [picture()], sleep=lambda seconds: clock.tick(seconds))
    door.close()


@pytest.mark.parametrize(
    ("pictures", "error"),
    [
        ([picture(str(number)) for number in range(5)], "too_many_pictures"),
        ([picture(alt="a" * 1501)], "description_too_long"),
    ],
)
def test_pictures_that_do_not_fit_are_said_before_anything_is_sent(
    channel: Channel, question: str, pictures: list[Upload], error: str
) -> None:
    outgoing = pictured(channel, question, *pictures)
    assert channel.connector.measure(outgoing, {}).errors == (error,)
    with pytest.raises(Rejected, match=error):
        channel.connector.plan(outgoing, "key-1")


# --- quotes -------------------------------------------------------------------------------------------------------


def quoting(channel: Channel, id: str, text: str = "Well said") -> Outgoing:
    return replace(channel.outgoing(id, text), quote=True)


def test_a_quote_is_a_post_of_its_own_that_names_nobody(channel: Channel, server: FakeMastodon, question: str) -> None:
    sends(channel, quoting(channel, question))
    body = server.arrivals()[0].body
    assert (body["status"], body["quoted_status_id"]) == ("Well said", question)
    assert "in_reply_to_id" not in body


def test_a_quote_whose_answer_was_lost_is_found(
    channel: Channel, server: FakeMastodon, question: str, clock: FrozenClock
) -> None:
    since, plan = clock(), channel.connector.plan(quoting(channel, question), "key-1")
    assert channel.connector.reconcile(plan, 0, since) is None
    server.fails(next_sends=["drop"])
    with pytest.raises(Ambiguous):
        channel.connector.send(plan, 0, None)
    assert channel.connector.reconcile(plan, 0, since) is not None


@pytest.mark.parametrize("dialect", [Dialect(), Dialect(quotes=False)], indirect=True)
def test_what_may_not_be_quoted_is_looked_at_first(
    channel: Channel, server: FakeMastodon, question: str, dialect: Dialect
) -> None:
    server.denied.add(question)
    with pytest.raises(Rejected) as refused:
        sends(channel, quoting(channel, question))
    assert refused.value.reason == ("quote_not_allowed" if dialect.quotes else "no_quotes")
    assert not server.server.received("POST", STATUSES)


def test_a_quote_takes_no_pictures(channel: Channel, question: str) -> None:
    outgoing = replace(quoting(channel, question), attachments=(picture(),))
    assert channel.connector.measure(outgoing, {}).errors == ("quote_with_pictures",)


def test_a_long_quote_goes_on_under_itself(channel: Channel, server: FakeMastodon, question: str) -> None:
    plan = channel.connector.plan(quoting(channel, question, "Sentence one is here. " * 40), "key-1")
    first = channel.connector.send(plan, 0, None)
    channel.connector.send(plan, 1, first)
    assert [arrival.quotes for arrival in server.arrivals()] == [True, False]
    assert server.arrivals()[1].body["in_reply_to_id"] == first.remote_id


# --- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "names"),
    [(None, "@lena@chaos.example @tom "), ((), "@lena@chaos.example "), ((TOM,), "@lena@chaos.example @tom ")],
)
def test_the_agent_chooses_who_is_named_besides_the_author(
    channel: Channel, server: FakeMastodon, chosen: tuple[str, ...] | None, names: str
) -> None:
    id = server.writes("7", "Hello you two", heard_as="mention", naming=[TOM])
    channel.pull()
    people = channel.target(id).must_mention
    assert [author.handle for author in people] == ["@lena@chaos.example", "@tom@home.example"]
    mentions = (
        None if chosen is None else tuple(each for each in people if each.handle == "@tom@home.example" and chosen)
    )
    sends(channel, replace(channel.outgoing(id, "Hi"), mentions=mentions))
    assert server.arrivals()[0].body["status"] == f"{names}Hi"


def test_we_never_name_ourselves(channel: Channel, server: FakeMastodon) -> None:
    first = server.says("One")
    ours = server.native_reply(first, "Two")
    id = server.writes("7", "Three", parent=ours, heard_as="mention", naming=[ME])
    channel.pull()
    assert [author.is_us for author in channel.target(id).must_mention] == [False]
    sends(channel, channel.outgoing(id, "Four"))
    assert "brightwater" not in server.arrivals()[0].body["status"]


# --- the preview --------------------------------------------------------------------------------------------------


def test_the_preview_of_a_thread_shows_each_post_as_it_goes_out(channel: Channel, question: str) -> None:
    outgoing = channel.outgoing(question, "Sentence one is here. " * 40)
    measured = channel.connector.measure(outgoing, {})
    assert measured.texts == tuple(part.body["status"] for part in channel.connector.plan(outgoing, "key-1").parts)
    assert measured.parts == len(measured.texts) == 2
    assert channel.connector.measure(channel.outgoing(question, "Short"), {}).texts == ()


def test_one_grapheme_too_many_for_the_last_post_is_said(channel: Channel, question: str) -> None:
    assert composing.measure(channel.outgoing(question, "x" * 487), {}).errors == ()
    over = composing.measure(channel.outgoing(question, "x" * 495), {})
    assert over.errors == ("too_long",)


# --- changing what we wrote ---------------------------------------------------------------------------------------


def answered(channel: Channel, question: str, *pictures: Upload) -> str:
    outgoing = replace(pictured(channel, question, *pictures, text="Yes, ten"), content_warning="weeks")
    id = sends(channel, outgoing).remote_id
    channel.pull()
    return id


def test_a_changed_post_keeps_all_but_its_words(channel: Channel, server: FakeMastodon, question: str) -> None:
    ours = answered(channel, question, picture())
    channel.act(ours, "edit", "Yes, twelve")
    channel.act(ours, "edit", "Yes, twelve")
    sent = server.server.received("PUT", f"{STATUSES}/{ours}")[0].json()
    assert (sent["status"], sent["spoiler_text"], sent["language"]) == (
        "@lena@chaos.example Yes, twelve",
        "weeks",
        "en",
    )
    assert [each["description"] for each in sent["media_attributes"]] == ["A cat"]
    assert sent["media_ids"] == [each["id"] for each in sent["media_attributes"]]
    channel.pull()
    assert channel.messages[ours].attachments[0].alt == "A cat"


def test_a_server_that_does_not_tell_the_source_is_sent_the_names_we_know(
    channel: Channel, server: FakeMastodon, question: str
) -> None:
    ours = answered(channel, question)
    server.refuses("GET", f"{STATUSES}/{ours}/source", 404, "Not found")
    channel.act(ours, "edit", "Yes, twelve")
    assert server.server.received("PUT", f"{STATUSES}/{ours}")[0].json()["status"] == (
        "@lena@chaos.example Yes, twelve"
    )


def test_what_others_wrote_is_never_changed(channel: Channel, server: FakeMastodon, question: str) -> None:
    channel.act(question, "edit", "Something else")
    assert not [arrival for arrival in server.server.arrivals if arrival.method == "PUT"]


@pytest.mark.parametrize(("text", "reason"), [("", "empty"), ("x" * 501, "too_long")])
def test_a_change_that_does_not_fit_is_said(channel: Channel, question: str, text: str, reason: str) -> None:
    ours = answered(channel, question)
    with pytest.raises(Rejected, match=reason):
        channel.act(ours, "edit", text)


def test_a_post_with_a_poll_keeps_its_votes(channel: Channel, server: FakeMastodon, question: str) -> None:
    ours = answered(channel, question)
    server.statuses[ours]["poll"] = {"options": [{"title": "Yes"}]}
    with pytest.raises(Rejected, match="poll"):
        channel.act(ours, "edit", "Other words")


def test_a_post_that_is_gone_cannot_be_changed(channel: Channel, server: FakeMastodon, question: str) -> None:
    ours = answered(channel, question)
    server.deletes(ours)
    with pytest.raises(NotFound):
        channel.act(ours, "edit", "Other words")


def test_a_change_whose_answer_is_lost_is_made_again(channel: Channel, server: FakeMastodon, question: str) -> None:
    ours = answered(channel, question)
    server.server.on("PUT", f"{STATUSES}/{ours}").drops()
    with pytest.raises(Unavailable):
        channel.act(ours, "edit", "Other words")


# --- what was done ------------------------------------------------------------------------------------------------


def test_what_we_did_to_a_message_is_told(channel: Channel, server: FakeMastodon, question: str) -> None:
    assert channel.messages[question].done == ()
    server.statuses[question] |= {"favourited": True, "reblogged": True, "bookmarked": True, "edited_at": None}
    server.edits(question, "Is twelve weeks normal?")
    channel.pull()
    assert channel.messages[question].done == ("like", "boost", "bookmark")


def test_a_multipart_body_is_read_as_it_was_written(channel: Channel, server: FakeMastodon, question: str) -> None:
    seen: list[Arrival] = []

    def note(arrival: Arrival) -> Answer:
        seen.append(arrival)
        return Answer(status=500)

    server.server.on("POST", MEDIA).runs(note)
    with pytest.raises(Unavailable):
        sends(channel, pictured(channel, question, picture("a" * 1000, "words")))
    assert b"a" * 1000 in seen[0].body
