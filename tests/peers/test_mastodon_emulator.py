"""The Mastodon connector on mastodon_mock, an emulator: whatever passes here is compatible with an emulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.connector import DeletedBy, Kind, Visibility
from hub.errors import (
    Ambiguous,
    AuthExpired,
    Misconfigured,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
)
from tests.peers.mastodon import Emulator
from tests.plugins.mastodon_channel import Channel

pytestmark = pytest.mark.timeout(600)  # the first time, it has to be fetched

Connect = Callable[..., Channel]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def connect(mastodon_emulator: Emulator, tmp_path: Path) -> Iterator[Connect]:
    made: list[Channel] = []

    def connect(*, token: str = "", **settings: str) -> Channel:
        chosen = token or mastodon_emulator.token("brightwater")
        made.append(Channel(mastodon_emulator.url, chosen, tmp_path, mastodon_emulator.host, clock=now, **settings))
        return made[-1]

    yield connect
    for channel in made:
        channel.close()


@pytest.fixture
def channel(connect: Connect) -> Channel:
    """Our channel, with what earlier tests left already taken in."""
    channel = connect()
    channel.pull()
    channel.messages.clear()
    return channel


def words_of_ours(emulator: Emulator) -> list[str]:
    return [status["content"] for status in emulator.written_by("brightwater")]


def test_check_says_who_we_are_on_an_emulator(channel: Channel) -> None:
    found = channel.connector.check()
    assert found.account.handle == "@brightwater@localhost"
    assert {"graphemes": 500, "graphemes_per_url": 23, "attachments": 4}.items() <= found.limits.items()
    assert found.can_send


def test_a_mention_and_an_answer_to_our_post_arrive_on_an_emulator(
    channel: Channel, mastodon_emulator: Emulator
) -> None:
    post = mastodon_emulator.posts("brightwater", "We measured the water.")
    asked = mastodon_emulator.posts("lena", "@brightwater is ten weeks normal?")
    under = mastodon_emulator.posts("tom", "@brightwater mine too", in_reply_to_id=post)
    assert channel.pull() == [asked, under]
    assert channel.messages[asked].text == "@brightwater is ten weeks normal?"
    assert (channel.messages[asked].kind, channel.messages[under].kind) == (Kind.MENTION, Kind.REPLY)
    above = channel.messages[under].post
    assert above is not None
    assert (above.remote_id, above.text) == (post, "We measured the water.")
    assert channel.pull() == []


def test_the_votes_of_a_poll_come_on_an_emulator(channel: Channel, mastodon_emulator: Emulator) -> None:
    question = {"options": ["Hard", "Soft"], "expires_in": 3600}
    asked = mastodon_emulator.posts("lena", "@brightwater which is it?", poll=question)
    assert channel.pull() == [asked]
    before = channel.messages[asked]
    assert before.poll is not None
    assert [(choice.text, choice.votes) for choice in before.poll.choices] == [("Hard", 0), ("Soft", 0)]
    mastodon_emulator.votes("tom", asked, 1)
    assert channel.pull() == [asked]
    after = channel.messages[asked]
    assert after.poll is not None
    assert [(choice.votes, choice.is_ours) for choice in after.poll.choices] == [(0, False), (1, False)]
    assert (after.revision, after.text, after.poll.has_ended) == (before.revision, before.text, False)
    assert channel.pull() == []


def test_a_thread_comes_with_its_context_on_an_emulator(channel: Channel, mastodon_emulator: Emulator) -> None:
    root = mastodon_emulator.posts("tom", "who knows about water?")
    middle = mastodon_emulator.posts("lena", "I do not", in_reply_to_id=root)
    asked = mastodon_emulator.posts("tom", "@brightwater maybe?", in_reply_to_id=middle)
    assert set(channel.pull()) == {root, middle, asked}
    assert {message.root_id for message in channel.messages.values()} == {root}


def test_a_direct_message_is_answered_in_private_on_an_emulator(channel: Channel, mastodon_emulator: Emulator) -> None:
    secret = mastodon_emulator.posts("lena", "@brightwater my address is", visibility="direct")
    channel.pull()
    assert channel.messages[secret].visibility is Visibility.DIRECT
    channel.answer(secret, "Thank you, noted.", "direct-1")
    answer = mastodon_emulator.written_by("brightwater")[0]
    assert (answer["visibility"], answer["in_reply_to_id"]) == ("direct", secret)
    assert [mention["acct"] for mention in answer["mentions"]] == ["lena"]


def test_an_answer_arrives_once_and_comes_back_as_ours_on_an_emulator(
    channel: Channel, mastodon_emulator: Emulator
) -> None:
    asked = mastodon_emulator.posts("lena", "@brightwater once?")
    channel.pull()
    first = channel.answer(asked, "Once & for all.", "once-1")[0]
    again = channel.answer(asked, "Once & for all.", "once-1")[0]
    assert again.remote_id == first.remote_id
    assert sum("Once &amp; for all." in words for words in words_of_ours(mastodon_emulator)) == 1
    channel.pull()
    assert channel.messages[first.remote_id].author.is_us
    assert channel.messages[first.remote_id].text == "Once & for all."


def test_a_long_answer_is_a_thread_on_an_emulator(channel: Channel, mastodon_emulator: Emulator) -> None:
    asked = mastodon_emulator.posts("lena", "@brightwater tell me all")
    channel.pull()
    sent = channel.answer(asked, "This sentence says it all. " * 40, "long-1")
    assert len(sent) == 3
    posted = {status["id"]: status["in_reply_to_id"] for status in mastodon_emulator.written_by("brightwater")}
    assert [posted[receipt.remote_id] for receipt in sent] == [asked, sent[0].remote_id, sent[1].remote_id]


def test_an_answer_from_another_app_is_ours_on_an_emulator(channel: Channel, mastodon_emulator: Emulator) -> None:
    asked = mastodon_emulator.posts("lena", "@brightwater on the phone?")
    native = mastodon_emulator.posts("brightwater", "@lena yes, on the phone", in_reply_to_id=asked)
    channel.pull()
    assert channel.messages[native].author.is_us
    assert channel.messages[native].text == "yes, on the phone"


def test_an_edit_arrives_on_an_emulator(channel: Channel, mastodon_emulator: Emulator) -> None:
    asked = mastodon_emulator.posts("lena", "@brightwater befor")
    channel.pull()
    before = channel.messages[asked].revision
    mastodon_emulator.edits("lena", asked, "@brightwater before")
    assert channel.pull() == [asked]
    assert channel.messages[asked].text == "@brightwater before"
    assert channel.messages[asked].revision != before
    assert channel.messages[asked].edited_at is not None


def test_a_deletion_arrives_and_cannot_be_answered_on_an_emulator(
    channel: Channel, mastodon_emulator: Emulator
) -> None:
    asked = mastodon_emulator.posts("lena", "@brightwater never mind")
    channel.pull()
    plan = channel.plan(asked, "What?")
    mastodon_emulator.deletes("lena", asked)
    channel.pull()
    assert channel.deleted[asked] is DeletedBy.UNAVAILABLE
    with pytest.raises(NotFound):
        channel.connector.send(plan, 0, None)


def test_a_burst_is_taken_whole_on_an_emulator(channel: Channel, mastodon_emulator: Emulator) -> None:
    said = {mastodon_emulator.posts("tom", f"@brightwater burst {number}") for number in range(100)}
    assert said <= set(channel.pull())


def test_a_lost_answer_is_found_on_an_emulator(channel: Channel, mastodon_emulator: Emulator) -> None:
    asked = mastodon_emulator.posts("lena", "@brightwater lost?")
    channel.pull()
    since = now()
    lost, never = channel.plan(asked, "It did arrive 👍", "lost-1"), channel.plan(asked, "It never left", "lost-2")
    broken = mastodon_emulator.fault("/api/v1/statuses", {"type": "status", "status": 502}, "POST")
    with broken, pytest.raises(Ambiguous):
        channel.connector.send(never, 0, None)
    receipt = channel.connector.send(lost, 0, None)
    found = channel.connector.reconcile(lost, 0, since)
    assert found is not None
    assert found.remote_id == receipt.remote_id
    assert channel.connector.reconcile(never, 0, since) is None


def test_garbage_instead_of_a_receipt_is_ambiguous_on_an_emulator(
    channel: Channel, mastodon_emulator: Emulator
) -> None:
    asked = mastodon_emulator.posts("lena", "@brightwater garbage?")
    channel.pull()
    with mastodon_emulator.fault("/api/v1/statuses", {"type": "malformed"}, "POST"), pytest.raises(Ambiguous):
        channel.answer(asked, "Yes", "garbage-1")


def test_a_rate_limit_says_until_when_on_an_emulator(channel: Channel, mastodon_emulator: Emulator) -> None:
    limited = mastodon_emulator.fault("/api/v1/notifications", {"type": "ratelimit"})
    with limited, pytest.raises(RateLimited) as slowed:
        channel.step()
    assert slowed.value.retry_at is not None
    assert timedelta(minutes=4) < slowed.value.retry_at - now() < timedelta(minutes=6)
    channel.pull()


def test_a_server_in_trouble_loses_nothing_on_an_emulator(channel: Channel, mastodon_emulator: Emulator) -> None:
    asked = mastodon_emulator.posts("lena", "@brightwater through the storm")
    for effect in ({"type": "status", "status": 503}, {"type": "malformed"}):
        with mastodon_emulator.fault("/api/v1/notifications", effect), pytest.raises(Unavailable):
            channel.step()
    assert asked in channel.pull()


def test_actions_reach_an_emulator(channel: Channel, mastodon_emulator: Emulator) -> None:
    asked = mastodon_emulator.posts("lena", "@brightwater like this")
    channel.pull()
    for name in ("like", "boost", "bookmark"):
        channel.act(asked, name)
        channel.act(asked, name)
    status = mastodon_emulator.call("GET", f"statuses/{asked}", "brightwater")
    assert (status["favourited"], status["reblogged"], status["bookmarked"]) == (True, True, True)
    ours = channel.answer(asked, "Thanks", "like-1")[0].remote_id
    channel.pull()
    channel.act(ours, "delete")
    assert not [words for words in words_of_ours(mastodon_emulator) if "Thanks" in words]


def test_a_like_taken_back_in_another_app_is_noticed_on_an_emulator(
    channel: Channel, mastodon_emulator: Emulator
) -> None:
    asked = mastodon_emulator.posts("lena", "@brightwater like that")
    mastodon_emulator.call("POST", f"statuses/{asked}/favourite", "brightwater")
    channel.pull()
    assert channel.messages[asked].done == ("like",)
    mastodon_emulator.call("POST", f"statuses/{asked}/unfavourite", "brightwater")
    channel.pull()
    assert "like" in channel.messages[asked].undone


def test_an_answer_that_leaves_our_name_out_is_found_on_an_emulator(
    channel: Channel, mastodon_emulator: Emulator
) -> None:
    post = mastodon_emulator.posts("brightwater", "We measured the water of fifty towns.")
    channel.pull()
    answer = mastodon_emulator.posts("tom", "And of Leipzig?", in_reply_to_id=post)
    channel.pull()
    channel.pull()
    assert (channel.messages[answer].kind, channel.messages[answer].addressed) == (Kind.REPLY, True)


def test_what_is_said_under_a_hashtag_arrives_on_an_emulator(connect: Connect, mastodon_emulator: Emulator) -> None:
    before = mastodon_emulator.posts("lena", "My first #kalkfrei")
    channel = connect(tags="#kalkfrei")
    channel.pull()
    said = mastodon_emulator.posts("lena", "My second #kalkfrei")
    channel.pull()
    assert before not in channel.messages
    assert channel.messages[said].addressed


def test_a_text_the_emulator_finds_too_long_is_rejected(channel: Channel, mastodon_emulator: Emulator) -> None:
    """The emulator counts code points where Mastodon counts characters."""
    asked = mastodon_emulator.posts("lena", "@brightwater families?")
    channel.pull()
    with pytest.raises(Rejected) as refused:
        channel.answer(asked, "\U0001f468\u200d\U0001f469\u200d\U0001f467 " * 150, "families-1")
    assert refused.value.reason == "too_long"


def test_a_wrong_token_is_told_at_its_field_on_an_emulator(connect: Connect) -> None:
    with pytest.raises(Misconfigured) as wrong:
        connect(token="nobody-has-this").connector.check()
    assert (wrong.value.field, wrong.value.reason) == ("token", "wrong_token")


def test_a_restart_of_the_emulator_loses_nothing(connect: Connect, mastodon_emulator: Emulator) -> None:
    channel = connect()
    channel.pull()
    mastodon_emulator.stop()
    with pytest.raises(Unavailable):
        channel.step()
    mastodon_emulator.start()
    asked = mastodon_emulator.posts("lena", "@brightwater back again?")
    assert asked in channel.pull()


def test_a_token_revoked_meanwhile_stops_everything_on_an_emulator(
    connect: Connect, mastodon_emulator: Emulator
) -> None:
    channel = connect(token=mastodon_emulator.token("tom"))
    channel.pull()
    asked = mastodon_emulator.posts("lena", "@tom still there?")
    channel.pull()
    plan = channel.plan(asked, "Yes")
    mastodon_emulator.revokes(mastodon_emulator.token("tom"))
    with pytest.raises(AuthExpired):
        channel.step()
    with pytest.raises(AuthExpired):
        channel.connector.send(plan, 0, None)
    with pytest.raises(AuthExpired):
        channel.act(asked, "like")
