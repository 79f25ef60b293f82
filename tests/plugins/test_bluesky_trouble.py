"""Each kind of bad input on Bluesky ends in a clear message where the person is, and the rest goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub_plugins.bluesky.composing import PICTURE_BYTES

from hub.connector import Kind, Visibility
from hub.errors import HubError
from hub.kernel.texts import describe, describe_warning, describe_why_not
from hub.testing.clock import FrozenClock
from hub.testing.server import Answer
from tests.plugins.bluesky_channel import Channel
from tests.plugins.bluesky_server import LENA, ME, PASSWORD, PEOPLE, POST, FakeBluesky

NOTIFICATIONS, POSTS = "app.bsky.notification.listNotifications", "app.bsky.feed.getPosts"
CREATE, REFRESH = "com.atproto.server.createSession", "com.atproto.server.refreshSession"


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def server(clock: FrozenClock) -> Iterator[FakeBluesky]:
    with FakeBluesky(clock) as running:
        yield running


@pytest.fixture
def channel(server: FakeBluesky, clock: FrozenClock, tmp_path: Path) -> Iterator[Channel]:
    made = Channel(server.url, "brightwater.test", PASSWORD, tmp_path, server.server.address, clock=clock)
    made.pull()
    yield made
    made.close()


def told(work: Callable[[], object]) -> str:
    """What a person reads when this fails."""
    with pytest.raises(HubError) as failed:
        work()
    return describe(failed.value).title


# --- the account ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error", "said", "title"),
    [
        (
            401,
            "AuthenticationRequired",
            "Invalid identifier or password",
            "The handle or the app password is not right",
        ),
        (401, "AccountTakedown", "Account has been taken down", "The network has suspended this account"),
        (400, "AccountDeactivated", "Account is deactivated", "The network has suspended this account"),
        (401, "AuthFactorTokenRequired", "A sign in code has been sent", "This is the account's own password"),
        (429, "RateLimitExceeded", "Rate Limit Exceeded", "The network asks us to slow down"),
        (503, "UpstreamFailure", "", "The server has a fault of its own"),
    ],
    ids=["app password revoked", "taken down", "deactivated", "own password", "too many", "down"],
)
def test_what_happens_to_an_account_is_said_on_its_channel_and_ends_with_its_cause(
    channel: Channel, server: FakeBluesky, status: int, error: str, said: str, title: str
) -> None:
    server.ends_session()
    server.refuses(CREATE, status, error, said)
    assert told(channel.pull).startswith(title)
    late = server.says("the rest goes on")
    assert late in channel.pull()


@pytest.mark.parametrize("nsid", [NOTIFICATIONS, "app.bsky.feed.getAuthorFeed", CREATE, REFRESH])
def test_a_page_with_200_instead_of_data_is_called_so(channel: Channel, server: FakeBluesky, nsid: str) -> None:
    if nsid == CREATE:
        server.ends_session()
    if nsid == REFRESH:
        server.expires()
    server.answers(nsid, Answer(headers={"Content-Type": "text/html"}, body=b"<!doctype html><title>Welcome</title>"))
    assert told(channel.pull) == "The server answered with a page instead of data"
    late = server.says("the rest goes on")
    assert late in channel.pull()


def test_our_account_under_a_new_handle_is_the_same_and_signs_in_by_its_did(
    channel: Channel, server: FakeBluesky, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PEOPLE, ME, ("brightwater.example", "Brightwater"))
    server.ends_session()
    assert channel.pull() == []
    assert json.loads(server.calls(CREATE)[-1].body)["identifier"] == ME
    account = channel.connector.check().account
    assert (account.id, account.handle) == (ME, "@brightwater.example")


def test_a_person_under_a_new_handle_is_the_same_person(
    channel: Channel, server: FakeBluesky, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _ = server.says("one"), channel.pull()
    monkeypatch.setitem(PEOPLE, LENA, ("lena.example", "Lena B."))
    after, _ = server.says("two"), channel.pull()
    first, second = channel.messages[before].author, channel.messages[after].author
    assert (first.id, second.handle, second.name) == (second.id, "@lena.example", "Lena B.")


def test_direct_messages_off_is_a_warning_and_posts_come_in_and_go_out(channel: Channel, server: FakeBluesky) -> None:
    server.chat = "scope"
    (warning,) = set(channel.connector.check().warnings) - {"not_encrypted"}
    assert describe_warning(warning).title == "This app password does not reach direct messages"
    question = server.says("Is that normal?")
    assert question in channel.pull()
    assert channel.answer(question, "Yes")
    private = channel.outgoing(question, "Yes", visibility=Visibility.DIRECT)
    plan = channel.connector.plan(private, "key-2")
    assert told(lambda: channel.connector.send(plan, 0, None)) == "This app password does not reach direct messages"


# --- what comes in ----------------------------------------------------------------------------------------------------


def test_one_malformed_item_in_a_page_of_eighty_costs_only_itself(channel: Channel, server: FakeBluesky) -> None:
    said = [server.says(str(number)) for number in range(80)]
    server.garbles(said[40])
    channel.pull()
    assert set(channel.messages) == set(said) - {said[40]}
    assert [skipped.reason for page in channel.pages for skipped in page.skipped] == [
        "TypeError: 'NoneType' object is not subscriptable"
    ]


@pytest.mark.parametrize(
    "reason",
    [
        *("like", "repost", "follow", "starterpack-joined", "verified", "unverified", "like-via-repost"),
        *("repost-via-repost", "contact-match", "hologram"),
    ],
)
def test_a_notification_that_is_no_message_or_of_a_kind_nobody_knows_is_passed_over(
    channel: Channel, server: FakeBluesky, reason: str
) -> None:
    """The server is asked for messages only; one that does not know how to choose sends all."""
    item = {
        "uri": f"at://{LENA}/app.bsky.graph.{reason}/1",
        "cid": "bafy",
        "author": {"did": LENA, "handle": "lena.test"},
        "reason": reason,
        "record": {"$type": f"app.bsky.graph.{reason}"},
        "indexedAt": "2026-01-01T00:00:00Z",
        "isRead": False,
    }
    body = json.dumps({"notifications": [item]}).encode()
    server.answers(NOTIFICATIONS, Answer(headers={"Content-Type": "application/json"}, body=body))
    assert channel.pull() == []
    assert not any(page.skipped for page in channel.pages)
    late = server.says("the rest goes on")
    assert channel.pull() == [late]


def test_a_post_we_only_subscribed_to_is_no_message(channel: Channel, server: FakeBluesky) -> None:
    post = server.writes(LENA, "news from me")
    body = json.dumps({"notifications": [server._notification(post, "subscribed-post")]}).encode()
    server.answers(NOTIFICATIONS, Answer(headers={"Content-Type": "application/json"}, body=body))
    assert channel.pull() == []


@pytest.mark.parametrize("gone", [{"notFound": True}, {"blocked": True}, {"detached": True}])
def test_a_quote_of_what_cannot_be_seen_says_where_it_is(
    channel: Channel, server: FakeBluesky, gone: dict[str, bool]
) -> None:
    view = {"$type": "app.bsky.embed.record#view", "record": {"uri": server.root, **gone}}
    quoted = {"record": {"record": {"uri": server.root, "cid": "c"}}, "view": view}
    quote = server.writes(LENA, "They say", heard_as="quote", embed=quoted)
    channel.pull()
    said = channel.messages[quote]
    key = server.root.rpartition("/")[2]
    assert (said.kind, said.text) == (Kind.QUOTE, f"They say\n\nhttps://bsky.app/profile/{ME}/post/{key}")


# --- what goes out ----------------------------------------------------------------------------------------------------


@pytest.fixture
def question(channel: Channel, server: FakeBluesky) -> str:
    asked = server.says("Is that normal?")
    channel.pull()
    return asked


def test_a_deleted_parent_is_said_to_whoever_answers(channel: Channel, server: FakeBluesky, question: str) -> None:
    server.deletes(question)
    assert told(lambda: channel.answer(question, "Yes")) == "What this answers is not there"
    assert server.arrivals() == []


@pytest.mark.parametrize("how", ["blocked", "blocks us", "by a list", "unseen"])
def test_a_block_is_said_to_whoever_answers(channel: Channel, server: FakeBluesky, question: str, how: str) -> None:
    if how == "unseen":
        server.blocking = {LENA}
    else:
        name = {"blocked": "blocking", "blocks us": "blockedBy", "by a list": "blockingByList"}[how]
        server.people[LENA]["viewer"] = {name: "at://x"}
    assert "do not talk to each other" in told(lambda: channel.answer(question, "Yes"))
    assert server.arrivals() == []


def test_an_author_whose_account_is_away_is_said_to_whoever_answers_or_likes(
    channel: Channel, server: FakeBluesky, question: str
) -> None:
    server.away[LENA] = ("AccountTakedown", "Account has been suspended")
    for work in (lambda: channel.answer(question, "Yes"), lambda: channel.act(question, "like")):
        assert told(work) == "The author's account is suspended, switched off or gone"
    assert server.arrivals() == []
    server.away.clear()
    assert channel.answer(question, "Yes")


def test_a_thread_gate_is_said_before_and_when_somebody_answers(
    channel: Channel, server: FakeBluesky, question: str
) -> None:
    server.closes(question)
    server.edits(question, "Is that normal, really?")
    channel.pull()
    assert describe_why_not(channel.messages[question].reply.why_not).title == "This thread is closed"
    assert told(lambda: channel.answer(question, "Yes")) == "It can no longer be answered there"
    assert server.arrivals() == []


def test_one_grapheme_too_many_becomes_two_posts_and_one_that_cannot_be_cut_is_said(
    channel: Channel, server: FakeBluesky, question: str
) -> None:
    family = "👩‍👩‍👧‍👦"
    measure = channel.connector.measure(channel.outgoing(question, "a" * 299 + family), {})
    assert (measure.parts, measure.units["graphemes"]) == (1, (300, 300))
    assert channel.connector.measure(channel.outgoing(question, "a" * 300 + family), {}).parts == 2
    assert len(channel.answer(question, "a" * 300 + family)) == 2
    address = f"https://brightwater.example/{'a' * 300}"
    assert channel.connector.measure(channel.outgoing(question, address), {}).errors == ("too_long",)
    assert "too long" in told(lambda: channel.plan(question, address))


def test_ten_pictures_and_one_that_is_too_big_are_said_while_it_is_written(
    channel: Channel, server: FakeBluesky, question: str
) -> None:
    ten = tuple(channel.picture(b"GIF89a", f"Step {number}") for number in range(10))
    big = (channel.picture(b"x" * (PICTURE_BYTES + 1), "Too big"),)
    for pictures, reason, title in (
        (ten, "too_many_pictures", "So many pictures do not fit into one post there"),
        (big, "picture_too_large", "A picture is too large for the network"),
    ):
        drafted = channel.outgoing(question, "Look", attachments=pictures)
        assert channel.connector.measure(drafted, {}).errors == (reason,)
        assert told(lambda drafted=drafted: channel.connector.plan(drafted, "key")) == title  # type: ignore[misc]
    assert server.arrivals() == []
    assert server.blobs == []
    assert POST in question
