"""The Mastodon connector on a hand-written fake server: threads, changes, refusals, odd servers and wrong settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.connector import DeletedBy, Kind, Visibility
from hub.errors import (
    AlreadySent,
    Ambiguous,
    AuthExpired,
    ConnectorError,
    Gone,
    Misconfigured,
    NotFound,
    RateLimited,
    Rejected,
    ScopeMissing,
    Unavailable,
)
from hub.testing.clock import FrozenClock
from hub.testing.contract.watching import check_page
from hub.testing.server import Answer, Arrival, FakeServer, Fault
from tests.plugins import mastodon_fixtures as fixtures
from tests.plugins.mastodon_channel import Channel
from tests.plugins.mastodon_server import LENA, ME, TOKEN, TOM, Dialect, FakeMastodon

STATUSES = "/api/v1/statuses"
HEARD = "/api/v1/notifications"
Connect = Callable[..., Channel]


clock, dialect, server = fixtures.clock, fixtures.dialect, fixtures.server


@pytest.fixture
def connect(server: FakeMastodon, clock: FrozenClock, tmp_path: Path) -> Iterator[Connect]:
    made: list[Channel] = []

    def connect(*, token: str = TOKEN, address: str = "") -> Channel:
        host = (address or server.url).removeprefix("http://")
        made.append(Channel(address or server.url, token, tmp_path, host, clock=clock))
        return made[-1]

    yield connect
    for channel in made:
        channel.close()


@pytest.fixture
def channel(connect: Connect) -> Channel:
    """A channel that has already taken the history of an empty account."""
    channel = connect()
    channel.pull()
    return channel


# --- what comes in ----------------------------------------------------------------------------------------------------


def test_a_question_under_our_post_shows_the_post_above_it(channel: Channel, server: FakeMastodon) -> None:
    post = server.writes(ME, "We measured the water of fifty towns.")
    question = server.says("Mine, too?", parent=post)
    assert channel.pull() == [question]
    message = channel.messages[question]
    assert (message.kind, message.parent_id, message.root_id) == (Kind.REPLY, post, post)
    assert message.post is not None
    assert (message.post.remote_id, message.post.text) == (post, "We measured the water of fifty towns.")


def test_a_mention_deep_in_a_thread_brings_the_thread_as_context(channel: Channel, server: FakeMastodon) -> None:
    post = server.writes(ME, "We measured the water.")
    first = server.writes(TOM, "How?", parent=post, at=server.clock() - timedelta(days=8))
    second = server.writes(LENA, "I wonder as well", parent=first)
    asked = server.writes(TOM, "@brightwater ?", parent=second, heard_as="mention")
    side = server.writes(LENA, "Good question", parent=asked)
    assert set(channel.pull()) == {first, second, asked, side}
    addressed = {id: message.addressed for id, message in channel.messages.items()}
    assert addressed == {first: False, second: False, asked: True, side: False}
    assert {message.root_id for message in channel.messages.values()} == {post}
    assert all(message.post is not None for message in channel.messages.values())


def test_the_thread_of_somebody_else_begins_with_their_message(channel: Channel, server: FakeMastodon) -> None:
    root = server.writes(TOM, "Who knows about water?")
    asked = server.says("@brightwater does", parent=root)
    assert set(channel.pull()) == {root, asked}
    assert channel.messages[asked].post is None
    assert (channel.messages[asked].root_id, channel.messages[root].addressed) == (root, False)


def test_our_own_answers_in_a_thread_are_ours_wherever_they_are_met(channel: Channel, server: FakeMastodon) -> None:
    root = server.writes(TOM, "Who knows about water?")
    ours = server.writes(ME, "We do", parent=root)
    asked = server.says("Really?", parent=ours)
    channel.pull()
    assert channel.messages[ours].author.is_us
    assert not channel.messages[asked].author.is_us


def test_threads_that_must_wait_are_read_by_later_pulls(channel: Channel, server: FakeMastodon) -> None:
    asked, roots = [], []
    for number in range(12):
        root = server.writes(TOM, f"root {number}")
        above = server.writes(TOM, f"above {number}", parent=root)
        asked.append(server.says(f"deep {number}", parent=above))
        roots.append(root)
    channel.pull()
    assert set(asked) <= set(channel.messages)
    for _ in range(3):
        channel.pull()
    assert set(roots) <= set(channel.messages)


def test_a_thread_that_breaks_the_server_costs_only_itself(channel: Channel, server: FakeMastodon) -> None:
    root = server.writes(TOM, "root")
    above = server.writes(TOM, "above", parent=root)
    asked = server.says("deep", parent=above)
    server.refuses("GET", f"{STATUSES}/{asked}/context", 500, "Oops")
    channel.pull()
    assert {asked, above} <= set(channel.messages)
    assert not channel.pull()


def test_a_quote_of_ours_is_told_with_what_it_quotes(channel: Channel, server: FakeMastodon) -> None:
    post = server.writes(ME, "We measured the water.")
    quote = {"state": "accepted", "quoted_status": server.statuses[post]}
    quoting = server.writes(LENA, "Look at this", heard_as="quote", quote=quote)
    channel.pull()
    message = channel.messages[quoting]
    assert (message.kind, message.addressed) == (Kind.QUOTE, True)
    assert message.post is not None
    assert message.post.remote_id == post


@pytest.mark.parametrize("kind", ["favourite", "reblog", "follow", "admin.sign_up", "hologram"])
def test_kinds_that_need_no_answer_are_passed_over(channel: Channel, server: FakeMastodon, kind: str) -> None:
    server.dialect = Dialect(types=False)
    about = server.writes(LENA, "Nice")
    server.notifies(kind, about)
    server.notifies(kind, None)
    asked = server.says("And a question")
    assert channel.pull() == [asked]
    assert not channel.pages[-1].skipped


def test_a_notification_without_its_status_is_passed_over(channel: Channel, server: FakeMastodon) -> None:
    server.notifies("mention", None)
    server.notifies("poll", None)
    assert channel.pull() == []
    assert not [page for page in channel.pages if page.skipped]


def test_a_poll_of_ours_that_ended_is_no_message(channel: Channel, server: FakeMastodon) -> None:
    server.notifies("poll", server.writes(ME, "Hard or soft?"))
    assert channel.pull() == []


def test_a_broken_notification_goes_to_the_dead_letters_once(channel: Channel, server: FakeMastodon) -> None:
    broken = server.says("broken")
    server.garbles(broken)
    for _ in range(3):
        channel.pull()
    assert sum(len(page.skipped) for page in channel.pages) == 1


def test_filtered_notifications_come_in(channel: Channel, server: FakeMastodon) -> None:
    hidden = server.says("from somebody new")
    server.hidden = set(server.notifications)
    assert channel.pull() == [hidden]


@pytest.mark.parametrize("dialect", [Dialect(filtered=False)], indirect=True)
def test_what_an_old_server_filtered_comes_once_it_is_let_in(
    channel: Channel, server: FakeMastodon, clock: FrozenClock
) -> None:
    filtered = server.says("from somebody new")
    server.hidden = set(server.notifications)
    for number in range(20):
        server.says(f"from an old friend {number}")
    channel.pull()
    server.hidden = set()
    assert channel.pull() == []
    clock.tick(16 * 60)
    assert channel.pull() == [filtered]


def test_the_visibility_of_a_message_bounds_the_answer(channel: Channel, server: FakeMastodon) -> None:
    secret = server.says("secret", visibility=Visibility.DIRECT)
    channel.pull()
    assert channel.messages[secret].kind is Kind.DIRECT
    with pytest.raises(Rejected) as refused:
        channel.connector.plan(channel.outgoing(secret, "Loud", visibility=Visibility.PUBLIC), "key")
    assert refused.value.reason == "wider_audience"


# --- what changes later -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", [Dialect(), Dialect(many=False)], indirect=True, ids=["many at once", "singly"])
def test_edits_and_deletions_far_back_are_found_in_turn(channel: Channel, server: FakeMastodon) -> None:
    ids = [server.says(f"message {number}") for number in range(60)]
    channel.pull()
    server.edits(ids[3], "another thing")
    server.deletes(ids[7])
    came = [id for _ in range(30) for id in channel.pull()]
    assert came == [ids[3]]
    assert channel.messages[ids[3]].text == "another thing"
    assert channel.deleted == {ids[7]: DeletedBy.UNAVAILABLE}


def test_what_is_visible_again_comes_back(channel: Channel, server: FakeMastodon) -> None:
    said = server.says("now you see me")
    channel.pull()
    kept = server.statuses.pop(said)
    channel.pull()
    assert said in channel.deleted
    server.statuses[said] = kept
    assert channel.pull() == [said]


def test_what_stays_away_is_told_once(channel: Channel, server: FakeMastodon) -> None:
    said = server.says("gone")
    channel.pull()
    server.deletes(said)
    for _ in range(4):
        channel.pull()
    assert [deleted.remote_id for page in channel.pages for deleted in page.deleted] == [said]


def test_the_authors_own_deletion_is_the_last_word(channel: Channel, server: FakeMastodon) -> None:
    said = server.says("gone")
    channel.pull()
    server.deletes(said)
    server.refuses("GET", f"{STATUSES}/{said}", 410, "Gone")
    channel.pull()
    assert channel.deleted == {said: DeletedBy.AUTHOR}


def test_an_edit_keeps_the_kind_under_which_it_came(channel: Channel, server: FakeMastodon) -> None:
    post = server.writes(ME, "We measured the water.")
    quote = {"state": "accepted", "quoted_status": server.statuses[post]}
    quoting = server.writes(LENA, "Look at this", heard_as="quote", quote=quote)
    channel.pull()
    server.edits(quoting, "Look at that")
    channel.pull()
    assert (channel.messages[quoting].kind, channel.messages[quoting].addressed) == (Kind.QUOTE, True)


# --- other servers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dialect",
    [
        Dialect(ids="ulids", min_id="inclusive"),
        Dialect(min_id="ignored"),
        Dialect(filtered=False, types=False, bad_request=400),
    ],
    indirect=True,
    ids=["ULIDs, inclusive", "min_id ignored", "400 for unknown parameters"],
)
def test_a_burst_is_taken_whole_by_any_server(channel: Channel, server: FakeMastodon) -> None:
    server.says("before")
    channel.pull()
    said = {server.says(f"burst {number}") for number in range(200)}
    assert said <= set(channel.pull())


def test_an_account_that_moved_to_another_server_is_begun_anew(channel: Channel, connect: Connect) -> None:
    foreign = '"' + '","'.join(f"01HZ{number:022d}" for number in range(30)) + '"'
    with FakeMastodon() as elsewhere:
        said = elsewhere.says("here I am")
        moved = connect(address=elsewhere.url)
        moved.cursor = (
            f'{{"v":1,"heard":[[{foreign}],4000000000,null,0,0],"said":[[],1,null,0,0],"history":false,'
            '"watched":[],"turn":0,"waiting":[],"sweep":[null,4000000000,0]}'
        )
        assert said in moved.pull()


def test_a_server_near_its_limit_is_left_alone(channel: Channel, server: FakeMastodon, clock: FrozenClock) -> None:
    until = (clock() + timedelta(seconds=120)).isoformat()
    server.headers = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "20", "X-RateLimit-Reset": until}
    assert channel.step().pull_after == 120


def test_a_token_revoked_meanwhile_ends_the_pull(channel: Channel, server: FakeMastodon) -> None:
    server.token = "another"
    with pytest.raises(AuthExpired):
        channel.pull()


def test_html_with_status_200_is_a_passing_trouble(channel: Channel, server: FakeMastodon) -> None:
    server.refuses("GET", HEARD, 200)
    with pytest.raises(Unavailable):
        channel.pull()


def test_the_cursor_of_a_busy_account_stays_small(channel: Channel, server: FakeMastodon) -> None:
    for number in range(500):
        server.says(f"message {number}")
    channel.pull()
    check_page(channel.pages[-1])


# --- what goes out ----------------------------------------------------------------------------------------------------


def asked(channel: Channel, server: FakeMastodon, text: str = "Is that normal?") -> str:
    id = server.says(text)
    channel.pull()
    return id


def test_a_long_answer_becomes_a_thread_and_each_part_hangs_on_the_one_before(
    channel: Channel, server: FakeMastodon
) -> None:
    question = asked(channel, server)
    sent = channel.answer(question, "Sentence one is here. " * 40)
    bodies = [arrived.body for arrived in server.arrivals()]
    assert [body["in_reply_to_id"] for body in bodies] == [question, *(receipt.remote_id for receipt in sent[:-1])]
    assert all(body["status"].startswith("@lena@chaos.example Sentence") for body in bodies)
    assert len({arrived.key for arrived in server.arrivals()}) == len(sent) == 2


def test_language_and_warning_go_along(channel: Channel, server: FakeMastodon) -> None:
    question = server.writes(LENA, "hm", heard_as="mention", spoiler_text="water")
    channel.pull()
    channel.answer(question, "Yes")
    body = server.arrivals()[0].body
    assert (body["spoiler_text"], body["language"], body["visibility"]) == ("water", "en", "public")


def test_the_echo_has_the_words_that_were_sent(channel: Channel, server: FakeMastodon) -> None:
    question = asked(channel, server)
    plan = channel.plan(question, "Yes, ask @tom about it.")
    receipt = channel.connector.send(plan, 0, None)
    channel.pull()
    assert channel.messages[receipt.remote_id].text == plan.parts[0].text


def test_the_servers_own_limit_decides(channel: Channel, server: FakeMastodon) -> None:
    question = asked(channel, server)
    server.most = 100
    assert len(channel.plan(question, "Ten words make a sentence of about sixty. " * 5).parts) > 1


def test_a_resend_that_the_server_recognises_says_so(
    channel: Channel, server: FakeMastodon, clock: FrozenClock
) -> None:
    question = asked(channel, server)
    plan = channel.plan(question, "Yes")
    first = channel.connector.send(plan, 0, None)
    clock.tick(600)
    with pytest.raises(AlreadySent) as again:
        channel.connector.send(plan, 0, None)
    assert again.value.receipt.remote_id == first.remote_id
    assert len(server.arrivals()) == 1


def test_a_used_key_that_breaks_the_server_is_looked_up_not_sent_again(
    channel: Channel, server: FakeMastodon, clock: FrozenClock
) -> None:
    question, since = asked(channel, server), clock()
    plan = channel.plan(question, "Yes")
    server.fails(next_sends=["drop"])
    with pytest.raises(Ambiguous):
        channel.connector.send(plan, 0, None)
    server.refuses("POST", STATUSES, 500, "Internal server error")
    with pytest.raises(Ambiguous):
        channel.connector.send(plan, 0, None)
    assert channel.connector.reconcile(plan, 0, since) is not None
    assert len(server.arrivals()) == 1


@pytest.mark.parametrize(
    ("status", "error", "kind", "reason"),
    [
        (401, "The access token is invalid", AuthExpired, "revoked"),
        (403, "This action is outside the authorized scopes", ScopeMissing, "scope"),
        (403, "This action is not allowed", Rejected, "reply_not_allowed"),
        (404, "Record not found", NotFound, "missing"),
        (410, "Gone", Gone, "deleted"),
        (422, "Validation failed: Text character limit of 500 exceeded", Rejected, "too_long"),
        (400, "Text character limit of 500 exceeded", Rejected, "too_long"),
        (429, "Too many requests", RateLimited, "too_many_requests"),
        (500, "Oops", Ambiguous, "server_error"),
        (502, "", Ambiguous, "server_error"),
        (200, "", Ambiguous, "not_json"),
        (403, "", Rejected, "blocked"),
    ],
)
def test_a_refused_answer_says_why(
    channel: Channel, server: FakeMastodon, status: int, error: str, kind: type[ConnectorError], reason: str
) -> None:
    question = asked(channel, server)
    server.refuses("POST", STATUSES, status, error)
    with pytest.raises(ConnectorError) as refused:
        channel.answer(question, "Yes")
    assert (type(refused.value), refused.value.reason) == (kind, reason)
    assert not server.arrivals()


def test_what_is_gone_is_not_answered_into_the_void(channel: Channel, server: FakeMastodon) -> None:
    question = asked(channel, server)
    plan = channel.plan(question, "Yes")
    server.deletes(question)
    with pytest.raises(NotFound):
        channel.connector.send(plan, 0, None)
    assert not server.server.received("POST", STATUSES)


def test_the_refusal_is_asked_for_in_english(channel: Channel, server: FakeMastodon) -> None:
    channel.answer(asked(channel, server), "Yes")
    assert server.server.received("POST", STATUSES)[0].params == {"lang": "en"}


# --- looking whether it arrived ---------------------------------------------------------------------------------------


def test_the_same_words_to_the_same_message_an_hour_ago_are_not_taken_for_this_answer(
    channel: Channel, server: FakeMastodon, clock: FrozenClock
) -> None:
    question = asked(channel, server)
    channel.answer(question, "Thanks!")
    since = clock.tick(3600)
    assert channel.connector.reconcile(channel.plan(question, "Thanks!", "key-2"), 0, since) is None


def test_the_same_words_to_another_message_are_not_this_answer(
    channel: Channel, server: FakeMastodon, clock: FrozenClock
) -> None:
    one, other = asked(channel, server), asked(channel, server, "And this?")
    since = clock()
    channel.answer(one, "Yes")
    assert channel.connector.reconcile(channel.plan(other, "Yes", "key-2"), 0, since) is None
    assert channel.connector.reconcile(channel.plan(one, "Yes"), 0, since) is not None


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_server_whose_clock_is_wrong_is_understood(
    channel: Channel, server: FakeMastodon, clock: FrozenClock, hours: int
) -> None:
    question, since = asked(channel, server), clock()
    server.clock = lambda: clock() + timedelta(hours=hours)
    channel.answer(question, "Yes")
    plan = channel.plan(question, "Yes")
    clock.tick(30)
    assert channel.connector.reconcile(plan, 0, since) is not None
    assert channel.connector.reconcile(plan, 0, clock()) is None


def test_a_later_part_is_recognised_under_the_part_before(
    channel: Channel, server: FakeMastodon, clock: FrozenClock
) -> None:
    question, since = asked(channel, server), clock()
    plan = channel.plan(question, "Sentence one is here. " * 40)
    first = channel.connector.send(plan, 0, None)
    assert channel.connector.reconcile(plan, 1, since) is None
    second = channel.connector.send(plan, 1, first)
    found = channel.connector.reconcile(plan, 1, since)
    assert found is not None
    assert found.remote_id == second.remote_id


def test_what_lies_below_two_hundred_newer_posts_cannot_be_told(
    channel: Channel, server: FakeMastodon, clock: FrozenClock
) -> None:
    question, since = asked(channel, server), clock()
    channel.answer(question, "Yes")
    for number in range(205):
        server.native_reply(question, f"another {number}")
    with pytest.raises(Ambiguous):
        channel.connector.reconcile(channel.plan(question, "Yes"), 0, since)


def test_looking_posts_nothing(channel: Channel, server: FakeMastodon, clock: FrozenClock) -> None:
    question = asked(channel, server)
    channel.connector.reconcile(channel.plan(question, "Yes"), 0, clock())
    assert not [arrival for arrival in server.server.arrivals if arrival.method != "GET"]


# --- small actions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("like", "favourite"),
        ("unlike", "unfavourite"),
        ("boost", "reblog"),
        ("unboost", "unreblog"),
        ("bookmark", "bookmark"),
        ("unbookmark", "unbookmark"),
    ],
)
def test_an_action_reaches_the_server(channel: Channel, server: FakeMastodon, name: str, call: str) -> None:
    question = asked(channel, server)
    channel.act(question, name)
    assert server.taken == [(call, question)]


def test_our_own_answer_can_be_deleted_and_others_cannot(channel: Channel, server: FakeMastodon) -> None:
    question = asked(channel, server)
    ours = channel.answer(question, "Yes")[0].remote_id
    channel.pull()
    channel.act(ours, "delete")
    channel.act(ours, "delete")
    channel.act(question, "delete")
    assert ours not in server.statuses
    assert question in server.statuses


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, "The access token is invalid", AuthExpired),
        (403, "This action is outside the authorized scopes", ScopeMissing),
        (403, "This action is not allowed", Rejected),
        (404, "Record not found", NotFound),
        (422, "Validation failed", Rejected),
        (429, "Too many requests", RateLimited),
        (500, "Oops", Unavailable),
        (503, "", Unavailable),
        (200, "", Unavailable),
    ],
)
def test_a_refused_action_is_told_through_the_library(
    channel: Channel, server: FakeMastodon, status: int, error: str, kind: type[ConnectorError]
) -> None:
    question = asked(channel, server)
    server.refuses("POST", f"{STATUSES}/{question}/favourite", status, error)
    with pytest.raises(ConnectorError) as refused:
        channel.act(question, "like")
    assert type(refused.value) is kind
    assert TOKEN not in str(refused.value)


def test_an_action_on_a_server_that_hangs_up_is_tried_later(channel: Channel, server: FakeMastodon) -> None:
    question = asked(channel, server)
    server.server.on("POST", f"{STATUSES}/{question}/reblog").drops()
    with pytest.raises(Unavailable):
        channel.act(question, "boost")


def test_a_token_that_is_the_name_of_a_file_is_not_read_from_it(
    connect: Connect, server: FakeMastodon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_text("something else")
    server.token = "secret"
    channel = connect(token="secret")
    question = asked(channel, server)
    channel.act(question, "like")
    assert server.taken


# --- wrong settings ---------------------------------------------------------------------------------------------------


def trouble(channel: Channel) -> tuple[type[ConnectorError], str | None, str]:
    with pytest.raises(ConnectorError) as wrong:
        channel.connector.check()
    return type(wrong.value), wrong.value.field, wrong.value.reason


def test_check_tells_who_we_are_and_what_fits(channel: Channel, server: FakeMastodon) -> None:
    found = channel.connector.check()
    assert (found.account.handle, found.title, found.can_send) == ("@brightwater@home.example", "Home", True)
    assert found.limits == {
        "graphemes": 500,
        "graphemes_per_url": 23,
        "attachments": 4,
        "attachment_bytes": 16_777_216,
        "description": 1500,
    }
    assert found.warnings == ("not_encrypted",)


@pytest.mark.parametrize("dialect", [Dialect(instance=1, per_url=None)], indirect=True)
def test_an_old_server_is_understood_as_well(channel: Channel, server: FakeMastodon) -> None:
    found = channel.connector.check()
    assert (found.limits, found.account.handle) == ({"graphemes": 500}, "@brightwater@home.example")


def test_check_warns_of_what_the_token_may_not(channel: Channel, server: FakeMastodon) -> None:
    server.scopes = ["read:accounts"]
    server.refused_scopes = {"notifications"}
    server.account = {"moved": {"id": "2", "acct": "brightwater@new.example"}}
    found = channel.connector.check()
    assert set(found.warnings) == {"not_encrypted", "cannot_read_notifications", "may_not_send", "account_moved"}
    assert not found.can_send


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (401, "The access token is invalid", (Misconfigured, "token", "wrong_token")),
        (401, "The access token was revoked", (AuthExpired, "token", "revoked")),
        (403, "Your login is currently disabled", (AuthExpired, "token", "suspended")),
        (403, "Your login is missing a confirmed e-mail address", (AuthExpired, "token", "not_confirmed")),
        (403, "This action is outside the authorized scopes", (Misconfigured, "token", "scope")),
        (422, "This method requires an authenticated user", (Misconfigured, "token", "token_without_account")),
        (404, "Not found", (Misconfigured, "address", "not_mastodon")),
        (200, "", (Misconfigured, "address", "not_json")),
        (403, "", (Misconfigured, "address", "blocked")),
        (503, "", (Unavailable, None, "server_error")),
        (429, "Too many requests", (RateLimited, None, "too_many_requests")),
    ],
)
def test_a_refused_sign_in_is_told_at_the_setting(
    channel: Channel,
    server: FakeMastodon,
    status: int,
    error: str,
    expected: tuple[type[ConnectorError], str | None, str],
) -> None:
    server.refuses("GET", "/api/v1/accounts/verify_credentials", status, error)
    assert trouble(channel) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(status=404), (Misconfigured, "address", "not_mastodon")),
        (Answer(status=200, body=b"<!doctype html>"), (Misconfigured, "address", "not_json")),
        (Answer(status=200, body=b'{"hello":1}'), (Misconfigured, "address", "not_mastodon")),
        (Answer(status=401, body=b"<html>"), (Misconfigured, "address", "site_behind_login")),
        (Answer(status=403, body=b"<html>"), (Misconfigured, "address", "blocked")),
        (Answer(status=503), (Unavailable, None, "server_error")),
        (Answer(fault=Fault.RESET), (Unavailable, None, "interrupted")),
    ],
)
def test_another_kind_of_server_is_told_at_the_address_and_never_sees_the_token(
    connect: Connect, answer: Answer, expected: tuple[type[ConnectorError], str | None, str]
) -> None:
    with FakeServer() as elsewhere:
        elsewhere.on("*", "/*").plays(answer)
        assert trouble(connect(address=elsewhere.url)) == expected
        assert not [arrival for arrival in elsewhere.arrivals if arrival.headers.get("Authorization")]


def test_a_server_that_shuts_strangers_out_is_asked_with_the_token(connect: Connect, server: FakeMastodon) -> None:
    for path in ("/api/v2/instance", "/api/v1/instance"):
        server.refuses("GET", path, 401, "This API requires an authenticated user")
    assert connect().connector.check().title == "Home"


def test_a_token_that_no_header_can_carry_is_told_at_its_field(connect: Connect) -> None:
    assert trouble(connect(token="two\nlines")) == (Misconfigured, "token", "header")


def test_no_refusal_shows_the_token(connect: Connect, server: FakeMastodon) -> None:
    def parrot(arrival: Arrival) -> Answer:
        return Answer(status=401, body=b'{"error":"no"}')

    server.server.on("GET", "/api/v1/accounts/verify_credentials").runs(parrot)
    with pytest.raises(ConnectorError) as wrong:
        connect().connector.check()
    assert TOKEN not in f"{wrong.value} {wrong.value!r} {wrong.value.detail}"
