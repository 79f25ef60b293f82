"""The mapping on what real servers of Mastodon's API answered to the tests of Mastodon.py."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hub_plugins.mastodon import mapping
from hub_plugins.mastodon.diagnosis import limits_of
from hub_plugins.mastodon.mapping import Me, Setting
from hub_plugins.mastodon.refusals import instruction, pause, read_refusal

from hub.connector import Author, Incoming
from hub.errors import AuthExpired, ConnectorError, NotFound, Rejected
from hub.kernel.http import Response
from hub.testing.contract.watching import check_instants
from tests.peers.mastodon import Recorded

pytestmark = pytest.mark.timeout(600)  # the first time, they have to be fetched

NOW = datetime(2026, 10, 14, 19, 0, tzinfo=UTC)
ME = Me(id="117440810532227399", domain="localhost:3000", author=Author(id="us", is_us=True))


def statuses_in(told: Any) -> Iterator[dict[str, Any]]:
    """Every status in an answer, however deep: in notifications, contexts, boosts, quotes and searches."""
    if isinstance(told, dict):
        if {"content", "account", "visibility", "created_at"} <= told.keys() and "id" in told:
            yield told
        for value in told.values():
            yield from statuses_in(value)
    elif isinstance(told, list):
        for value in told:
            yield from statuses_in(value)


def read(status: dict[str, Any]) -> Incoming:
    message = mapping.incoming(status, ME, Setting(came_as="mention"))
    check_instants(message)
    json.dumps(dict(message.raw))
    return message


def test_every_recorded_exchange_is_there(mastodon_answers: list[Recorded]) -> None:
    assert len(mastodon_answers) == 1416
    assert sum(answer.status == 200 for answer in mastodon_answers) == 1379


def test_every_status_a_real_server_sent_is_read(mastodon_answers: list[Recorded]) -> None:
    found = [status for answer in mastodon_answers for status in statuses_in(answer.json())]
    assert len(found) > 600
    for status in found:
        message = read(status)
        assert message.remote_id == str(status["id"])
        assert message.author.id.startswith(("http", "acct:"))
        assert "@" in message.author.handle[1:]
        has_words = re.sub(r"<[^>]*>|&nbsp;|\s", "", status["content"])
        leading_names_only = message.author.is_us and status["in_reply_to_id"]
        assert message.text.strip() or not has_words or leading_names_only, status["content"]


def test_every_notification_a_real_server_sent_is_read(mastodon_answers: list[Recorded]) -> None:
    lists = [answer.json() for answer in mastodon_answers if re.search(r"/api/v1/notifications(\?|$)", answer.url)]
    told = [item for items in lists if isinstance(items, list) for item in items]
    assert len(told) > 50
    assert {"mention", "status", "poll"} <= {item["type"] for item in told}
    about = [item["status"] for item in told if item["type"] == "mention"]
    assert None in about, "a mention that is deleted stays as a notification"
    for status in filter(None, about):
        assert read(status).addressed


def test_every_thread_a_real_server_sent_is_read(mastodon_answers: list[Recorded]) -> None:
    contexts = [answer.json() for answer in mastodon_answers if answer.url.endswith("/context")]
    assert contexts
    for told in contexts:
        for status in (*told["ancestors"], *told["descendants"]):
            assert read(status).text


def test_what_real_servers_allow_is_found(mastodon_answers: list[Recorded]) -> None:
    found = [
        limits_of(answer.json())
        for answer in mastodon_answers
        if re.search(r"/api/v[12]/instance/?$", answer.url) and answer.status == 200
    ]
    assert found
    assert all(limits["graphemes"] >= 140 for limits in found)
    a_current_one = {"graphemes": 500, "graphemes_per_url": 23, "attachments": 4, "attachment_bytes": 16_777_216}
    assert any(a_current_one.items() <= limits.items() for limits in found)


def test_what_real_servers_refuse_is_an_instruction(mastodon_answers: list[Recorded]) -> None:
    expected: dict[int, type[ConnectorError]] = {401: AuthExpired, 404: NotFound, 422: Rejected}
    refused = [answer for answer in mastodon_answers if answer.status in expected and "error" in (answer.json() or {})]
    assert {answer.status for answer in refused} == set(expected)
    for answer in refused:
        response = Response(status=answer.status, body=answer.body.encode(), method=answer.method)
        error = instruction(read_refusal(response), writing=True, now=NOW)
        assert type(error) in (expected[answer.status], AuthExpired), answer.body
        assert error.detail


def test_the_headers_of_real_servers_ask_for_no_pause_while_there_is_plenty(mastodon_answers: list[Recorded]) -> None:
    told = [answer for answer in mastodon_answers if "x-ratelimit-reset" in {name.lower() for name in answer.headers}]
    assert len(told) > 1000
    for answer in told:
        asked = Response(status=200, headers=answer.headers).headers
        seconds = pause(asked, NOW)
        plenty = int(asked["x-ratelimit-remaining"]) * 2 >= int(asked["x-ratelimit-limit"])
        assert (seconds is None) == plenty
        assert seconds is None or 0 <= seconds <= 3600


def test_every_poll_and_every_emoji_of_a_real_server_is_told(mastodon_answers: list[Recorded]) -> None:
    found = [status for answer in mastodon_answers for status in statuses_in(answer.json())]
    polls = [status for status in found if status.get("poll")]
    assert len(polls) > 10
    for status in polls:
        poll, told = read(status).poll, status["poll"]
        assert poll is not None
        assert [choice.text for choice in poll.choices] == [option["title"] for option in told["options"]]
        assert sum(choice.votes or 0 for choice in poll.choices) == told["votes_count"]
        assert (poll.has_ended, poll.ends_at is None) == (told["expired"], told["expires_at"] is None)
    decorated = [status for status in found if status.get("emojis")]
    named = [status for status in found if status["account"].get("emojis")]
    assert decorated
    assert named
    for status in decorated:
        assert {each.code for each in read(status).emoji} >= {each["shortcode"] for each in status["emojis"]}
    for status in named:
        assert {each.url for each in read(status).author.emoji} == {
            each["static_url"] for each in status["account"]["emojis"]
        }
