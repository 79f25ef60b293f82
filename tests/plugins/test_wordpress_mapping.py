"""WordPress's JSON in the words of the contract, and an agent's text as WordPress takes it: without any network."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hub_plugins.wordpress import mapping
from hub_plugins.wordpress.mapping import Article, Me
from hub_plugins.wordpress.progress import MAX_SEEN, Progress, Slice, read_cursor
from hub_plugins.wordpress.refusals import Refusal, instruction
from hub_plugins.wordpress.site import home_of
from hub_plugins.wordpress.wording import as_content, is_same
from hypothesis import given
from hypothesis import strategies as st

from hub.connector import Author, Incoming, Moderation, Trust
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
from hub.kernel.html import text_of
from hub.testing.clock import START

SITE = "https://www.blog.example/"
ME = Me(id=1, author=Author(id="blog.example/user/1", is_us=True), moderates=True, edits=True)
COMMENT: dict[str, Any] = {
    "id": 12,
    "post": 5,
    "parent": 11,
    "author": 0,
    "author_name": "Alice Liddell",
    "author_email": "alice@wonder.example",
    "author_url": "https://alice.example",
    "author_avatar_urls": {"24": "https://pictures.example/a?s=24", "96": "https://pictures.example/a?s=96"},
    "date_gmt": "2026-03-02T08:30:00",
    "content": {"rendered": "<p>Is it <strong>hot</strong>?<br />\nReally?</p>\n", "raw": "Is it <b>hot</b>?\nReally?"},
    "link": "https://www.blog.example/tea/#comment-12",
    "status": "approved",
    "_links": {"up": [{"href": "https://www.blog.example/wp-json/wp/v2/pages/5"}]},
}


def read(**changes: Any) -> Incoming:
    return mapping.incoming(COMMENT | changes, None, ME, SITE)


def test_a_comment_hangs_on_its_post_below_the_comment_it_answers() -> None:
    message = read()
    assert (message.remote_id, message.parent_id, message.root_id) == ("12", "11", "5")
    assert read(parent=0).parent_id is None
    assert message.permalink == "https://www.blog.example/tea/#comment-12"


def test_a_comment_keeps_its_html_and_reads_as_text() -> None:
    message = read()
    assert message.text == "Is it hot?\nReally?"
    assert message.html == COMMENT["content"]["rendered"]


def test_a_date_without_a_zone_is_utc() -> None:
    assert read().created_at == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def test_a_visitors_name_and_mail_cannot_be_read_from_the_id_or_the_raw_form() -> None:
    message = read()
    told = f"{message.author.id} {json.dumps(dict(message.raw))}".lower()
    assert "wonder.example" not in told
    assert "liddell" not in message.author.id
    assert message.author.trust is Trust.CLAIMED


def test_the_same_visitor_is_known_again_and_another_is_not() -> None:
    assert read(id=99, author_email="Alice@Wonder.example").author.id == read().author.id
    assert read(author_email="other@wonder.example").author.id != read().author.id
    assert read(author_name="Alice L.").author.id != read().author.id


def test_a_user_of_the_site_has_a_stable_id_and_our_own_account_is_us() -> None:
    assert read(author=7).author.id == "blog.example/user/7"
    assert read(author=7).author.trust is Trust.NETWORK
    assert not read(author=7).author.is_us
    assert read(author=1).author.is_us


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("approved", Moderation.APPROVED),
        ("hold", Moderation.HELD),
        ("spam", Moderation.SPAM),
        ("trash", Moderation.TRASH),
        ("post-trashed", Moderation.TRASH),
        ("a plugin's own", Moderation.HELD),
    ],
)
def test_every_state_of_moderation_is_told(status: str, state: Moderation) -> None:
    assert read(status=status).moderation is state


@pytest.mark.parametrize(("status", "why_not"), [("approved", ""), ("hold", ""), ("spam", "spam"), ("trash", "trash")])
def test_what_is_thrown_away_cannot_be_answered(status: str, why_not: str) -> None:
    rules = read(status=status).reply
    assert (rules.allowed, rules.why_not) == (not why_not, why_not)


def test_a_closed_article_says_so_on_its_comments_and_closing_is_a_change() -> None:
    post = mapping.post_without_details(COMMENT)
    closed = mapping.incoming(COMMENT, Article(post=post, closed=True), ME, SITE)
    assert (closed.reply.allowed, closed.reply.why_not) == (False, "closed")
    assert closed.revision != read().revision


def test_the_revision_changes_with_the_words_and_the_state_and_with_nothing_else() -> None:
    same = read(author_avatar_urls={}, link="https://moved.example/", author_name="A.")
    assert same.revision == read().revision
    assert read(status="hold").revision != read().revision
    assert read(content={"raw": "else", "rendered": "else"}).revision != read().revision


def test_a_post_is_looked_up_where_the_comment_says_it_is() -> None:
    assert mapping.post_route(COMMENT) == "wp/v2/pages"
    encoded = {"_links": {"up": [{"href": "https://blog.example/index.php?rest_route=%2Fwp%2Fv2%2Fbooks%2F5"}]}}
    assert mapping.post_route(encoded) == "wp/v2/books"
    assert mapping.post_route({}) == "wp/v2/posts"


@pytest.mark.parametrize("broken", [{"date_gmt": "noon"}, {"content": None}, {"author": "nobody"}, {"id": "x"}])
def test_a_malformed_comment_is_refused_as_a_value(broken: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        read(**broken)


def test_a_skipped_comment_keeps_its_raw_form_without_the_mail_address() -> None:
    kept = mapping.skipped(COMMENT, ValueError("date"))
    assert json.loads(kept.raw)["id"] == 12
    assert "wonder.example" not in kept.raw


@pytest.mark.parametrize("id", ["12", "https://blog.example/?p=5#comment-12", "https://blog.example/tea/#comment-12"])
def test_the_ids_of_its_feeds_lead_to_the_comment(id: str) -> None:
    assert mapping.comment_id(id) == 12


def test_a_remote_id_that_is_no_comment_leads_nowhere() -> None:
    assert mapping.comment_id("https://elsewhere.example/12") is None
    assert mapping.comment_id("opaque", "https://blog.example/tea/#comment-12") == 12


# --- words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "content"),
    [
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ('it\'s "so"', 'it\'s "so"'),
        ("run hub --set a=b", "run hub &#045;&#045;set a=b"),
        ("a - b, a-b", "a - b, a-b"),
        ("2x4", "2&#120;4"),
        (r"C:\new", "C:&#092;new"),
        ("thanks :) and 8-)", "thanks &#058;) and &#056;-)"),
        ("at 8:15: go", "at 8:15: go"),
        ("see https://x.example/?a=1&b=2.", "see https://x.example/?a=1&amp;b=2."),
        (
            "https://x.example/a--b",
            '<a href="https://x.example/a--b" rel="nofollow ugc">https&#058;//x.example/a&#045;&#045;b</a>',
        ),
        ("&#8211; & &lt;", "&#038;#8211; &amp; &amp;lt;"),
        (
            "<https://x.example/>",
            '&lt;<a href="https://x.example/" rel="nofollow ugc">https&#058;//x.example/</a>&gt;',
        ),
        ("  first\r\nsecond \r", "first\nsecond"),
        ("\ue00065\ue001 & \ue000", "\ue00065\ue001 &amp; \ue000"),
        ("bell\x07 and half \ud83d", "bell and half"),
    ],
)
def test_what_is_typed_is_written_so_that_wordpress_shows_it(typed: str, content: str) -> None:
    assert as_content(typed) == content


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"))))
def test_no_letter_is_lost_and_none_is_added(typed: str) -> None:
    shown = text_of(f"<p>{as_content(typed)}</p>")
    assert list(filter(str.isalnum, shown)) == list(filter(str.isalnum, typed))


@given(st.text(alphabet="<>&;:/\"'a#-.)( \n"))
def test_no_markup_of_the_agents_text_gets_through(typed: str) -> None:
    tags = re.findall(r"<[^>]*>", as_content(f"https://x.example/{typed}"))
    assert {tag[:9] for tag in tags} <= {'<a href="', "</a>"}
    assert "<" not in as_content(typed.replace(":", ""))


def test_a_text_is_recognised_however_the_site_has_dressed_it() -> None:
    rendered = "<p>&#8220;It&#8217;s 5 &#8211; 6&#8221; &#8230; see<br />\n<a href='https://x.example'>https://x.example</a></p>"
    assert is_same("", rendered, '"It\'s 5 - 6" ...\nsee https://x.example')
    assert not is_same("", rendered, "something else")


def test_texts_without_any_letter_are_told_apart() -> None:
    assert is_same("", "<p>👍</p>", "👍")
    assert not is_same("", "<p>👎</p>", "👍")


# --- refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "writing", "kind", "reason"),
    [
        (401, "rest_not_logged_in", False, AuthExpired, "rest_not_logged_in"),
        (401, "rest_forbidden_context", False, AuthExpired, "rest_forbidden_context"),
        (401, "", True, AuthExpired, "http_401"),
        (403, "rest_forbidden_context", False, ScopeMissing, "cannot_moderate"),
        (403, "rest_comment_closed", True, Rejected, "closed"),
        (403, "rest_comment_invalid_post_id", True, Gone, "post_deleted"),
        (403, "rest_comment_trash_post", True, NotFound, "post_in_trash"),
        (404, "rest_comment_invalid_id", False, Gone, "deleted"),
        (400, "comment_content_column_length", True, Rejected, "too_long"),
        (409, "comment_duplicate", True, Rejected, "duplicate"),
        (400, "comment_flood", True, RateLimited, "comment_flood"),
        (429, "", False, RateLimited, "too_many_requests"),
        (403, "", True, Rejected, "blocked"),
        (403, "", False, Unavailable, "http_403"),
        (500, "internal_server_error", True, Ambiguous, "internal_server_error"),
        (500, "internal_server_error", False, Unavailable, "internal_server_error"),
        (504, "", True, Ambiguous, "http_504"),
        (301, "", True, Unavailable, "moved"),
        (404, "rest_no_route", False, Unavailable, "rest_off"),
    ],
)
def test_a_refusal_becomes_an_instruction(
    status: int, code: str, writing: bool, kind: type[ConnectorError], reason: str
) -> None:
    error = instruction(Refusal(status=status, code=code), writing=writing, now=START)
    assert type(error) is kind
    assert error.reason == reason


def test_a_flood_is_waited_out_for_fifteen_seconds_or_as_long_as_the_server_says() -> None:
    flood = Refusal(status=400, code="comment_flood")
    assert instruction(flood, writing=True, now=START).retry_at == START + timedelta(seconds=15)
    told = replace(flood, status=429, headers={"Retry-After": "120"})
    assert instruction(told, writing=True, now=START).retry_at == START + timedelta(seconds=120)


# --- where a pull goes on -----------------------------------------------------------------------------------


def test_a_cursor_survives_being_stored() -> None:
    progress = Progress(high=9, top=12, offset=90, sweep=180, history=False, seen={9: "aa", 8: "bb"})
    assert read_cursor(progress.dump()) == progress


@pytest.mark.parametrize("cursor", [None, "", "x", "[]", "7", "{}", '{"v":2}', '{"v":1}', '{"v":1,"high":"x"}'])
def test_an_unknown_cursor_starts_anew(cursor: str | None) -> None:
    assert read_cursor(cursor) == Progress()


def test_a_cursor_fits_into_64_kilobytes_whatever_is_watched() -> None:
    huge = 18_446_744_073_709_551_615
    progress = Progress(high=huge, top=huge).saw({huge - number: "0123456789ab" for number in range(5_000)})
    assert len(progress.seen) == MAX_SEEN
    assert min(progress.seen) == huge - MAX_SEEN + 1
    assert len(progress.dump()) <= 64_000


def test_a_walk_goes_down_to_what_is_known_and_remembers_its_top() -> None:
    known = Progress(high=500, history=False)
    under_way = known.walked(Slice(offset=0, ids=tuple(range(700, 600, -1)), ends=False))
    assert (under_way.offset, under_way.top, under_way.high) == (90, 700, 500)
    further = under_way.walked(Slice(offset=90, ids=tuple(range(610, 510, -1)), ends=False))
    ended = further.walked(Slice(offset=180, ids=tuple(range(520, 420, -1)), ends=False))
    assert (ended.offset, ended.high, ended.history) == (0, 700, False)


def test_only_what_a_slice_should_have_shown_is_missing() -> None:
    seen = (90, 80, 70, 60)
    assert Slice(offset=0, ids=(85, 80), ends=False).misses(seen) == [90]
    assert Slice(offset=90, ids=(85, 70), ends=False).misses(seen) == [80]
    assert Slice(offset=90, ids=(75, 70), ends=True).misses(seen) == [60]


@pytest.mark.parametrize(
    "address",
    [
        "https://blog.example",
        "https://blog.example/",
        " blog.example ",
        "https://blog.example/wp-admin/profile.php",
        "https://blog.example/wp-login.php?redirect_to=x",
        "https://blog.example/wp-json/wp/v2",
        "https://blog.example/?utm=1",
    ],
)
def test_the_address_people_copy_leads_to_the_site(address: str) -> None:
    assert home_of(address) == "https://blog.example/"


def test_a_blog_in_a_folder_keeps_its_folder() -> None:
    assert home_of("https://shop.example/blog/wp-admin/") == "https://shop.example/blog/"
