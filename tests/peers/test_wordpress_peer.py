"""The WordPress that other tests lean on is a real one, with its own rules in force."""

from __future__ import annotations

import pytest
import requests

from tests.peers.wordpress import Refused, WordPress

TIMEOUT = 30


def test_readers_comment_and_the_editor_answers_in_the_thread(wordpress: WordPress) -> None:
    article = wordpress.publish("Comments", "<p>Hello</p>")
    question = wordpress.comment(article, "Does it support RSS?")
    answer = wordpress.comment(article, "Yes, it does.", as_user="editor", parent=question.id)
    found = wordpress.comments(article)
    assert [comment.id for comment in found] == [question.id, answer.id]
    assert [(comment.author, comment.parent) for comment in found] == [("alice", 0), ("editor", question.id)]


def test_a_visitor_without_an_account_comments_by_the_form_only(wordpress: WordPress) -> None:
    article = wordpress.publish("Visitors", "Hello")
    assert wordpress.form_comment(article, "From the form").author == "Xavier"
    with pytest.raises(Refused) as refused:
        wordpress.call("POST", "comments", as_user=None, json={"post": article.id, "content": "By REST"})
    assert refused.value.status == 401


def test_a_comment_said_twice_is_refused_as_a_duplicate(wordpress: WordPress) -> None:
    article = wordpress.publish("Twice", "Hello")
    wordpress.comment(article, "Nice post")
    with pytest.raises(Refused) as refused:
        wordpress.comment(article, "Nice post")
    assert (refused.value.status, refused.value.code) == (409, "comment_duplicate")
    assert len(wordpress.comments(article)) == 1


def test_the_rule_against_floods_is_wordpress_own_and_speaks_differently_by_rest_and_form(wordpress: WordPress) -> None:
    article = wordpress.publish("Flood", "Hello")
    with wordpress.flood_rule():
        wordpress.comment(article, "first", as_user="bob")
        with pytest.raises(Refused) as by_rest:
            wordpress.comment(article, "second", as_user="bob")
        with pytest.raises(Refused) as by_form:
            wordpress.form_comment(article, "third")
    assert (by_rest.value.status, by_rest.value.code) == (400, "comment_flood")
    assert by_form.value.status == 429
    wordpress.comment(article, "once the rule is off", as_user="bob")
    assert len(wordpress.comments(article)) == 2


@pytest.mark.parametrize("status", ["hold", "spam", "trash", "approved"])
def test_a_moderated_comment_keeps_its_state(wordpress: WordPress, status: str) -> None:
    article = wordpress.publish(f"Moderation {status}", "Hello")
    comment = wordpress.comment(article, "Judge me")
    wordpress.set_status(comment.id, "hold")
    wordpress.set_status(comment.id, status)
    assert [found.status for found in wordpress.comments(article)] == [status]


def test_an_edited_comment_shows_its_new_text_and_a_deleted_one_is_gone(wordpress: WordPress) -> None:
    article = wordpress.publish("Edits", "Hello")
    kept, gone = (wordpress.comment(article, text) for text in ("first", "second"))
    wordpress.edit(kept.id, "first, corrected")
    wordpress.delete(gone.id)
    assert [(found.id, found.content) for found in wordpress.comments(article)] == [(kept.id, "first, corrected")]


def test_nobody_comments_under_a_closed_or_removed_article(wordpress: WordPress) -> None:
    closed, removed = wordpress.publish("Closed", "Hello"), wordpress.publish("Removed", "Hello")
    wordpress.close_comments(closed)
    wordpress.remove_article(removed)
    for article in (closed, removed):
        with pytest.raises(Refused) as refused:
            wordpress.comment(article, "Too late?")
        assert refused.value.status in {403, 404}


def test_a_revoked_application_password_opens_nothing(wordpress: WordPress) -> None:
    password = wordpress.new_app_password("editor")
    me = f"{wordpress.url}/wp-json/wp/v2/users/me"
    assert requests.get(me, auth=("editor", password), timeout=TIMEOUT).status_code == 200
    wordpress.revoke_app_password(password)
    assert requests.get(me, auth=("editor", password), timeout=TIMEOUT).status_code == 401


def test_a_feed_that_did_not_change_answers_304(wordpress: WordPress) -> None:
    article = wordpress.publish("Feed", "Hello")
    wordpress.comment(article, "In the feed")
    feed = f"{article.link}feed/"
    first = requests.get(feed, timeout=TIMEOUT)
    assert "In the feed" in first.text
    known = {"If-None-Match": first.headers["ETag"], "If-Modified-Since": first.headers["Last-Modified"]}
    assert requests.get(feed, headers=known, timeout=TIMEOUT).status_code == 304


def test_the_site_comes_back_after_a_kill_with_its_data(wordpress: WordPress) -> None:
    article = wordpress.publish("Restart", "Hello")
    comment = wordpress.comment(article, "Still there?")
    wordpress.kill_web()
    with pytest.raises(requests.ConnectionError):
        wordpress.comments(article)
    wordpress.start_web()
    assert wordpress.comments(article) == [comment]
