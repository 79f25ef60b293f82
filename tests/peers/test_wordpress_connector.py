"""The WordPress connector on a real WordPress: its readers comment and moderate over HTTP, the site is the judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
import requests
from hub_plugins.wordpress.connector import MOST_BYTES, WordPressSettings
from hub_plugins.wordpress.wording import as_content

from hub.connector import DeletedBy, Moderation, Outgoing
from hub.errors import (
    AlreadySent,
    Ambiguous,
    AuthExpired,
    Gone,
    Misconfigured,
    NotFound,
    RateLimited,
    Rejected,
    ScopeMissing,
    Unavailable,
)
from hub.kernel.html import text_of
from hub.testing.server import Answer, Arrival, FakeServer, Fault
from tests.peers.wordpress import Article, WordPress
from tests.plugins.wordpress_channel import Channel

Connect = Callable[..., Channel]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def connect(wordpress: WordPress, tmp_path: Path) -> Connect:
    """A channel as one of the users, with a password and address of the test's choice."""

    def connect(user: str = "editor", *, password: str = "", address: str = "") -> Channel:
        settings = WordPressSettings(
            address=address or wordpress.url, user=user, password=password or wordpress.app_passwords[user]
        )
        host = address.removeprefix("http://") or wordpress.host
        return Channel(settings, tmp_path, host, clock=now)

    return connect


@pytest.fixture
def channel(connect: Connect) -> Channel:
    """The editor's channel, with the comments of earlier tests already taken in."""
    channel = connect()
    channel.pull()
    return channel


@pytest.fixture
def article(wordpress: WordPress, request: pytest.FixtureRequest) -> Article:
    return wordpress.publish(request.node.name, "<p>Water first, then leaves.</p>")


# --- reading ----------------------------------------------------------------------------------------------------------


def test_check_says_who_we_are_on_a_real_site(connect: Connect) -> None:
    found = connect().connector.check()
    assert (found.account.handle, found.title, found.limits) == ("editor", "Test blog", {"bytes": MOST_BYTES})
    assert "cannot_moderate" not in found.warnings
    assert "cannot_moderate" in connect("alice").connector.check().warnings


def test_comments_of_readers_and_visitors_arrive_in_their_thread(
    wordpress: WordPress, channel: Channel, article: Article
) -> None:
    question = wordpress.comment(article, "Does it need <b>hot</b> water?")
    visitor = wordpress.form_comment(article, "I use cold water", name="Xavier", parent=question.id)
    assert channel.pull() == [str(question.id), str(visitor.id)]
    asked, answered = channel.messages[str(question.id)], channel.messages[str(visitor.id)]
    assert (asked.text, asked.parent_id, asked.root_id) == ("Does it need hot water?", None, str(article.id))
    assert (answered.parent_id, answered.root_id) == (str(question.id), str(article.id))
    assert (asked.author.name, asked.author.trust, asked.author.is_us) == ("alice", "network", False)
    assert (answered.author.name, answered.author.trust) == ("Xavier", "claimed")
    assert asked.permalink == question.link
    assert asked.post is not None
    assert (asked.post.title, asked.post.link) == (article.title, article.link)
    assert asked.post.text == "Water first, then leaves."


def test_the_first_pull_is_history_and_an_idle_site_brings_nothing(wordpress: WordPress, connect: Connect) -> None:
    first = connect()
    page = first.connector.pull(None)
    assert page.history
    first.cursor = page.cursor
    first.pull()
    assert first.pull() == []


def test_an_answer_written_in_wordpress_comes_in_as_ours(
    wordpress: WordPress, channel: Channel, article: Article
) -> None:
    question = wordpress.comment(article, "Does it need hot water?")
    native = wordpress.comment(article, "It does.", as_user="editor", parent=question.id)
    channel.pull()
    assert channel.messages[str(native.id)].author.is_us
    assert not channel.messages[str(question.id)].author.is_us


def test_an_edit_in_wordpress_arrives_as_a_new_revision(
    wordpress: WordPress, channel: Channel, article: Article
) -> None:
    comment = wordpress.comment(article, "befor")
    channel.pull()
    before = channel.messages[str(comment.id)].revision
    wordpress.edit(comment.id, "before")
    assert channel.pull() == [str(comment.id)]
    assert channel.messages[str(comment.id)].text == "before"
    assert channel.messages[str(comment.id)].revision != before


def test_moderation_in_wordpress_arrives_in_every_state(
    wordpress: WordPress, channel: Channel, article: Article
) -> None:
    comment = wordpress.comment(article, "Buy my tea")
    channel.pull()
    states = [Moderation.HELD, Moderation.SPAM, Moderation.TRASH, Moderation.APPROVED]
    for status, state in zip(("hold", "spam", "trash", "approved"), states, strict=True):
        wordpress.set_status(comment.id, status)
        assert channel.pull() == [str(comment.id)]
        assert channel.messages[str(comment.id)].moderation is state


def test_what_is_deleted_for_good_is_told_as_deleted(wordpress: WordPress, channel: Channel, article: Article) -> None:
    comment = wordpress.comment(article, "I should not have said that")
    channel.pull()
    wordpress.delete(comment.id)
    assert channel.pull() == []
    assert channel.deleted == {str(comment.id): DeletedBy.MODERATION}


def test_comments_of_an_article_thrown_away_are_in_the_trash_with_it(
    wordpress: WordPress, channel: Channel, article: Article
) -> None:
    comment = wordpress.comment(article, "Nice")
    channel.pull()
    wordpress.call("DELETE", f"posts/{article.id}")
    channel.pull()
    assert channel.messages[str(comment.id)].moderation is Moderation.TRASH


def test_a_reader_without_rights_sees_late_what_is_approved_late(
    wordpress: WordPress, connect: Connect, article: Article
) -> None:
    reader = connect("bob")
    reader.pull()
    held = wordpress.comment(article, "Waiting")
    wordpress.set_status(held.id, "hold")
    shown = wordpress.comment(article, "Shown")
    assert reader.pull() == [str(shown.id)]
    wordpress.set_status(held.id, "approved")
    assert reader.pull() == [str(held.id)]


def test_an_author_sees_what_waits_under_the_own_articles(
    wordpress: WordPress, connect: Connect, article: Article
) -> None:
    writer = connect("author")
    writer.pull()
    held = wordpress.comment(article, "Waiting")
    wordpress.set_status(held.id, "hold")
    assert writer.pull() == [str(held.id)]
    assert writer.messages[str(held.id)].moderation is Moderation.HELD


def test_a_comment_on_a_page_shows_that_page(wordpress: WordPress, channel: Channel) -> None:
    fields = {"title": "About us", "status": "publish", "comment_status": "open"}
    page = wordpress.call("POST", "pages", json=fields)
    article = Article(id=page["id"], title="About us", link=page["link"])
    comment = wordpress.comment(article, "Who are you?")
    channel.pull()
    post = channel.messages[str(comment.id)].post
    assert post is not None
    assert (post.title, post.link) == ("About us", page["link"])


# --- answering --------------------------------------------------------------------------------------------------------


@pytest.fixture
def question(wordpress: WordPress, channel: Channel, article: Article) -> str:
    """A comment of alice's, taken in."""
    comment = wordpress.comment(article, f"Does it need hot water? {article.id}")
    channel.pull()
    return str(comment.id)


def test_an_answer_appears_under_the_question_and_its_echo_changes_nothing(
    wordpress: WordPress, channel: Channel, article: Article, question: str
) -> None:
    receipt = channel.answer(question, "Ninety degrees is plenty.")
    arrived = wordpress.comments(article)[-1]
    assert (str(arrived.id), arrived.parent, arrived.author) == (receipt.remote_id, int(question), "editor")
    assert (arrived.content, arrived.status, receipt.held) == ("Ninety degrees is plenty.", "approved", False)
    assert receipt.permalink == arrived.link
    assert abs((now() - receipt.at).total_seconds()) < 60
    assert channel.pull() == [receipt.remote_id]
    echo = channel.messages[receipt.remote_id]
    assert (echo.author.is_us, echo.revision, echo.parent_id) == (True, receipt.revision, question)


TYPED = [
    "a < b && c > d, <b>not bold</b> & <script>alert(1)</script>",
    "run hub channel add --set key=value -- please",
    r"C:\tea\new and \0",
    "a plank of 2x4 at 0x10",
    "thanks :) 8-) :mrgreen: ;-)",
    "&lt; is an entity, &#8211; too",
    "first line\nsecond line\n\nnew paragraph",
    "👍🏽 naïve 日本語 שלום",
    "[gallery] [/caption] %s %1$s $1 {{x}}",
]


@pytest.mark.parametrize("user", ["editor", "alice"])
@pytest.mark.parametrize("typed", TYPED)
def test_what_is_typed_is_what_wordpress_shows(
    wordpress: WordPress, connect: Connect, channel: Channel, question: str, user: str, typed: str
) -> None:
    sender = connect(user)
    sender.pull()
    receipt = sender.answer(question, typed)
    channel.pull()
    assert channel.messages[receipt.remote_id].text == typed
    with pytest.raises(AlreadySent) as again:
        sender.answer(question, typed)
    assert again.value.receipt.remote_id == receipt.remote_id


@pytest.mark.parametrize(
    ("typed", "links"),
    [
        ("see https://x.example/?a=1&b=2.", ["https://x.example/?a=1&b=2"]),
        ("(https://x.example/a_(b)?c=1)", ["https://x.example/a_(b)?c=1"]),
        ("<https://x.example/>, <http://y.example>", ["https://x.example/", "http://y.example"]),
        ("https://x.example/a--b https://x.example/2x4", ["https://x.example/a--b", "https://x.example/2x4"]),
    ],
)
def test_links_stay_links(wordpress: WordPress, channel: Channel, question: str, typed: str, links: list[str]) -> None:
    receipt = channel.answer(question, typed)
    rendered = wordpress.call("GET", f"comments/{receipt.remote_id}")["content"]["rendered"]
    assert [unescape(piece.partition('"')[0]) for piece in rendered.split('href="')[1:]] == links
    assert "".join(text_of(rendered).split()) == "".join(typed.split())


def test_the_same_text_again_is_refused_by_wordpress_and_found(
    wordpress: WordPress, channel: Channel, article: Article, question: str
) -> None:
    first = channel.answer(question, 'It\'s "5 - 6" minutes ...')
    with pytest.raises(AlreadySent) as again:
        channel.answer(question, 'It\'s "5 - 6" minutes ...')
    assert again.value.receipt == first
    assert len(wordpress.comments(article)) == 2


def test_two_answers_of_one_reader_in_a_row_are_a_flood(wordpress: WordPress, connect: Connect, question: str) -> None:
    reader = connect("bob")
    reader.pull()
    with wordpress.flood_rule():
        reader.answer(question, "One")
        with pytest.raises(RateLimited) as slowed:
            reader.answer(question, "Two")
    assert slowed.value.retry_at is not None
    assert 10 < (slowed.value.retry_at - now()).total_seconds() <= 15


def test_an_answer_that_waits_for_moderation_says_so(connect: Connect, question: str) -> None:
    reader = connect("bob")
    reader.pull()
    assert reader.answer(question, "https://a.example https://b.example https://c.example").held


def test_a_closed_article_refuses_the_answer_and_says_so_beforehand(
    wordpress: WordPress, channel: Channel, article: Article, question: str
) -> None:
    wordpress.close_comments(article)
    with pytest.raises(Rejected) as refused:
        channel.answer(question, "Too late")
    assert refused.value.reason == "closed"
    assert channel.pull() == [question]
    assert channel.messages[question].reply.why_not == "closed"


def test_a_deleted_question_cannot_be_answered(
    wordpress: WordPress, channel: Channel, article: Article, question: str
) -> None:
    wordpress.delete(int(question))
    with pytest.raises(Gone):
        channel.answer(question, "Hello?")
    assert wordpress.comments(article) == []


def test_a_question_in_the_trash_is_not_answered(wordpress: WordPress, channel: Channel, question: str) -> None:
    wordpress.set_status(int(question), "trash")
    with pytest.raises(NotFound):
        channel.answer(question, "Hello?")


def test_wordpress_counts_as_we_do_up_to_the_last_byte(channel: Channel, question: str) -> None:
    fits = "ü & " * 7_279 + "x" * 14
    too_long = fits + "x"
    assert len(as_content(fits).encode()) == MOST_BYTES
    target = channel.target(question)
    assert not channel.connector.measure(Outgoing(text=fits, target=target), {}).errors
    assert channel.connector.measure(Outgoing(text=too_long, target=target), {}).errors == ("too_long",)
    with pytest.raises(Rejected) as refused:
        channel.answer(question, too_long)
    assert refused.value.reason == "too_long"
    assert channel.answer(question, fits).remote_id


# --- moderating -------------------------------------------------------------------------------------------------------


def test_every_act_of_moderation_reaches_wordpress_and_may_be_repeated(
    wordpress: WordPress, channel: Channel, question: str
) -> None:
    steps = [
        ("hold", "hold"),
        ("approve", "approved"),
        ("spam", "spam"),
        ("restore", "approved"),
        ("trash", "trash"),
        ("restore", "approved"),
    ]
    for action, status in steps:
        for _ in range(2):
            channel.moderate(question, action)
            assert wordpress.read(int(question)).status == status


def test_a_reader_may_not_moderate(connect: Connect, question: str) -> None:
    reader = connect("bob")
    reader.pull()
    with pytest.raises(ScopeMissing) as refused:
        reader.moderate(question, "spam")
    assert refused.value.reason == "cannot_moderate"


# --- wrong and revoked passwords --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("user", "password"), [("editor", "wrong wrong wrong"), ("nobody-here", "wrong")])
def test_a_wrong_password_is_told_at_the_password(connect: Connect, user: str, password: str) -> None:
    with pytest.raises(Misconfigured) as wrong:
        connect(user, password=password).connector.check()
    assert (wrong.value.field, wrong.value.reason) == ("password", "wrong_password")


def test_a_revoked_password_ends_pulling_and_sending(wordpress: WordPress, connect: Connect, question: str) -> None:
    password = wordpress.new_app_password("editor")
    revoked = connect("editor", password=password)
    revoked.pull()
    wordpress.revoke_app_password(password)
    with pytest.raises(AuthExpired):
        revoked.pull()
    with pytest.raises(AuthExpired):
        revoked.answer(question, "Hello?")


# --- failures on the way: a proxy of the test's own in front of the real site -----------------------------------------


class Proxy:
    """Passes requests on to the real site; `headers_kept` and `loses` spoil what passes."""

    def __init__(self, site: WordPress, server: FakeServer) -> None:
        self.server = server
        self.strips_authorization = False
        self.loses: Callable[[], None] | None = None
        self.refuses: Callable[[], None] | None = None
        self._site = site
        server.on("*", "/*").runs(self._pass)

    def _pass(self, arrival: Arrival) -> Answer:
        writes = arrival.method == "POST" and arrival.path.endswith("/comments")
        if writes and self.refuses:
            self.refuses()
            return Answer(fault=Fault.DROP)
        headers = {name: arrival.headers[name] for name in ("Authorization", "Content-Type") if name in arrival.headers}
        if self.strips_authorization:
            headers.pop("Authorization", None)
        url = f"{self._site.url}{arrival.path}?{arrival.query}"
        answer = requests.request(arrival.method, url, headers=headers, data=arrival.body, timeout=30)
        if writes and self.loses:
            self.loses()
            return Answer(fault=Fault.DROP)
        kept = {name: answer.headers[name] for name in ("Content-Type", "X-WP-Total") if name in answer.headers}
        return Answer(status=answer.status_code, headers=kept | {"Connection": "close"}, body=answer.content)


@pytest.fixture
def proxy(wordpress: WordPress) -> Iterator[Proxy]:
    with FakeServer() as server:
        yield Proxy(wordpress, server)


def test_a_host_that_strips_the_password_is_told_from_a_wrong_password(connect: Connect, proxy: Proxy) -> None:
    proxy.strips_authorization = True
    with pytest.raises(Misconfigured) as wrong:
        connect(address=proxy.server.url).connector.check()
    assert (wrong.value.field, wrong.value.reason) == ("address", "authorization_stripped")


def test_a_restart_during_a_pull_loses_nothing(wordpress: WordPress, channel: Channel, article: Article) -> None:
    comment = wordpress.comment(article, "Through the storm")
    wordpress.kill_web()
    with pytest.raises(Unavailable):
        channel.pull()
    wordpress.start_web()
    assert channel.pull() == [str(comment.id)]


def test_a_restart_before_an_answer_leaves_it_surely_unsent(
    wordpress: WordPress, channel: Channel, article: Article, question: str
) -> None:
    wordpress.kill_web()
    with pytest.raises(Unavailable):
        channel.answer(question, "Yes")
    wordpress.start_web()
    channel.answer(question, "Yes")
    assert len(wordpress.comments(article)) == 2


@pytest.mark.parametrize("user", ["editor", "author"])
def test_a_site_that_dies_after_taking_an_answer_is_asked_and_not_sent_it_again(
    wordpress: WordPress, connect: Connect, proxy: Proxy, article: Article, question: str, user: str
) -> None:
    sender = connect(user, address=proxy.server.url)
    sender.pull()
    proxy.loses = wordpress.kill_web
    since, plan = now(), sender.plan(question, 'It\'s "5 - 6" minutes -- or 2x4 ... :) see https://x.example/?a=1&b=2')
    with pytest.raises(Ambiguous):
        sender.connector.send(plan, 0, None)
    with pytest.raises(Unavailable):
        sender.connector.reconcile(plan, 0, since)
    wordpress.start_web()
    found = sender.connector.reconcile(plan, 0, since)
    assert found is not None
    assert [str(comment.id) for comment in wordpress.comments(article)] == [question, found.remote_id]


def test_a_site_that_dies_before_taking_an_answer_surely_has_it_not(
    wordpress: WordPress, connect: Connect, proxy: Proxy, article: Article, question: str
) -> None:
    sender = connect(address=proxy.server.url)
    sender.pull()
    proxy.refuses = wordpress.kill_web
    since, plan = now(), sender.plan(question, "Yes")
    with pytest.raises(Ambiguous):
        sender.connector.send(plan, 0, None)
    wordpress.start_web()
    assert sender.connector.reconcile(plan, 0, since) is None
    proxy.refuses = None
    sender.connector.send(plan, 0, None)
    assert len(wordpress.comments(article)) == 2


# --- last, since every later test would take all of it in first ------------------------------------------------------


def test_a_burst_of_more_than_a_page_is_complete(wordpress: WordPress, channel: Channel, article: Article) -> None:
    said = [
        wordpress.call("POST", "comments", json={"post": article.id, "content": f"no {n}"})["id"] for n in range(205)
    ]
    assert channel.pull() != []
    assert {str(id) for id in said} <= set(channel.messages)
