"""Webhooks over real HTTP to a real server process's inside: what a sender reads for each case."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hub_plugins.webhook.signing import signed_headers

from hub.app import build_web
from hub.channels.connect import remove_channel
from hub.channels.webhook.intake import Taken
from hub.errors import DatabaseUnusable
from hub.kernel.hub import Hub
from hub.people.limits import Limit
from hub.web import hook_limits, hooks
from hub.web.server import make_server
from tests.plugins.webhook_desk import WebhookDesk
from tests.plugins.webhook_system import SECOND, SECRET

HELLO = {"id": "17", "text": "Where is my order?", "author": {"id": "lena", "name": "Lena Brandt"}}


class Sender:
    """Another system with one kept connection. Answers are status and the word in it."""

    def __init__(self, port: int, desk: WebhookDesk) -> None:
        self.desk = desk
        self.port = port
        self.headers: dict[str, str] = {}

    def posts(
        self,
        body: Any = HELLO,
        *,
        name: str = "d1",
        secret: str = SECRET,
        hook: str = "",
        method: str = "POST",
        headers: dict[str, str] | None = None,
    ) -> tuple[int, str]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        signed = signed_headers([secret], name, raw, now=self.desk.hub.clock()) if headers is None else headers
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, f"/hooks/{hook or self.desk.hook}", raw, {"Host": "anything", **signed})
            answer = connection.getresponse()
            self.headers = {key.lower(): value for key, value in answer.getheaders()}
            told = json.loads(answer.read())
        finally:
            connection.close()
        return answer.status, told.get("status") or told.get("error")


@pytest.fixture
def desk(hub: Hub) -> WebhookDesk:
    return WebhookDesk(hub)


@pytest.fixture
def sender(hub: Hub, desk: WebhookDesk) -> Iterator[Sender]:
    server = make_server(build_web(hub, desk.connectors))
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield Sender(listening.getsockname()[1], desk)
    server.should_exit = True
    thread.join(120)
    assert not thread.is_alive()


def test_a_signed_delivery_is_kept_and_one_tried_again_is_known(sender: Sender) -> None:
    assert sender.posts() == (202, "kept")
    assert sender.posts() == (200, "known")
    assert sender.desk.waiting() == 1


def test_twenty_tries_at_once_keep_one(sender: Sender) -> None:
    answers: list[tuple[int, str]] = []

    def post() -> None:
        answers.append(Sender(sender.port, sender.desk).posts())

    threads = [threading.Thread(target=post) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [(200, "known")] * 19 + [(202, "kept")]
    assert sender.desk.waiting() == 1


@pytest.mark.parametrize(
    ("post", "answer"),
    [
        ({"headers": {}}, (401, "not_signed")),
        ({"headers": {"webhook-id": "d1", "webhook-timestamp": "1", "webhook-signature": ""}}, (401, "not_signed")),
        ({"headers": {"webhook-id": "d1", "webhook-timestamp": "1", "webhook-signature": "v1,x"}}, (401, "wrong_time")),
        ({"secret": SECOND}, (401, "wrong_signature")),
        ({"hook": "x" * 43}, (404, "no_such_address")),
        ({"hook": "../../health"}, (404, "no_such_address")),
        ({"hook": "%00"}, (404, "no_such_address")),
        ({"hook": "%ff%fe"}, (404, "no_such_address")),
        ({"method": "GET"}, (405, "method_not_allowed")),
        ({"method": "PUT"}, (405, "method_not_allowed")),
        ({"body": b"x" * (hooks.MOST_BYTES + 1)}, (413, "too_large")),
    ],
)
def test_what_is_not_theirs_to_post_is_refused(sender: Sender, post: dict[str, Any], answer: tuple[int, str]) -> None:
    assert sender.posts(**post) == answer
    assert sender.desk.waiting() == 0


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ("text/plain", "text/plain"),
        ("application/json; charset=utf-8", "application/json; charset=utf-8"),
        ("text/plain\r\nSet-Cookie: hub=1", "text/plain"),
        ("", "text/plain"),
    ],
)
def test_what_a_sender_reads_back_is_no_page_and_no_header_of_ours(told: str, kind: str) -> None:
    taking = hooks.Hooks(lambda hook, headers, body: Taken(is_new=True, answer="<script>", answer_type=told))
    answer = asyncio.run(taking.take(taking.sender("/hooks/x", []), b""))
    assert (answer.content_type, answer.body) == (kind, b"<script>")


def test_every_answer_to_a_sender_carries_what_protects_it(sender: Sender) -> None:
    for headers in (None, {}):
        sender.posts(headers=headers)
        assert sender.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert sender.headers["x-content-type-options"] == "nosniff"
        assert sender.headers["cache-control"] == "no-store"


def test_a_body_written_anew_is_refused_and_the_largest_one_is_kept(sender: Sender) -> None:
    raw = json.dumps(HELLO).encode()
    signed = signed_headers([SECRET], "d1", raw, now=sender.desk.hub.clock())
    assert sender.posts(raw + b" ", headers=signed) == (401, "wrong_signature")
    assert sender.posts(b"x" * hooks.MOST_BYTES) == (202, "kept")


def test_a_removed_channel_is_gone_for_good(hub: Hub, sender: Sender) -> None:
    remove_channel(hub, sender.desk.channel_id)
    assert sender.posts() == (410, "channel_removed")


def test_a_database_that_cannot_be_written_puts_the_sender_off(
    hub: Hub, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked() -> None:
        raise DatabaseUnusable("locked")

    with monkeypatch.context() as patched:
        patched.setattr(hub.database, "transaction", locked)
        assert sender.posts() == (503, "not_now")
        assert sender.headers["retry-after"] == "5"
    assert sender.posts() == (202, "kept")


def test_too_many_at_once_are_put_off(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "_MOST_WAITING", 0)
    assert sender.posts() == (503, "busy")
    monkeypatch.undo()
    assert sender.posts() == (202, "kept")


def test_who_posts_forgeries_or_guesses_addresses_is_told_when_to_come_back(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("UNKNOWN", "UNSIGNED"):
        monkeypatch.setattr(hook_limits, name, Limit(burst=2, seconds_each=3600))
    for post, refused in (({"secret": SECOND}, (401, "wrong_signature")), ({"hook": "x"}, (404, "no_such_address"))):
        assert [sender.posts(**post) for _ in range(3)] == [refused, refused, (429, "too_many")]
        assert 3000 < int(sender.headers["retry-after"]) <= 3600
    assert sender.desk.waiting() == 0
