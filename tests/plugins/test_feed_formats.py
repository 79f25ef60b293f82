"""What the entries of each format mean: ids, parents, articles, authors, dates, links."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hub_plugins.feed import child
from hub_plugins.feed.connector import FeedConnector
from hub_plugins.feed.cursor import read_cursor
from hub_plugins.feed.discovery import as_wordpress_atom, feeds_of
from hub_plugins.feed.document import Feed
from hub_plugins.feed.identity import article_link, canonical
from hub_plugins.feed.json_feed import looks_like_json, read_json
from hub_plugins.feed.mapping import incoming
from hub_plugins.feed.news import knows, news

from hub.connector import Author, Incoming, Kind, Target, Trust
from tests.plugins import feed_samples
from tests.plugins.feed_samples import item, rss

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FEED = "https://garden.example/feed"


def read(text: str | bytes, content_type: str = "application/xml") -> Feed:
    body = text.encode() if isinstance(text, str) else text
    return read_json(body) if looks_like_json(body, content_type) else child.read(body, content_type, FEED)


def told(text: str | bytes, content_type: str = "application/xml", *, has_companion: bool = False) -> list[Incoming]:
    """The messages of a feed that is read for the first time, oldest first."""
    feed = read(text, content_type)
    found = news(feed, read_cursor(None, FEED)[0], NOW, comments=False)
    is_known = knows(found.items, found.cursor)
    return [incoming(item, feed, NOW, is_known=is_known, has_companion=has_companion) for item in found.items]


# Comments.


def test_a_wordpress_atom_feed_tells_who_answers_whom() -> None:
    first, answer = told(feed_samples.WORDPRESS_ATOM)
    assert (first.kind, first.parent_id) == (Kind.COMMENT, None)
    assert answer.parent_id == first.remote_id == "https://garden.example/?p=5#comment-7"
    assert answer.text == "Nein!"
    assert answer.language == "de-DE"


@pytest.mark.parametrize("feed", [feed_samples.WORDPRESS_ATOM, feed_samples.WORDPRESS_RSS])
def test_all_comments_of_an_article_share_its_thread(feed: str) -> None:
    comments = told(feed)
    assert {comment.root_id for comment in comments} == {"https://garden.example/?p=5"}
    assert {comment.post.remote_id for comment in comments if comment.post} == {"https://garden.example/?p=5"}
    assert {comment.post.link for comment in comments if comment.post} == {"https://garden.example/water/"}


def test_the_articles_title_is_read_out_of_the_comments() -> None:
    for feed, title in (
        (feed_samples.WORDPRESS_RSS, "Hard & soft water"),
        (feed_samples.WORDPRESS_ATOM, "Hartes Wasser"),
    ):
        assert {comment.post.title for comment in told(feed) if comment.post} == {title}


def test_a_comment_of_wordpress_rss_has_its_author_and_its_words() -> None:
    ann, bo = told(feed_samples.WORDPRESS_RSS)
    assert (ann.author.name, ann.author.trust, bo.author.name) == ("Ann", Trust.CLAIMED, "Bo")
    assert ann.author.id != bo.author.id
    assert bo.text == "In reply to Ann.\n\nNo!"
    assert bo.created_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert not bo.date_guessed


def test_comments_of_blogger_hang_on_their_article() -> None:
    (comment,) = told(feed_samples.BLOGGER)
    assert comment.kind is Kind.COMMENT
    assert comment.root_id == "https://garden.example/2026/02/water.html"
    assert comment.parent_id is None
    assert comment.text == "Really?\nI thought so."
    assert comment.permalink == "https://garden.example/2026/02/water.html?showComment=1772355600001#c22"
    assert comment.edited_at is None


@pytest.mark.parametrize(
    ("link", "article"),
    [
        ("https://a.example/x/#comment-3", "https://a.example/x/"),
        ("https://a.example/x/comment-page-2/#comment-3", "https://a.example/x/"),
        ("https://a.example/?p=7&#038;cpage=2#comment-3", "https://a.example/?p=7"),
        ("https://a.example/x.html?showComment=1#c3", "https://a.example/x.html"),
        ("http://[broken#comment-3", ""),
    ],
)
def test_the_article_of_a_comment_is_its_link_without_the_way_to_the_comment(link: str, article: str) -> None:
    assert article_link(link) == article


# Articles.


def test_an_article_is_a_mention_with_its_title() -> None:
    (article,) = told(feed_samples.RDF)
    assert article.kind is Kind.MENTION
    assert article.remote_id == "https://news.example/1"
    assert article.text == "Brightwater tested\n\nWe tried it."
    assert (article.root_id, article.parent_id, article.post) == (None, None, None)


def test_a_json_feed_is_read_item_by_item() -> None:
    feed = read(feed_samples.JSON_FEED, "application/feed+json")
    guest, article = told(feed_samples.JSON_FEED, "application/feed+json")
    assert len(feed.unread) == 1
    assert (guest.remote_id, guest.text, guest.html, guest.author.name) == ("8", "a < b", None, "Guest")
    assert (article.remote_id, article.author.name) == ("7", "Editor")
    assert article.created_at == datetime(2026, 2, 1, 10, tzinfo=UTC)
    assert article.edited_at == datetime(2026, 2, 2, 10, tzinfo=UTC)
    assert [(a.kind, a.url, a.size) for a in article.attachments] == [("audio", "https://news.example/7.mp3", 9)]


def test_a_title_of_html_is_told_as_text() -> None:
    (article,) = told(rss(item("1", title="&lt;img src=x onerror=alert(1)&gt;&lt;b&gt;Water&lt;/b&gt;", text="words")))
    assert article.text == "Water\n\nwords"
    assert "onerror" not in (article.html or "")


# Names, dates, links.


def test_the_name_of_an_entry_is_its_id_then_its_link_then_its_words() -> None:
    by_id, by_link, by_words = told(
        rss(item("urn:g-1", link="https://a.example/1"), item(link="https://a.example/2#c-9"), item(text="only words"))
    )
    assert by_id.remote_id == "urn:g-1"
    assert by_link.remote_id == "https://a.example/2#c-9"
    assert by_words.remote_id.startswith("sha256:")


def test_an_id_rewritten_on_its_way_is_still_the_same() -> None:
    assert (
        canonical("http://a.example/?p=1&#038;x=2#comment-3")
        == canonical("https://a.example/?p=1&amp;x=2#comment-3")
        == canonical(" HTTP://a.example/?p=1&x=2#comment-3 ")
    )


def test_an_endless_id_is_told_as_its_hash() -> None:
    (message,) = told(rss(item("x" * 1_900)))
    assert message.remote_id.startswith("sha256:")


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 31 Feb 2026 25:00:00 GMT", "0000-00-00T00:00:00Z"])
def test_a_date_nobody_can_read_is_guessed_and_says_so(date: str) -> None:
    (message,) = told(rss(item("1", date=date)))
    assert (message.created_at, message.date_guessed) == (NOW, True)


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "\x09javascript:alert(1)"]
)
def test_a_link_that_runs_something_stays_text(link: str) -> None:
    entry = f'<item><guid>1</guid><link>{link}</link><description>x</description><enclosure url="{link}"/></item>'
    (message,) = told(rss(entry))
    assert message.permalink is None
    assert not message.attachments
    assert message.raw["link"]


def test_of_two_entries_with_one_id_the_latest_counts() -> None:
    old, new = (
        item("1", text=text, date=f"Sun, 0{day} Mar 2026 10:00:00 GMT") for text, day in (("old", 1), ("new", 2))
    )
    assert (
        [message.text for message in told(rss(old, new))]
        == [message.text for message in told(rss(new, old))]
        == ["new"]
    )


def test_the_mail_address_beside_an_rss_authors_name_is_not_his_name() -> None:
    (message,) = told(rss("<item><guid>1</guid><author>ann@x.example (Ann)</author></item>"))
    assert message.author.name == "Ann"


def test_nameless_authors_are_not_one_person() -> None:
    one, two = told(rss(item("1"), item("2")))
    assert one.author.id != two.author.id


# Broken, but readable.


def test_a_feed_that_breaks_off_gives_what_it_has() -> None:
    assert [message.remote_id for message in told(rss(item("urn:1"), item("urn:2"))[:-30])] == ["urn:1", "urn:2"]


@pytest.mark.parametrize("declared", ["utf-8", "iso-8859-1", "windows-1252", "koi9-no-such"])
def test_a_wrong_charset_costs_no_letter(declared: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>'
    body = (head + rss(item("1", text="Wasserhärte"))).encode("latin-1")
    assert told(body, "application/rss+xml")[0].text == "Wasserhärte"


# Answering.


def target(remote_id: str, permalink: str | None = None) -> Target:
    return Target(remote_id=remote_id, permalink=permalink, author=Author(id="ann"), raw={"id": "x"})


def test_a_feed_is_read_only_until_a_companion_can_post() -> None:
    alone, accompanied = (told(feed_samples.WORDPRESS_RSS, has_companion=has)[0].reply for has in (False, True))
    assert (alone.allowed, alone.why_not) == (False, "read_only")
    assert accompanied.allowed


def test_what_the_companion_cannot_know_stays_read_only() -> None:
    assert not told(feed_samples.BLOGGER, has_companion=True)[0].reply.allowed


def test_the_companion_is_told_the_number_of_the_comment() -> None:
    for names in (("https://a.example/?p=5#comment-7",), ("tag:x", "https://a.example/x/#comment-7")):
        moved = FeedConnector.companion_target(target(*names))
        assert moved is not None
        assert (moved.remote_id, moved.author.id, moved.raw) == ("7", "ann", {})


@pytest.mark.parametrize(
    "remote_id", ["tag:x", "https://a.example/#comment-7x", "#comment-", "https://a.example/#respond"]
)
def test_what_names_no_comment_has_no_target_at_the_companion(remote_id: str) -> None:
    assert FeedConnector.companion_target(target(remote_id)) is None


# Discovery.


def test_a_page_offers_its_feeds_comments_first_and_atom_of_wordpress() -> None:
    assert feeds_of(feed_samples.PAGE, "https://garden.example/") == (
        "https://garden.example/comments/feed/atom/",
        "https://garden.example/feed/",
    )


def test_only_a_comment_feed_of_wordpress_has_an_atom_form() -> None:
    assert as_wordpress_atom("https://a.example/?feed=comments-rss2") == "https://a.example/?feed=comments-atom"
    assert as_wordpress_atom("https://a.example/b/comments/feed") == "https://a.example/b/comments/feed/atom/"
    assert as_wordpress_atom("https://a.example/comments/feed/atom/") is None
    assert as_wordpress_atom("https://a.example/feed/") is None
