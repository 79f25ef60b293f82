"""Mastodon's JSON as messages: kinds, authors, audiences, and what is shown beside the words. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hub_plugins.mastodon import mapping
from hub_plugins.mastodon.diagnosis import limits_of
from hub_plugins.mastodon.mapping import Me, Setting
from hub_plugins.mastodon.refusals import Refusal, instruction, pause, read_refusal
from hub_plugins.mastodon.server import home_of

from hub.connector import Author, Incoming, Kind, Visibility
from hub.errors import (
    Ambiguous,
    AuthExpired,
    ConnectorError,
    Gone,
    NotFound,
    RateLimited,
    Rejected,
    ScopeMissing,
    Unavailable,
)
from hub.kernel.html import clean
from hub.kernel.http import Response

ME = Me(id="1", domain="home.example", author=Author(id="https://home.example/users/us", is_us=True))
LENA = {"id": "7", "username": "lena", "acct": "lena@chaos.example", "uri": "https://chaos.example/users/lena"}
US = {"id": "1", "username": "brightwater", "acct": "brightwater", "url": "https://home.example/@brightwater"}
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def status(**fields: Any) -> dict[str, Any]:
    return {
        "id": "109",
        "created_at": "2026-03-02T09:00:00.000Z",
        "account": LENA,
        "content": "<p>Is that normal?</p>",
        "visibility": "public",
        "edited_at": None,
        **fields,
    }


def read(came_as: str = "mention", **fields: Any) -> Incoming:
    return mapping.incoming(status(**fields), ME, Setting(came_as=came_as))


# --- who --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "id"),
    [
        ({"uri": "https://chaos.example/users/lena"}, "https://chaos.example/users/lena"),
        ({"pleroma": {"ap_id": "https://pl.example/users/lena"}}, "https://pl.example/users/lena"),
        ({"acct": "lena@chaos.example"}, "acct:lena@chaos.example"),
        ({"acct": "lena"}, "acct:lena@home.example"),
    ],
)
def test_an_author_is_known_by_what_does_not_change(account: dict[str, Any], id: str) -> None:
    author = mapping.author_of({"id": "7", "username": "lena", **account}, "home.example", "1")
    assert author.id == id


def test_a_name_is_complete_and_may_hold_emoji_codes() -> None:
    author = mapping.author_of({**LENA, "acct": "lena", "display_name": "Lena :tea:", "bot": True}, "home.example", "1")
    assert (author.handle, author.name, author.is_bot) == ("@lena@home.example", "Lena :tea:", True)


def test_an_id_written_as_a_number_is_the_same_id() -> None:
    assert read(id=109, account={**LENA, "id": 1}).author.is_us


@pytest.mark.parametrize(
    ("instance", "domain"),
    [
        ({"domain": "home.example"}, "home.example"),
        ({"uri": "https://home.example/"}, "home.example"),
        ({"uri": "home.example"}, "home.example"),
        ({}, "social.home.example"),
    ],
)
def test_the_domain_of_names_need_not_be_the_servers_address(instance: dict[str, Any], domain: str) -> None:
    assert mapping.domain_of(US, instance, "https://social.home.example") == domain


# --- what -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("came_as", "fields", "kind"),
    [
        ("mention", {}, Kind.MENTION),
        ("mention", {"in_reply_to_id": "5", "in_reply_to_account_id": "1"}, Kind.REPLY),
        ("mention", {"in_reply_to_id": "5", "in_reply_to_account_id": "9"}, Kind.MENTION),
        ("mention", {"visibility": "direct", "in_reply_to_id": "5"}, Kind.DIRECT),
        ("quote", {}, Kind.QUOTE),
        ("context", {"in_reply_to_id": "5"}, Kind.REPLY),
    ],
)
def test_each_kind_is_told(came_as: str, fields: dict[str, Any], kind: Kind) -> None:
    assert read(came_as, **fields).kind is kind


@pytest.mark.parametrize(
    ("raw", "visibility"),
    [
        ("public", Visibility.PUBLIC),
        ("unlisted", Visibility.UNLISTED),
        ("private", Visibility.FOLLOWERS),
        ("direct", Visibility.DIRECT),
        ("mutuals_only", Visibility.DIRECT),
        ("local", Visibility.DIRECT),
        (None, Visibility.DIRECT),
    ],
)
def test_an_audience_nobody_knows_is_the_narrowest(raw: str | None, visibility: Visibility) -> None:
    message = read(visibility=raw)
    assert (message.visibility, message.visibility_raw) == (visibility, raw or "")


def test_context_opens_no_conversation_even_where_it_names_us() -> None:
    assert not read("context", mentions=[US]).addressed
    assert read("mention").addressed
    assert not read("update").addressed
    assert read("update", mentions=[US]).addressed


def test_an_answer_names_the_author_and_the_others_but_never_us() -> None:
    message = read(mentions=[US, {"id": "8", "acct": "tom"}, {"id": "7", "acct": "lena@chaos.example"}])
    assert message.raw["mention"] == ["lena@chaos.example", "tom"]
    assert [author.handle for author in message.reply.must_mention] == ["@lena@chaos.example", "@tom@home.example"]


def test_warning_language_and_pictures_with_their_words_are_kept() -> None:
    media = [
        {"type": "image", "url": "https://m.example/1.png", "description": "A kettle"},
        {"type": "gifv", "url": "https://m.example/2.mp4"},
        {"type": "unknown", "url": None, "remote_url": "https://far.example/3.bin"},
        {"type": "image", "url": None},
    ]
    message = read(spoiler_text="water", language="de", media_attachments=media)
    assert (message.content_warning, message.language) == ("water", "de")
    assert [(each.kind, each.url, each.alt) for each in message.attachments] == [
        ("image", "https://m.example/1.png", "A kettle"),
        ("video", "https://m.example/2.mp4", ""),
        ("file", "https://far.example/3.bin", ""),
    ]


def test_a_poll_shows_its_choices() -> None:
    assert (
        read(poll={"options": [{"title": "Hard"}, {"title": "<Soft>"}]}).text == "Is that normal?\n\n- Hard\n- <Soft>"
    )


@pytest.mark.parametrize(
    ("quote", "shown"),
    [
        ({"state": "accepted", "quoted_status": {"content": "<p>Tea</p>", "account": {"acct": "tom"}}}, True),
        ({"content": "<p>Tea</p>", "account": {"acct": "tom"}}, True),
        ({"state": "revoked", "quoted_status": {"content": "<p>Tea</p>", "account": {"acct": "tom"}}}, False),
        ({"state": "accepted", "quoted_status": None}, False),
        ("https://elsewhere.example/1", False),
        (None, False),
    ],
)
def test_a_quote_is_shown_while_its_author_lets_it_be(quote: Any, shown: bool) -> None:
    assert ("@tom:\n\nTea" in read(quote=quote).text) is shown


def test_a_linked_page_shows_its_title_except_under_our_own_words() -> None:
    card = {"url": "https://tea.example/a?b=1&c=2", "title": "Tea & <water>", "description": "Hot"}
    assert read(card=card).text == "Is that normal?\n\nTea & <water>\n\nHot"
    assert 'href="https://tea.example/a?b=1&amp;c=2"' in clean(read(card=card).html or "")
    assert read("own", account=US, card=card).text == "Is that normal?"


def test_hostile_poll_quote_and_card_stay_words() -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    message = read(
        poll={"options": [{"title": evil}]},
        quote={"content": evil, "account": {"acct": evil}},
        card={"url": "javascript:alert(1)", "title": evil},
    )
    shown = clean(message.html or "")
    assert "<script" not in shown
    assert "<img" not in shown
    assert "javascript:" not in shown


def test_a_shortened_link_is_read_whole() -> None:
    html = (
        '<p><a href="https://example.com/long/way"><span class="invisible">https://</span>'
        '<span class="ellipsis">example.com/lo</span><span class="invisible">ng/way</span></a></p>'
    )
    assert read(content=html).text == "https://example.com/long/way"


def test_our_own_words_come_back_as_they_were_written() -> None:
    lena = {"id": "7", "acct": "lena@chaos.example", "url": "https://chaos.example/@lena"}
    link = (
        '<span class="h-card"><a href="https://chaos.example/@lena" class="u-url mention">@<span>lena</span></a></span>'
    )
    fields = {"account": US, "mentions": [lena], "in_reply_to_id": "5"}
    assert read("own", content=f"<p>{link} Yes, ask {link}</p>", **fields).text == "Yes, ask @lena@chaos.example"


@pytest.mark.parametrize(
    "change",
    [
        {"edited_at": "2026-03-02T10:00:00.000Z"},
        {"quote": {"state": "revoked"}},
    ],
)
def test_a_change_is_another_revision(change: dict[str, Any]) -> None:
    assert read(**change).revision != read().revision


def test_what_only_the_server_counts_is_no_change() -> None:
    assert read(favourites_count=5, card={"title": "x"}, poll={"options": []}).revision == read().revision


def test_where_edits_have_no_date_the_words_tell() -> None:
    undated = {name: value for name, value in status().items() if name != "edited_at"}
    edited = {**undated, "content": "<p>Other</p>"}
    assert mapping.revision(undated) == mapping.revision(dict(undated))
    assert mapping.revision(undated) != mapping.revision(edited)


@pytest.mark.parametrize(
    "fields",
    [{"account": None}, {"created_at": "yesterday"}, {"id": None}, {"content": None}, {"id": ""}, {"account": {}}],
)
def test_what_cannot_be_read_says_so(fields: dict[str, Any]) -> None:
    with pytest.raises(mapping.MALFORMED):
        read(**fields)


def test_a_date_with_another_offset_is_the_same_instant() -> None:
    assert mapping.instant("2026-03-02T10:00:00+01:00") == NOW == mapping.instant("2026-03-02T09:00:00")


# --- servers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instance", "limits"),
    [
        (
            {"configuration": {"statuses": {"max_characters": 5000, "characters_reserved_per_url": 23}}},
            {"graphemes": 5000, "graphemes_per_url": 23},
        ),
        ({"max_toot_chars": 1024}, {"graphemes": 1024}),
        ({"configuration": None}, {"graphemes": 500}),
        ({"configuration": {"statuses": {"max_characters": "many"}}}, {"graphemes": 500}),
    ],
)
def test_each_server_has_its_own_limits(instance: dict[str, Any], limits: dict[str, int]) -> None:
    assert limits_of(instance) == limits


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("mastodon.example", "https://mastodon.example"),
        ("https://mastodon.example/@me/109", "https://mastodon.example"),
        (" @me@mastodon.example ", "https://mastodon.example"),
        ("me@mastodon.example", "https://mastodon.example"),
        ("http://127.0.0.1:3000/", "http://127.0.0.1:3000"),
        ("https://mastodon.example/web/home?x=1#y", "https://mastodon.example"),
        ("https://[broken", "https://[broken"),
    ],
)
def test_an_address_may_be_given_as_people_copy_it(address: str, home: str) -> None:
    assert home_of(address) == home


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status_code", "said", "error", "reason"),
    [
        (401, "The access token is invalid", AuthExpired, "revoked"),
        (403, "This action is outside the authorized scopes", ScopeMissing, "scope"),
        (403, "Your login is currently disabled", AuthExpired, "suspended"),
        (403, "Your login is currently pending approval", AuthExpired, "not_confirmed"),
        (403, "This action is not allowed", Rejected, "reply_not_allowed"),
        (404, "Record not found", NotFound, "missing"),
        (410, "Gone", Gone, "deleted"),
        (422, "Validation failed: Text character limit of 500 exceeded", Rejected, "too_long"),
        (400, "Bad Request: text too long", Rejected, "too_long"),
        (422, "Validation failed: Text can't be blank", Rejected, "empty"),
        (422, "Validation failed: Language is not included in the list", Rejected, "validation"),
        (422, "This method requires an authenticated user", AuthExpired, "revoked"),
        (429, "Too many requests", RateLimited, "too_many_requests"),
        (500, "Oops", Ambiguous, "server_error"),
        (503, "", Ambiguous, "server_error"),
        (403, "", Rejected, "blocked"),
        (302, "", Unavailable, "moved"),
    ],
)
def test_a_refused_post_is_an_instruction(
    status_code: int, said: str, error: type[ConnectorError], reason: str
) -> None:
    told = instruction(Refusal(status=status_code, said=said, told=bool(said)), writing=True, now=NOW)
    assert (type(told), told.reason) == (error, reason)


@pytest.mark.parametrize("code", [500, 502, 503, 404, 403, 400])
def test_a_page_instead_of_a_list_is_a_passing_trouble(code: int) -> None:
    told = instruction(read_refusal(Response(status=code, body=b"<html>")), writing=False, now=NOW)
    assert isinstance(told, Unavailable)


def test_words_in_every_form_are_read() -> None:
    bodies = {
        b'{"error":"No"}': "No",
        b'{"error":"invalid_grant","error_description":"Not so"}': "Not so",
        b'{"error":{"message":"Deep"}}': "Deep",
        b"<p>no</p>": "",
        b"[1]": "",
    }
    assert {body: read_refusal(Response(status=400, body=body)).said for body in bodies} == bodies


def test_a_server_that_says_429_and_no_time_is_left_alone_for_five_minutes() -> None:
    told = instruction(Refusal(status=429, told=True), writing=False, now=NOW)
    assert told.retry_at == NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("left", "reset", "seconds"),
    [
        ("299", "2026-03-02T09:05:00.000Z", None),
        ("150", "2026-03-02T09:05:00.000Z", None),
        ("110", "2026-03-02T09:05:00.000Z", 30.0),
        ("62", "2026-03-02T09:05:00.000Z", 300.0),
        ("59", "2026-03-02T09:05:00.000Z", 300.0),
        ("0", str(int(NOW.timestamp()) + 30), 30.0),
        ("0", "nonsense", None),
        ("", "2026-03-02T09:05:00.000Z", None),
    ],
)
def test_what_the_server_allows_is_spread_and_a_fifth_left_to_replies(
    left: str, reset: str, seconds: float | None
) -> None:
    headers = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": left, "X-RateLimit-Reset": reset}
    assert pause(headers, NOW) == seconds
