"""Each kind of bad input on Mastodon ends in a clear message where the person is, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.connector import DeletedBy, Kind, Visibility
from hub.errors import HubError, Invalid
from hub.kernel.texts import describe, describe_warning
from hub.testing.clock import FrozenClock
from tests.plugins import mastodon_fixtures as fixtures
from tests.plugins.mastodon_channel import Channel
from tests.plugins.mastodon_server import LENA, PEOPLE, TOKEN, Dialect, FakeMastodon

HEARD, STATUSES, ME = "/api/v1/notifications", "/api/v1/statuses", "/api/v1/accounts/verify_credentials"
DAY = 24 * 3600

Connect = Callable[..., Channel]


clock, dialect, server, channel = fixtures.clock, fixtures.dialect, fixtures.server, fixtures.channel


def told(work: Callable[[], object]) -> str:
    """What a person reads when this fails."""
    with pytest.raises(HubError) as failed:
        work()
    return describe(failed.value).title


# --- the account --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error", "title"),
    [
        (401, "The access token is invalid", "The network has withdrawn our access"),
        (401, "The access token was revoked", "The network has withdrawn our access"),
        (403, "Your login is currently disabled", "The network has suspended this account"),
        (200, "", "The server answered with a page instead of data"),
        (503, "", "The server has a fault of its own"),
        (429, "Too many requests", "The network asks us to slow down"),
    ],
    ids=["token expired or app deleted", "token revoked", "suspended", "html with 200", "down", "too many"],
)
def test_what_happens_to_an_account_is_said_on_its_channel(
    channel: Channel, server: FakeMastodon, status: int, error: str, title: str
) -> None:
    channel.pull()
    server.refuses("GET", HEARD, status, error)
    assert told(channel.pull).startswith(title)
    server.says("the rest goes on")
    assert channel.pull()


def test_an_account_that_moved_says_where_to_look(channel: Channel, server: FakeMastodon) -> None:
    server.account = {"moved": {"id": "2", "acct": "brightwater@new.example"}}
    (warning,) = set(channel.connector.check().warnings) - {"not_encrypted"}
    assert describe_warning(warning).title == "This account has moved to another server"


def test_a_person_with_another_name_is_the_same_person(
    channel: Channel, server: FakeMastodon, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _ = server.says("one"), channel.pull()
    monkeypatch.setitem(PEOPLE, LENA, ("lena.brandt@chaos.example", "Lena B."))
    after, _ = server.says("two"), channel.pull()
    first, second = channel.messages[before].author, channel.messages[after].author
    assert (first.id, second.handle) == (second.id, "@lena.brandt@chaos.example")


# --- scopes -------------------------------------------------------------------------------------------------------


def test_a_token_that_may_not_hear_still_answers_and_warns(channel: Channel, server: FakeMastodon) -> None:
    question = server.says("Is that normal?")
    channel.pull()
    server.refused_scopes = {"notifications"}
    assert "cannot_read_notifications" in channel.connector.check().warnings
    server.native_reply(question, "Answered on the phone")
    assert len(channel.pull()) == 1
    assert channel.answer(question, "Yes")


def test_a_token_that_may_not_read_posts_still_hears_and_takes_nothing_for_deleted(
    channel: Channel, server: FakeMastodon
) -> None:
    channel.pull()
    server.refused_scopes = {"statuses"}
    assert "cannot_read_posts" in channel.connector.check().warnings
    question = server.says("Is that normal?", parent=server.writes(LENA, "above"))
    assert question in channel.pull()
    channel.pull()
    assert channel.deleted == {}


def test_every_warning_has_words(channel: Channel, server: FakeMastodon) -> None:
    server.refused_scopes = {"statuses", "notifications"}
    server.scopes = ["read:accounts"]
    for word in (*channel.connector.check().warnings, "notifications_held_back"):
        assert "The network says" not in describe_warning(word).title


@pytest.mark.parametrize(
    ("source", "warned"),
    [
        ({"follow_requests_count": 3}, ["follow_requests:3"]),
        ({"follow_requests_count": 0}, []),
        ({"follow_requests_count": "3"}, []),
        ({"follow_requests_count": True}, []),
        ({}, []),
        (None, []),
    ],
)
def test_who_waits_to_follow_us_is_counted_where_the_server_tells(
    channel: Channel, server: FakeMastodon, source: object, warned: list[str]
) -> None:
    server.account = {"source": source}
    warnings = channel.connector.check().warnings
    assert [word for word in warnings if word.startswith("follow")] == warned
    titles = [describe_warning(word).title for word in warnings]
    assert ("Requests to follow this account that wait there: 3" in titles) is bool(warned)


# --- what the server keeps to itself ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialect", "hidden", "warned"),
    [
        (Dialect(), True, False),
        (Dialect(filtered=False), False, False),
        (Dialect(filtered=False), True, True),
        (Dialect(filtered=False, bad_request=400), True, True),
    ],
    indirect=["dialect"],
)
def test_held_back_notifications_are_warned_of_where_they_cannot_be_read(
    channel: Channel, server: FakeMastodon, hidden: bool, warned: bool
) -> None:
    server.says("Hello")
    server.says("Are you there?")
    server.hidden = set(server.notifications) if hidden else set()
    warnings = channel.connector.check().warnings
    assert ("notifications_held_back:2" in warnings) is warned
    titles = [describe_warning(word).title for word in warnings]
    assert ("Notifications that the server holds back from this account: 2" in titles) is warned


def test_a_direct_message_that_no_notification_told_of_is_found_within_a_day(
    channel: Channel, server: FakeMastodon, clock: FrozenClock
) -> None:
    channel.pull()
    secret = server.writes(LENA, "psst", visibility=Visibility.DIRECT)
    server.direct.append(secret)
    assert channel.pull() == []
    clock.tick(DAY)
    assert channel.pull() == [secret]
    assert channel.messages[secret].kind is Kind.DIRECT
    clock.tick(DAY)
    assert channel.pull() == []


@pytest.mark.parametrize("status", [200, 403, 404, 500])
def test_a_server_that_tells_no_conversations_is_pulled_all_the_same(
    channel: Channel, server: FakeMastodon, clock: FrozenClock, status: int
) -> None:
    channel.pull()
    clock.tick(DAY)
    server.refuses("GET", "/api/v1/conversations", status, "no" if status != 200 else "")
    question = server.says("Hello")
    assert channel.pull() == [question]


# --- single messages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("garbled", [0, 40, 79])
def test_one_malformed_item_in_a_page_of_eighty_costs_only_itself(
    channel: Channel, server: FakeMastodon, garbled: int
) -> None:
    ids = [server.says(f"{number}") for number in range(80)]
    server.garbles(ids[garbled])
    came = channel.pull()
    assert sorted(came) == sorted(id for id in ids if id != ids[garbled])
    assert sum(len(page.skipped) for page in channel.pages) == 1


def test_a_notification_of_a_kind_nobody_knows_is_passed_over(channel: Channel, server: FakeMastodon) -> None:
    server.dialect = Dialect(types=False)
    odd = server.says("odd")
    server.estranges(odd)
    question = server.says("usual")
    assert question in channel.pull()
    assert not [page for page in channel.pages if page.skipped]


# --- answering ----------------------------------------------------------------------------------------------------


@pytest.fixture
def question(channel: Channel, server: FakeMastodon) -> str:
    id = server.says("Is ten weeks normal?")
    channel.pull()
    return id


def test_a_message_that_is_gone_says_so_to_whoever_answers(
    channel: Channel, server: FakeMastodon, question: str
) -> None:
    server.deletes(question)
    assert told(lambda: channel.answer(question, "Yes")).startswith("What this answers is not there")
    server.refuses("GET", f"{STATUSES}/{question}", 410, "Gone")
    assert told(lambda: channel.answer(question, "Yes")).startswith("The message was deleted")
    assert not server.arrivals()


def test_a_blocked_author_is_said_to_whoever_answers(channel: Channel, server: FakeMastodon, question: str) -> None:
    server.closes(question)
    title = told(lambda: channel.answer(question, "Yes"))
    assert title.startswith("The author does not take answers from this account")


def test_one_character_too_many_is_said_while_it_is_typed(channel: Channel, question: str) -> None:
    room = 500 - len("@lena ")
    fits, over = ("\N{FAMILY}" * length for length in (room, room + 1))
    assert channel.connector.measure(channel.outgoing(question, "x" * room), {}).errors == ()
    measured = channel.connector.measure(channel.outgoing(question, "x" * (room + 1)), {})
    assert measured.errors == ("too_long",)
    assert channel.connector.measure(channel.outgoing(question, fits), {}).parts == 1
    assert channel.connector.measure(channel.outgoing(question, over), {}).parts == 2
    assert describe(Invalid("text", measured.errors[0], limit=500)).title


def test_answers_to_public_posts_may_be_proposed_unlisted(
    server: FakeMastodon, clock: FrozenClock, tmp_path: Path
) -> None:
    channel = Channel(server.url, TOKEN, tmp_path, server.server.address, clock=clock, answers="unlisted")
    loud, quiet = server.says("loud"), server.says("quiet", visibility=Visibility.FOLLOWERS)
    channel.pull()
    proposed = {id: channel.messages[id].reply.visibility for id in (loud, quiet)}
    assert proposed == {loud: Visibility.UNLISTED, quiet: None}
    channel.close()


def test_a_deletion_is_told_as_unavailable_until_it_is_certain(
    channel: Channel, server: FakeMastodon, question: str
) -> None:
    server.refuses("GET", STATUSES, 404, "no batches here")
    server.deletes(question)
    channel.pull()
    assert channel.deleted == {question: DeletedBy.UNAVAILABLE}
