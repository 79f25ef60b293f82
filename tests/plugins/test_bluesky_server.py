"""The Bluesky connector on a hand-written fake server: odd pages, broken items, sessions, refusals and faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.connector import DeletedBy, Kind, Memory, Visibility
from hub.errors import (
    AlreadySent,
    Ambiguous,
    AuthExpired,
    ConnectorError,
    Misconfigured,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
)
from hub.testing.clock import FrozenClock
from hub.testing.server import Answer, FakeServer, Fault
from tests.plugins.bluesky_channel import Channel
from tests.plugins.bluesky_server import LENA, ME, PASSWORD, POST, TOM, FakeBluesky

CREATE, REFRESH = "com.atproto.server.createSession", "com.atproto.server.refreshSession"
NOTIFICATIONS = "app.bsky.notification.listNotifications"
THREAD = "app.bsky.feed.getPostThread"
GIF = b"GIF89a"


@pytest.fixture
def server(frozen_clock: FrozenClock) -> Iterator[FakeBluesky]:
    with FakeBluesky(frozen_clock) as running:
        yield running


@pytest.fixture
def channel(server: FakeBluesky, frozen_clock: FrozenClock, tmp_path: Path) -> Iterator[Channel]:
    made = connected(server, frozen_clock, tmp_path)
    made.pull()
    yield made
    made.close()


def connected(
    server: FakeBluesky, clock: FrozenClock, folder: Path, *, memory: Memory | None = None, password: str = PASSWORD
) -> Channel:
    return Channel(server.url, "@brightwater.test", password, folder, server.server.address, clock=clock, memory=memory)


# --- what comes in ----------------------------------------------------------------------------------------------------


def test_what_a_post_is_follows_from_its_record_and_not_from_the_reason(server: FakeBluesky, channel: Channel) -> None:
    named = [{"index": {"byteStart": 0, "byteEnd": 3}, "features": [{"did": ME}]}]
    below_us = server.writes(LENA, "@us really?", parent=server.root, heard_as="mention", facets=named)
    quoted = {"record": {"$type": "app.bsky.embed.record", "record": {"uri": server.root, "cid": "c"}}, "view": None}
    quote = server.writes(LENA, "They say", heard_as="mention", embed=quoted)
    foreign = server.writes(TOM, "a root")
    further = server.writes(LENA, "@us look", parent=foreign, heard_as="reply", facets=named)
    channel.pull()
    kinds = {uri: channel.messages[uri].kind for uri in (below_us, quote, further)}
    assert kinds == {below_us: Kind.REPLY, quote: Kind.QUOTE, further: Kind.MENTION}
    assert not channel.messages[foreign].addressed


def test_empty_pages_do_not_end_the_list(server: FakeBluesky, channel: Channel, frozen_clock: FrozenClock) -> None:
    early = server.says("below three pages of likes", at=frozen_clock() - timedelta(hours=40))
    for number in range(260):
        server.writes(TOM, f"liked {number}", heard_as="like")
    assert early in channel.pull()


def test_a_burst_of_known_messages_ends_the_way_down(
    server: FakeBluesky, channel: Channel, frozen_clock: FrozenClock
) -> None:
    for number in range(290):
        server.says(f"{number}")
    channel.pull()
    before = len(server.calls(NOTIFICATIONS))
    assert channel.pull() == []
    assert len(server.calls(NOTIFICATIONS)) - before == 2


def test_a_post_dated_back_by_two_days_is_found_below_known_ones(
    server: FakeBluesky, channel: Channel, frozen_clock: FrozenClock
) -> None:
    for number in range(120):
        server.says(f"{number}", at=frozen_clock() - timedelta(hours=number // 60 * 2))
    channel.pull()
    late = server.writes(LENA, "from a slow bridge", at=frozen_clock() - timedelta(hours=47), heard_as="mention")
    assert late in channel.pull()


def test_a_post_dated_back_by_a_week_is_found_within_a_day(
    server: FakeBluesky, channel: Channel, frozen_clock: FrozenClock
) -> None:
    for number in range(200):
        server.says(f"{number}", at=frozen_clock() - timedelta(hours=number // 100 * 60))
    channel.pull()
    late = server.writes(LENA, "from a slow bridge", at=frozen_clock() - timedelta(days=7), heard_as="mention")
    found = channel.pull()
    assert late not in found
    for _ in range(30):
        frozen_clock.tick(3600)
        found += channel.pull()
    assert late in found


def test_posts_dated_ahead_do_not_hide_those_after_them(
    server: FakeBluesky, channel: Channel, frozen_clock: FrozenClock
) -> None:
    server.notifies_ahead("from the future", frozen_clock() + timedelta(days=30))
    channel.pull()
    frozen_clock.tick(60)
    later = [server.writes(LENA, f"{number} from now", heard_as="mention") for number in range(150)]
    assert set(later) <= set(channel.pull())
    assert channel.messages[later[0]].created_at == frozen_clock()


def test_an_answer_without_a_notification_is_found_in_our_thread(server: FakeBluesky, channel: Channel) -> None:
    unheard = server.writes(LENA, "First!", parent=server.root)
    assert channel.pull() == [unheard]
    assert channel.messages[unheard].addressed
    assert channel.pull() == []


def test_one_broken_item_is_kept_aside_once_and_the_page_goes_on(server: FakeBluesky, channel: Channel) -> None:
    broken, fine = server.says("broken"), server.says("fine")
    server.garbles(broken)
    channel.pull()
    channel.pull()
    assert fine in channel.messages
    assert sum(len(page.skipped) for page in channel.pages) == 1


@pytest.mark.parametrize(
    ("nsid", "content"),
    [
        (NOTIFICATIONS, {"notifications": [None, 7, "x", {}, {"uri": 7}, {"record": {"$type": POST}}]}),
        (NOTIFICATIONS, {"notifications": "none", "cursor": 7}),
        (NOTIFICATIONS, {}),
        ("app.bsky.feed.getAuthorFeed", {"feed": [None, {}, {"post": 7}, {"post": {"uri": None}}]}),
        ("app.bsky.feed.getPosts", {"posts": [None, {}, {"uri": 7}]}),
    ],
)
def test_whatever_stands_in_a_page_the_pull_goes_on(
    server: FakeBluesky, channel: Channel, nsid: str, content: Any
) -> None:
    said = server.says("hello")
    server.answers(nsid, _json(content))
    channel.pull()
    channel.pull()
    assert said in channel.messages


def test_a_post_that_nobody_has_is_deleted_when_a_second_pull_misses_it_too(
    server: FakeBluesky, channel: Channel
) -> None:
    said = server.says("I should not have")
    channel.pull()
    server.deletes(said)
    channel.pull()
    assert channel.deleted == {said: DeletedBy.UNAVAILABLE}
    channel.pull()
    assert channel.deleted == {said: DeletedBy.AUTHOR}
    asked = len(server.calls(THREAD))
    channel.pull()
    assert len(server.calls(THREAD)) == asked


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (None, DeletedBy.BLOCKED),
        (("AccountTakedown", "Account has been suspended"), DeletedBy.ACCOUNT),
        (("AccountDeactivated", "Account is deactivated"), DeletedBy.ACCOUNT),
        (("InvalidRequest", "Profile not found"), DeletedBy.ACCOUNT),
    ],
    ids=["blocked", "suspended", "deactivated", "account deleted"],
)
def test_a_block_and_an_account_that_is_away_are_told_apart_from_a_deletion_and_come_back(
    server: FakeBluesky, channel: Channel, error: tuple[str, str] | None, why: DeletedBy
) -> None:
    said = server.says("hello")
    channel.pull()
    server.away, server.blocking = ({LENA: error}, set()) if error else ({}, {LENA})
    channel.pull()
    assert channel.deleted == {said: why}
    asked = len(server.calls(THREAD))
    channel.pull()
    assert len(server.calls(THREAD)) == asked
    assert not channel.pages[-1].deleted
    server.away, server.blocking = {}, set()
    assert channel.pull() == [said]
    assert channel.pull() == []


def test_what_cannot_be_found_out_about_an_author_is_no_deletion(server: FakeBluesky, channel: Channel) -> None:
    said = server.says("hello")
    channel.pull()
    server.deletes(said)
    for _ in range(3):
        server.refuses("app.bsky.actor.getProfile", 502, "UpstreamFailure")
        with pytest.raises(Unavailable):
            channel.pull()
    assert channel.deleted == {}


def test_a_like_and_a_fold_from_another_app_are_noticed_and_that_they_were_taken_back(
    server: FakeBluesky, channel: Channel
) -> None:
    said = server.says("hello")
    channel.pull()
    server.is_liked(said)
    channel.act(said, "hide")
    assert channel.pull() == [said]
    assert set(channel.messages[said].done) == {"like", "hide"}
    assert channel.pull() == []
    server.is_liked(said, liked=False)
    channel.act(said, "unhide")
    assert channel.pull() == [said]
    assert channel.messages[said].done == ()
    assert set(channel.messages[said].undone) == {"like", "boost", "bookmark", "hide"}


def test_a_post_that_is_missing_at_one_look_only_stays(server: FakeBluesky, channel: Channel) -> None:
    said = server.says("still there")
    channel.pull()
    server.answers("app.bsky.feed.getPosts", _json({"posts": []}))
    channel.pull()
    assert said not in channel.deleted


def test_labels_film_and_quotes_are_shown(server: FakeBluesky, channel: Channel) -> None:
    quoted = {"value": {"text": "what was said"}, "author": {"handle": "tom.test"}, "uri": "at://x", "cid": "c"}
    view = {
        "$type": "app.bsky.embed.recordWithMedia#view",
        "record": {"record": quoted},
        "media": {"playlist": "https://video.test/1.m3u8", "alt": "A dripping tap."},
    }
    labels = {"values": [{"val": "nudity"}, {"val": "!no-unauthenticated"}, {"val": "gore", "neg": True}]}
    said = server.writes(
        LENA, "look", parent=server.root, heard_as="reply", embed={"record": {}, "view": view}, labels=labels
    )
    channel.pull()
    told = channel.messages[said]
    assert told.content_warning == "nudity"
    assert [(each.kind, each.alt) for each in told.attachments] == [("video", "A dripping tap.")]
    assert told.text.startswith("look\n\n")
    assert told.text.endswith("what was said")


def test_an_author_whose_handle_is_invalid_is_known_by_the_did(server: FakeBluesky, channel: Channel) -> None:
    server.people[LENA]["handle"] = "handle.invalid"
    said = server.says("who am I?")
    channel.pull()
    author = channel.messages[said].author
    assert (author.id, author.handle, author.name) == (LENA, "", "Lena Brandt")


def test_what_cannot_be_answered_says_why(server: FakeBluesky, channel: Channel) -> None:
    closed = server.says("closed")
    server.closes(closed)
    channel.pull()
    server.people[TOM]["viewer"] = {"blockedBy": True}
    blocked = server.writes(TOM, "blocked", parent=server.root, heard_as="reply")
    channel.pull()
    assert [channel.messages[uri].reply.why_not for uri in (closed, blocked)] == ["closed", "blocked"]


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_it_signs_in_once_and_keeps_the_session(
    server: FakeBluesky, channel: Channel, frozen_clock: FrozenClock, tmp_path: Path
) -> None:
    channel.pull()
    again = connected(server, frozen_clock, tmp_path, memory=Memory(channel.memory.read()))
    again.pull()
    again.close()
    assert (server.sign_ins, server.refreshes) == (1, 0)


def test_an_expired_token_is_renewed_by_one_and_used_by_both_instances(server: FakeBluesky, channel: Channel) -> None:
    writing = channel.another()
    server.expires()
    channel.pull()
    writing.pull(channel.cursor)
    assert (server.sign_ins, server.refreshes) == (1, 1)


def test_two_that_meet_the_end_of_a_session_at_once_renew_it_once(server: FakeBluesky, channel: Channel) -> None:
    reading, writing = channel.connector._sessions, channel.another()._sessions
    old = reading.current()
    assert writing.current() == old
    server.expires()
    assert reading.renewed(old) == writing.renewed(old) != old
    assert (server.sign_ins, server.refreshes) == (1, 1)


def test_a_session_that_cannot_be_renewed_is_made_anew_with_the_app_password(
    server: FakeBluesky, channel: Channel
) -> None:
    server.ends_session()
    channel.pull()
    assert (server.sign_ins, server.refreshes) == (2, 1)
    assert server.calls(CREATE)[-1].json()["identifier"] == ME, "a handle may have moved; the account has not"


def test_it_signs_in_five_times_a_day_and_not_more(
    server: FakeBluesky, channel: Channel, frozen_clock: FrozenClock
) -> None:
    for _ in range(4):
        server.ends_session()
        channel.pull()
    server.ends_session()
    with pytest.raises(RateLimited) as often:
        channel.pull()
    assert often.value.reason == "signed_in_too_often"
    assert often.value.retry_at is not None
    assert often.value.retry_at > frozen_clock() + timedelta(hours=23)
    assert server.sign_ins == 5
    frozen_clock.tick(24 * 3600 + 1)
    channel.pull()
    assert server.sign_ins == 6


def test_an_outage_while_a_session_is_renewed_costs_no_sign_in(server: FakeBluesky, channel: Channel) -> None:
    server.expires()
    for answer in (_error(502, "UpstreamFailure"), Answer(fault=Fault.DROP), _error(429, "RateLimitExceeded")):
        server.answers(REFRESH, answer)
        with pytest.raises((Unavailable, RateLimited)):
            channel.pull()
    channel.pull()
    assert server.sign_ins == 1


@pytest.mark.parametrize(
    ("status", "error", "wanted", "field"),
    [
        (401, "AuthenticationRequired", AuthExpired, "app_password"),
        (401, "AuthFactorTokenRequired", Misconfigured, "app_password"),
        (401, "AccountTakedown", AuthExpired, "handle"),
        (400, "AccountDeactivated", AuthExpired, "handle"),
        (429, "RateLimitExceeded", RateLimited, None),
        (503, "", Unavailable, None),
        (403, "", Misconfigured, "service"),
        (404, "", Misconfigured, "service"),
        (200, "", Misconfigured, "service"),
        (301, "", Misconfigured, "service"),
    ],
)
def test_a_refused_sign_in_is_told_at_the_setting_that_mends_it(
    server: FakeBluesky,
    frozen_clock: FrozenClock,
    tmp_path: Path,
    status: int,
    error: str,
    wanted: type[ConnectorError],
    field: str | None,
) -> None:
    server.refuses(CREATE, status, error)
    channel = connected(server, frozen_clock, tmp_path)
    with pytest.raises(wanted) as refused:
        channel.connector.check()
    channel.close()
    assert refused.value.field == field


def test_an_account_too_new_to_have_a_profile_can_be_connected(server: FakeBluesky, channel: Channel) -> None:
    server.refuses("app.bsky.actor.getProfile", 400, "InvalidRequest", "Profile not found")
    account = channel.connector.check().account
    assert (account.id, account.handle, account.is_us) == (ME, "@brightwater.test", True)


def test_a_suspended_account_is_not_signed_in_again(server: FakeBluesky, channel: Channel) -> None:
    server.expires()
    server.refuses(REFRESH, 400, "AccountTakedown", "Account has been taken down")
    with pytest.raises(AuthExpired) as suspended:
        channel.pull()
    assert (suspended.value.reason, server.sign_ins) == ("suspended", 1)


def test_the_account_is_spoken_for_at_its_own_server_but_not_at_an_inner_address(
    server: FakeBluesky, frozen_clock: FrozenClock, tmp_path: Path
) -> None:
    """Neither the operator's exceptions nor a loopback address are open to what a document on the network names."""
    told = {"did": ME, "handle": "brightwater.test", "accessJwt": "a", "refreshJwt": "r"}
    with FakeServer() as inner:
        for address in (inner.url, "http://127.0.0.1:1"):
            service = {"id": "#atproto_pds", "serviceEndpoint": address}
            server.answers(CREATE, _json({**told, "didDoc": {"service": [service]}}))
            channel = Channel(
                server.url,
                "brightwater.test",
                PASSWORD,
                tmp_path,
                server.server.address,
                inner.address,
                clock=frozen_clock,
            )
            with pytest.raises(Misconfigured) as refused:
                channel.pull()
            channel.close()
            assert refused.value.code == "address_refused"
        assert not inner.arrivals


def test_a_memory_nobody_understands_means_a_new_sign_in(
    server: FakeBluesky, frozen_clock: FrozenClock, tmp_path: Path
) -> None:
    for text in ("not JSON", "[]", '{"v": 1}', '{"v": 1, "for": 7, "session": 7}'):
        channel = connected(server, frozen_clock, tmp_path, memory=Memory(text))
        channel.pull()
        channel.close()
    assert server.sign_ins == 4


def test_no_token_stands_in_what_is_told(server: FakeBluesky, channel: Channel) -> None:
    server.refuses(NOTIFICATIONS, 400, "InvalidRequest", "bad cursor")
    with pytest.raises(Unavailable) as refused:
        channel.pull()
    told = f"{refused.value!r} {refused.value.detail} {channel.pages!r} {channel.cursor}"
    assert "access-token" not in told
    assert "access-token" not in repr(json.loads(channel.memory.read())["sign_ins"])


# --- what goes out ----------------------------------------------------------------------------------------------------


def test_a_taken_key_is_answered_like_an_outage_and_found_out_to_be_ours(server: FakeBluesky, channel: Channel) -> None:
    said = server.says("Is that normal?")
    channel.pull()
    plan = channel.plan(said, "Yes.")
    server.fails(next_sends=["taken"])
    with pytest.raises(Ambiguous):
        channel.connector.send(plan, 0, None)
    assert channel.connector.reconcile(plan, 0, channel.messages[said].created_at) is None
    receipt = channel.connector.send(plan, 0, None)
    with pytest.raises(AlreadySent) as again:
        channel.connector.send(plan, 0, None)
    assert again.value.receipt == receipt
    assert len(server.arrivals()) == 1


def test_a_part_goes_below_the_part_before_and_not_when_that_was_deleted(server: FakeBluesky, channel: Channel) -> None:
    said = server.says("Tell me everything.")
    channel.pull()
    plan = channel.plan(said, "One word after the other. " * 20)
    first = channel.connector.send(plan, 0, None)
    second = channel.connector.send(plan, 1, first)
    reply = server.posts[second.remote_id]["record"]["reply"]
    assert (reply["parent"]["uri"], reply["root"]["uri"]) == (first.remote_id, server.root)
    server.deletes(first.remote_id)
    with pytest.raises(ConnectorError) as gone:
        channel.connector.send(plan, 1, first)
    assert gone.value.reason == "previous_part_deleted"


def test_an_answer_goes_below_the_post_as_it_is_now(server: FakeBluesky, channel: Channel) -> None:
    said = server.says("befor")
    channel.pull()
    plan = channel.plan(said, "Yes.")
    server.edits(said, "before")
    receipt = channel.connector.send(plan, 0, None)
    record = server.posts[receipt.remote_id]["record"]
    assert record["reply"]["parent"] == {"uri": said, "cid": server.posts[said]["cid"]}
    assert record["reply"]["root"]["uri"] == server.root
    assert plan.parts[0].body["record"]["createdAt"] == record["createdAt"]


def test_a_quote_carries_its_pictures_and_a_failed_upload_sends_nothing(server: FakeBluesky, channel: Channel) -> None:
    said = server.says("Great filter!")
    channel.pull()
    picture = channel.picture(GIF, "Our team")
    for answer in (_error(502, "UpstreamFailure"), Answer(fault=Fault.DROP)):
        server.answers("com.atproto.repo.uploadBlob", answer)
        with pytest.raises(Unavailable):
            channel.answer(said, "Thanks!", quote=True, attachments=(picture,))
    server.refuses("com.atproto.repo.uploadBlob", 413, "BlobTooLarge", "too large")
    with pytest.raises(Rejected) as large:
        channel.answer(said, "Thanks!", quote=True, attachments=(picture,))
    assert large.value.reason == "media"
    assert not server.arrivals()
    (receipt,) = channel.answer(said, "Thanks!", quote=True, attachments=(picture,))
    embed = server.posts[receipt.remote_id]["record"]["embed"]
    assert embed["record"]["record"] == {"uri": said, "cid": server.posts[said]["cid"]}
    assert embed["media"]["images"][0]["alt"] == "Our team"
    assert "reply" not in server.posts[receipt.remote_id]["record"]


@pytest.mark.parametrize(
    ("viewer", "author", "quote", "reason"),
    [
        ({"replyDisabled": True}, {}, False, "closed"),
        ({"embeddingDisabled": True}, {}, True, "quote_not_allowed"),
        ({}, {"blockedBy": True}, False, "blocked_by_author"),
        ({}, {"blocking": "at://x"}, True, "blocked_by_author"),
    ],
)
def test_what_nobody_would_see_is_not_sent(
    server: FakeBluesky, channel: Channel, viewer: Any, author: Any, quote: bool, reason: str
) -> None:
    said = server.says("hello")
    channel.pull()
    plan = channel.plan(said, "Hello!", quote=quote)
    server.viewers[said] = viewer
    server.people[LENA]["viewer"] = author
    with pytest.raises(Rejected) as refused:
        channel.connector.send(plan, 0, None)
    assert refused.value.reason == reason
    assert not server.arrivals()


@pytest.mark.parametrize(
    ("status", "error", "wanted"),
    [
        (400, "InvalidRequest", Rejected),
        (500, "InternalServerError", Ambiguous),
        (502, "UpstreamFailure", Ambiguous),
        (503, "NotEnoughResources", Ambiguous),
        (403, "AccountTakedown", AuthExpired),
        (429, "RateLimitExceeded", RateLimited),
    ],
)
def test_a_refused_post_says_what_to_do(
    server: FakeBluesky, channel: Channel, status: int, error: str, wanted: type[ConnectorError]
) -> None:
    said = server.says("hello")
    channel.pull()
    server.refuses("com.atproto.repo.createRecord", status, error, "words of the server")
    with pytest.raises(wanted):
        channel.answer(said, "Hello!")
    assert not server.arrivals()


@pytest.mark.parametrize("narrower", [Visibility.UNLISTED, Visibility.FOLLOWERS])
def test_an_audience_the_network_does_not_have_is_not_made_a_public_one(
    server: FakeBluesky, channel: Channel, narrower: Visibility
) -> None:
    said = server.says("only for some?")
    channel.pull()
    with pytest.raises(Rejected) as refused:
        channel.plan(said, "Hello!", visibility=narrower)
    assert refused.value.reason == "wider_audience"


def test_whoever_is_named_is_looked_up_and_a_lookup_that_fails_plans_nothing(
    server: FakeBluesky, channel: Channel
) -> None:
    said = server.says("who else?")
    channel.pull()
    facets = channel.plan(said, "Ask @tom.test or @nobody.test.").parts[0].body["record"]["facets"]
    assert [facet["features"][0]["did"] for facet in facets] == [TOM]
    server.refuses("com.atproto.identity.resolveHandle", 502, "UpstreamFailure")
    with pytest.raises(Unavailable):
        channel.plan(said, "Ask @tom.test")


# --- actions ----------------------------------------------------------------------------------------------------------


def test_a_like_is_kept_at_one_place_and_one_from_the_app_is_taken_back_too(
    server: FakeBluesky, channel: Channel
) -> None:
    said = server.says("praise")
    channel.pull()
    channel.act(said, "like", "like")
    assert len(server.records) == 1
    native = f"at://{ME}/app.bsky.feed.like/3mg2vbwr3232b"
    server.records[native] = {}
    server.viewers[said] = {"like": native}
    channel.pull()
    channel.act(said, "unlike")
    assert server.records == {}


def test_a_bookmark_is_set_and_removed_however_often_and_the_apps_are_noticed(
    server: FakeBluesky, channel: Channel
) -> None:
    said = server.says("nice")
    channel.pull()
    channel.act(said, "bookmark", "bookmark")
    assert len(server.calls("app.bsky.bookmark.createBookmark")) == 1
    channel.pull()
    assert channel.messages[said].done == ("bookmark",)
    channel.act(said, "boost")
    server.viewers[said] |= {"repost": f"at://{ME}/app.bsky.feed.repost/1", "bookmarked": False}
    channel.pull()
    assert channel.messages[said].done == ("boost",), "one taken back and another done is a change"
    channel.act(said, "unbookmark", "unbookmark")
    assert server.records, "and no record of ours was touched by it"


def test_a_server_that_knows_no_bookmarks_says_so_and_is_not_asked_for_ever(
    server: FakeBluesky, channel: Channel
) -> None:
    said = server.says("nice")
    channel.pull()
    server.refuses("app.bsky.bookmark.createBookmark", 501, "MethodNotImplemented", "Method Not Implemented")
    with pytest.raises(Rejected) as refused:
        channel.act(said, "bookmark")
    assert refused.value.detail == "Method Not Implemented"


def test_a_like_that_came_and_went_between_two_looks_is_told_as_none_within_an_hour(
    server: FakeBluesky, channel: Channel, frozen_clock: FrozenClock
) -> None:
    said = server.says("hello")
    channel.pull()
    assert channel.pull() == []
    frozen_clock.tick(3600)
    assert channel.pull() == [said]
    assert "like" in channel.messages[said].undone
    assert channel.pull() == []


def test_our_post_is_taken_out_of_a_quote_and_put_back(server: FakeBluesky, channel: Channel) -> None:
    quoted = {"record": {"uri": server.root, "cid": "c"}}
    quote = server.writes(LENA, "They say", heard_as="quote", embed={"record": quoted, "view": None})
    channel.pull()
    assert not {"hide", "quote"} & set(channel.messages[quote].reply.impossible)
    gate = server.root.replace(POST, "app.bsky.feed.postgate")
    server.records[gate] = {"post": server.root, "createdAt": "2026-01-01T00:00:00Z", "embeddingRules": []}
    channel.act(quote, "hide", "hide")
    assert server.records[gate]["detachedEmbeddingUris"] == [quote]
    assert server.records[gate]["embeddingRules"] == []
    detached = {"record": {"uri": server.root, "detached": True, "$type": "app.bsky.embed.record#viewDetached"}}
    server.posts[quote]["embed"] = detached
    channel.pull()
    told = channel.messages[quote]
    assert "hide" in told.done
    assert told.html is not None
    assert f"https://bsky.app/profile/{ME}/post/" in told.html
    channel.act(quote, "unhide")
    assert server.records[gate]["detachedEmbeddingUris"] == []


def test_what_a_post_or_a_message_does_not_take_is_said_with_it(server: FakeBluesky, channel: Channel) -> None:
    mention = server.writes(LENA, "elsewhere", heard_as="mention")
    unquotable = server.says("below ours")
    server.viewers[unquotable] = {"embeddingDisabled": True}
    direct = server.writes_directly(LENA, "hello")
    channel.pull()
    impossible = {id: set(channel.messages[id].reply.impossible) for id in (mention, unquotable, direct)}
    assert impossible == {
        mention: {"hide", "unhide"},
        unquotable: {"quote"},
        direct: channel.connector.features.actions | {"quote", "pictures"},
    }


def test_only_answers_below_our_posts_are_hidden(server: FakeBluesky, channel: Channel) -> None:
    foreign = server.writes(TOM, "my own thread", heard_as="mention")
    ours = server.says("rude")
    channel.pull()
    channel.act(ours, "hide", "hide", "unhide", "hide")
    gate = server.records[server.root.replace(POST, "app.bsky.feed.threadgate")]
    assert gate["hiddenReplies"] == [ours]
    with pytest.raises(Rejected) as refused:
        channel.act(foreign, "hide")
    assert refused.value.reason == "not_our_thread"


def test_actions_renew_the_session_and_tell_of_outages_and_missing_posts(server: FakeBluesky, channel: Channel) -> None:
    said = server.says("praise")
    channel.pull()
    server.refuses("com.atproto.repo.putRecord", 400, "ExpiredToken", "Token has expired")
    channel.act(said, "like")
    assert server.refreshes == 1
    for answer in (_error(500, "InternalServerError"), Answer(fault=Fault.DROP)):
        server.answers("com.atproto.repo.putRecord", answer)
        with pytest.raises(Unavailable):
            channel.act(said, "boost")
    server.deletes(said)
    with pytest.raises(NotFound):
        channel.act(said, "like")


def _json(content: Any, status: int = 200) -> Answer:
    headers = {"Content-Type": "application/json", "Connection": "close"}
    return Answer(status=status, headers=headers, body=json.dumps(content).encode())


def _error(status: int, error: str) -> Answer:
    return _json({"error": error, "message": ""}, status)
