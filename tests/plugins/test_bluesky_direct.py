"""Bluesky's direct messages on a hand-written fake, made from their lexicons: their service is published nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.connector import DeletedBy, Kind, Visibility
from hub.errors import Ambiguous, Rejected, ScopeMissing, Unavailable
from hub.testing.clock import FrozenClock
from tests.plugins.bluesky_channel import Channel, directly
from tests.plugins.bluesky_server import LENA, ME, PASSWORD, TOM, FakeBluesky

GET_LOG = "chat.bsky.convo.getLog"


@pytest.fixture
def server(frozen_clock: FrozenClock) -> Iterator[FakeBluesky]:
    with FakeBluesky(frozen_clock) as running:
        yield running


@pytest.fixture
def channel(server: FakeBluesky, frozen_clock: FrozenClock, tmp_path: Path) -> Iterator[Channel]:
    made = Channel(server.url, "brightwater.test", PASSWORD, tmp_path, server.server.address, clock=frozen_clock)
    yield made
    made.close()


def test_on_the_lexicons_fake_what_was_said_before_comes_as_history_and_what_follows_does_not(
    server: FakeBluesky, channel: Channel
) -> None:
    early = [server.writes_directly(LENA, "hello?"), server.writes_directly(ME, "hello!")]
    assert channel.pull() == early
    assert all(page.history for page in channel.pages)
    later = server.writes_directly(LENA, "one more thing")
    assert channel.pull() == [later]
    assert not channel.pages[-1].history
    assert channel.pull() == []
    told = channel.messages[later]
    assert (told.kind, told.visibility, told.author.name) == (Kind.DIRECT, Visibility.DIRECT, "Lena Brandt")
    assert {message.root_id for message in channel.messages.values()} == {"dm:convo-lena"}


def test_on_the_lexicons_fake_ours_from_the_app_hangs_on_what_it_answers(server: FakeBluesky, channel: Channel) -> None:
    channel.pull()
    asked = server.writes_directly(LENA, "when?")
    channel.pull()
    native = server.writes_directly(ME, "tomorrow")
    channel.pull()
    assert channel.messages[native].author.is_us
    assert channel.messages[native].parent_id == asked


def test_on_the_lexicons_fake_a_deleted_message_goes_and_unknown_events_do_no_harm(
    server: FakeBluesky, channel: Channel
) -> None:
    channel.pull()
    gone, kept = server.writes_directly(LENA, "gone"), server.writes_directly(LENA, "kept")
    ours = server.writes_directly(ME, "ours")
    channel.pull()
    server.deletes(gone)
    server.deletes(ours)
    channel.pull()
    # Whoever reads a message can take it away for themselves: of Lena's nobody says that she did.
    assert channel.deleted == {gone: DeletedBy.UNAVAILABLE, ours: DeletedBy.AUTHOR}
    assert kept not in channel.deleted
    assert not any(page.skipped for page in channel.pages)


def test_on_the_lexicons_fake_an_app_password_without_them_costs_only_them(
    server: FakeBluesky, channel: Channel, frozen_clock: FrozenClock
) -> None:
    server.chat = "scope"
    assert channel.connector.check().warnings == ("cannot_read_direct", "not_encrypted")
    server.writes_directly(LENA, "unseen")
    said = server.says("seen")
    assert channel.pull() == [said]
    asked = len(server.calls(GET_LOG))
    channel.pull()
    assert len(server.calls(GET_LOG)) == asked, "it is not asked for again at every pull"
    server.chat = "works"
    frozen_clock.tick(3601)
    later = "dm:convo-lena/" + server.messages["convo-lena"][0]["id"]
    assert set(channel.pull()) == {later, said}, "and what was told before is told again once an hour"


def test_on_the_lexicons_fake_a_service_that_is_down_costs_no_post_and_what_is_old_is_no_news_later(
    server: FakeBluesky, channel: Channel, frozen_clock: FrozenClock
) -> None:
    server.chat = "down"
    old = server.writes_directly(LENA, "old")
    frozen_clock.tick(2 * 24 * 3600)
    said, recent = server.says("seen"), server.writes_directly(LENA, "recent")
    assert channel.pull() == [said]
    server.chat = "works"
    assert channel.pull() == [recent]
    assert old not in channel.messages


def test_on_the_lexicons_fake_an_answer_goes_into_the_conversation_and_accepts_a_request(
    server: FakeBluesky, channel: Channel
) -> None:
    asked = server.writes_directly(TOM, "can you help?", convo="convo-7", status="request")
    channel.pull()
    (receipt,) = channel.answer(asked, "Of course: https://brightwater.example/help")
    assert receipt.remote_id.startswith("dm:convo-7/")
    (sent,) = server.arrivals()
    assert (sent.visibility, len(sent.record["facets"])) == (Visibility.DIRECT, 1)
    assert server.convos["convo-7"]["status"] == "accepted"
    assert channel.messages[asked].reply.is_request
    assert set(channel.pull()) == {asked, receipt.remote_id}
    assert channel.messages[receipt.remote_id].author.is_us
    assert not channel.messages[asked].reply.is_request


def test_on_the_lexicons_fake_a_request_is_told_as_one_until_somebody_accepts_it(
    server: FakeBluesky, channel: Channel
) -> None:
    early = server.writes_directly(TOM, "can you help?", convo="convo-7", status="request")
    channel.pull()
    assert channel.messages[early].reply.is_request, "it stands in a list of its own"
    more = server.writes_directly(TOM, "hello?", convo="convo-7")
    channel.pull()
    assert channel.messages[more].reply.is_request
    server.accepts("convo-7")
    assert channel.pull() == [early, more], "told again: answering accepts nothing any more"
    assert not channel.messages[early].reply.is_request
    assert not channel.messages[more].reply.is_request
    assert channel.pull() == []


def test_on_the_lexicons_fake_an_acceptance_is_told_again_when_the_pull_that_read_it_was_lost(
    server: FakeBluesky, channel: Channel
) -> None:
    asked = server.writes_directly(TOM, "can you help?", convo="convo-7", status="request")
    channel.pull()
    server.accepts("convo-7")
    channel.connector.pull(channel.cursor)
    assert channel.pull() == [asked]


def test_on_the_lexicons_fake_a_service_without_a_list_of_requests_costs_nothing_else(
    server: FakeBluesky, channel: Channel
) -> None:
    server.refuses("chat.bsky.convo.listConvoRequests", 501, "MethodNotImplemented")
    said = server.writes_directly(LENA, "hello")
    assert channel.pull() == [said]


def test_on_the_lexicons_fake_a_group_is_told_with_its_name_and_who_reads_along(
    server: FakeBluesky, channel: Channel
) -> None:
    server.opens_group("convo-g", "Indigo evening", LENA, TOM, count=9)
    asked = server.writes_directly(LENA, "who brings salt?", convo="convo-g")
    answered = server.writes_directly(TOM, "me", convo="convo-g", answers=asked)
    between_two = server.writes_directly(LENA, "by the way")
    channel.pull()
    post = channel.messages[asked].post
    assert post is not None
    assert (post.title, post.text) == ("Indigo evening", "@lena.test, @tom.test +6")
    assert (channel.messages[answered].author.handle, channel.messages[answered].parent_id) == ("@tom.test", asked)
    assert channel.messages[between_two].post is None


def test_on_the_lexicons_fake_an_answer_into_a_group_says_what_it_answers_and_between_two_it_need_not(
    server: FakeBluesky, channel: Channel
) -> None:
    server.opens_group("convo-g", "Indigo evening", LENA, TOM)
    asked = server.writes_directly(LENA, "who brings salt?", convo="convo-g")
    server.writes_directly(TOM, "and who the tea?", convo="convo-g")
    between_two = server.writes_directly(LENA, "by the way")
    channel.pull()
    sent = channel.answer(asked, "We do. " * 200)
    channel.answer(between_two, "Yes?", "key-2")
    said = [message.record.get("replyTo") for message in server.arrivals()]
    assert said == [{"messageId": asked.rpartition("/")[2]}, None, None]
    channel.pull()
    assert channel.messages[sent[0].remote_id].parent_id == asked


def test_on_the_lexicons_fake_a_locked_group_cannot_be_answered_until_it_is_opened_again(
    server: FakeBluesky, channel: Channel
) -> None:
    server.opens_group("convo-g", "Indigo evening", LENA, TOM)
    asked = server.writes_directly(LENA, "who brings salt?", convo="convo-g")
    channel.pull()
    assert channel.messages[asked].reply.allowed
    server.locks("convo-g")
    channel.pull()
    assert channel.messages[asked].reply.why_not == "closed"
    server.locks("convo-g", locked=False)
    channel.pull()
    assert channel.messages[asked].reply.allowed


def test_on_the_lexicons_fake_a_post_can_be_answered_in_private_but_never_the_other_way_round(
    server: FakeBluesky, channel: Channel
) -> None:
    said = server.says("my order number is 7")
    asked = server.writes_directly(LENA, "in private")
    channel.pull()
    channel.answer(said, "Let us talk here.", **directly())
    assert [sent.visibility for sent in server.arrivals()] == [Visibility.DIRECT]
    with pytest.raises(Rejected) as refused:
        channel.plan(asked, "For everybody", visibility=Visibility.PUBLIC)
    assert refused.value.reason == "wider_audience"


def test_on_the_lexicons_fake_a_lost_answer_is_looked_up_and_never_taken_for_an_older_one(
    server: FakeBluesky, channel: Channel, frozen_clock: FrozenClock
) -> None:
    first = server.writes_directly(LENA, "thanks")
    channel.pull()
    channel.answer(first, "You are welcome.", key="key-1")
    second = server.writes_directly(LENA, "thanks again")
    channel.pull()
    since = frozen_clock()
    plan = channel.plan(second, "You are welcome.", key="key-2")
    assert channel.connector.reconcile(plan, 0, since) is None, "the same words stand above what is answered"
    server.fails(next_sends=["drop"])
    with pytest.raises(Ambiguous):
        channel.connector.send(plan, 0, None)
    found = channel.connector.reconcile(plan, 0, since)
    assert found is not None
    assert found.at - since < timedelta(minutes=1)
    assert len(server.arrivals()) == 2


@pytest.mark.parametrize(
    ("status", "error", "wanted", "reason"),
    [
        (400, "MessagesDisabled", Rejected, "reply_not_allowed"),
        (400, "NotFollowedBySender", Rejected, "reply_not_allowed"),
        (400, "BlockedActor", Rejected, "reply_not_allowed"),
        (500, "InternalServerError", Ambiguous, "server_error"),
        (400, "InvalidToken", ScopeMissing, "cannot_read_direct"),
    ],
)
def test_on_the_lexicons_fake_a_refused_message_says_why(
    server: FakeBluesky, channel: Channel, status: int, error: str, wanted: type[Exception], reason: str
) -> None:
    asked = server.writes_directly(LENA, "hello")
    channel.pull()
    server.refuses("chat.bsky.convo.sendMessage", status, error, "Bad token method" if error == "InvalidToken" else "")
    with pytest.raises(wanted) as refused:
        channel.answer(asked, "Hello!")
    assert getattr(refused.value, "reason") == reason  # noqa: B009
    assert not server.arrivals()


def test_on_the_lexicons_fake_somebody_who_takes_no_messages_is_not_written_to(
    server: FakeBluesky, channel: Channel
) -> None:
    said = server.says("in public")
    channel.pull()
    server.refuses("chat.bsky.convo.getConvoForMembers", 400, "InvalidRequest", "recipient has disabled messages")
    with pytest.raises(Rejected) as refused:
        channel.answer(said, "Hello!", **directly())
    assert refused.value.reason == "reply_not_allowed"


def test_on_the_lexicons_fake_nothing_leaves_when_the_conversation_cannot_be_looked_at(
    server: FakeBluesky, channel: Channel
) -> None:
    asked = server.writes_directly(LENA, "hello")
    channel.pull()
    server.refuses("chat.bsky.convo.getConvo", 502, "UpstreamFailure")
    with pytest.raises(Unavailable):
        channel.answer(asked, "Hello!")
    assert not server.arrivals()


def test_on_the_lexicons_fake_what_is_done_to_posts_is_refused_for_messages(
    server: FakeBluesky, channel: Channel
) -> None:
    asked = server.writes_directly(LENA, "hello")
    channel.pull()
    with pytest.raises(Rejected) as refused:
        channel.act(asked, "like")
    assert refused.value.reason == "not_for_messages"
