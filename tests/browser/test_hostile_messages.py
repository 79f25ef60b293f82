"""Every hostile message of the corpus through the pages of a real Chromium: no script runs, nothing is loaded."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from hub.channels.connect import pause_channel
from hub.channels.store import all_channels, bury
from hub.connector import Attachment, Author, Incoming, Kind, Post
from hub.connector import Page as Pulled
from hub.inbox.ingest import store_page
from hub.inbox.reply import Draft, queue_reply
from hub.inbox.store import conversations
from hub.kernel.hub import Hub
from hub.people import agents
from hub.people.model import OPERATOR
from tests.app.running import Installation
from tests.browser.installation import add_admin, connect_sandbox, hub_of, sign_in
from tests.corpus.hostile import MESSAGES, HostileMessage
from tests.corpus.loads import ITEMS as LOADS
from tests.corpus.payloads import TRACKER
from tests.processes import wait_until

pytestmark = pytest.mark.timeout(600)
TOGETHER = 90


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder: Path = tmp_path_factory.mktemp("hostile") / "data"
    with Installation(folder).running() as up:
        add_admin(up)
        connect_sandbox(up)
        with hub_of(up) as hub:
            receive(hub)
        yield up


@pytest.fixture(scope="module")
def app_url(installation: Installation) -> str:
    return f"http://127.0.0.1:{installation.port}"


def receive(hub: Hub) -> None:
    """Take the corpus in twice: everybody once under one article, and all of it as a few long conversations."""
    with hub.database.reading() as session:
        channel = all_channels(session)[0]
    pause_channel(hub, channel.id)
    for start in range(0, len(MESSAGES), 50):
        chunk = MESSAGES[start : start + 50]
        page = Pulled(cursor=str(start), messages=(*crowd(hub, chunk, start), *talkers(hub, chunk, start)))
        with hub.database.transaction() as session:
            stored = store_page(session, channel, page, pull=10 + start, now=hub.clock())
        assert len(stored.new) == 2 * len(chunk)


def crowd(hub: Hub, messages: Sequence[HostileMessage], start: int) -> list[Incoming]:
    return [
        incoming(hub, message, id=f"c{n}", author=f"author {n}", root=f"article {n}")
        for n, message in enumerate(messages, start)
    ]


def talkers(hub: Hub, messages: Sequence[HostileMessage], start: int) -> list[Incoming]:
    return [
        incoming(hub, message, id=f"t{n}", author=f"talker {n // TOGETHER}", root=f"thread {n // TOGETHER}")
        for n, message in enumerate(messages, start)
    ]


def incoming(hub: Hub, message: HostileMessage, *, id: str, author: str, root: str) -> Incoming:
    return Incoming(
        remote_id=id,
        revision="1",
        kind=Kind.COMMENT,
        author=Author(id=author, name=message.author_name, handle=message.author_name, url=message.author_url),
        text=message.text,
        html=message.html,
        content_warning=message.text[:200] if id.startswith("t") and len(message.text) % 7 == 0 else "",
        created_at=hub.clock() - timedelta(minutes=1),
        root_id=root,
        post=Post(remote_id=root, title=message.post_title, text=message.text, link=message.author_url),
        permalink=message.author_url,
        attachments=(Attachment(kind="image", url=message.author_url, alt=message.attachment_name),),
    )


class Counting:
    """Stands where the senders' addresses lead to: it answers nobody, and counts who comes."""

    def __init__(self) -> None:
        self.hits = 0
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._count)

    def __enter__(self) -> Counting:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()

    def _count(self) -> None:
        while True:
            try:
                visitor, _ = self._listening.accept()
            except OSError:
                return
            self.hits += 1
            visitor.close()

    def named_in(self, html: str) -> str:
        host = TRACKER.partition("//")[2]
        return html.replace(TRACKER, self.address).replace(host, self.address.partition("//")[2])


def test_the_corpus_is_large_enough() -> None:
    assert len(MESSAGES) >= 200


def test_no_list_runs_or_loads_anything(page: Page) -> None:
    sign_in(page)
    page.goto("/inbox?show=all")
    shown = 0
    while True:
        assert_quiet(page)
        shown += page.locator(".row").count()
        further = page.locator(".more a")
        if not further.count():
            break
        page.goto(further.get_attribute("href") or "")
    assert shown >= len(MESSAGES)


def test_no_conversation_runs_or_loads_anything(page: Page, installation: Installation) -> None:
    sign_in(page)
    with hub_of(installation) as hub, hub.database.reading() as session:
        lines = conversations.lines(session, teams=None, limit=2000)
        long = [line for line in lines if "talker" in remote_id(hub, line.conversation.identity_id)]
    shown = 0
    for line in [*long, *lines[:20]]:
        page.goto(f"/conversations/{line.conversation.id}")
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        assert_quiet(page)
        shown += page.locator(".msg").count()
    assert shown >= len(MESSAGES)


def test_no_list_of_what_waits_or_could_not_be_read_runs_or_loads_anything(
    page: Page, installation: Installation
) -> None:
    """Words that an agent took over into answers, and items as they were received."""
    with hub_of(installation) as hub:
        with hub.database.transaction() as session:
            channel = all_channels(session)[0]
            for message in MESSAGES:
                if not message.is_large:
                    bury(session, channel.id, reason=message.author_name[:300], raw=message.html, at=hub.clock())
            line = conversations.lines(session, teams=None, limit=1)[0]
        agent = agents.listed(hub, OPERATOR)[0]
        for message in MESSAGES[::4]:
            if message.text.strip():
                draft = Draft(
                    conversation_id=line.conversation.id,
                    agent_id=agent.id,
                    text=message.text[:400].encode(errors="replace").decode(),  # as every form and every body comes
                    client_key=hub.token(),
                )
                queue_reply(hub, draft)
    sign_in(page)
    seen = 0
    for start in (f"/channels/{channel.id}/unreadable", "/outbox?state=queued"):
        page.goto(start)
        while True:
            page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
            assert_quiet(page)
            assert page.locator("main img, main iframe, main style, main script, main a[href^=javascript]").count() == 0
            seen += page.locator("main .letters > li, main .entries > li").count()
            further = page.locator(".more a")
            if not further.count():
                break
            page.goto(further.get_attribute("href") or "")
    assert seen > 250


def test_nothing_of_a_message_asks_its_sender_s_server_while_it_is_read(
    browser: Browser, page: Page, installation: Installation
) -> None:
    with Counting() as server:
        with hub_of(installation) as hub:
            with hub.database.transaction() as session:
                channel = all_channels(session)[0]
                messages = tuple(
                    Incoming(
                        remote_id=f"load {number}",
                        revision="1",
                        kind=Kind.COMMENT,
                        author=Author(id="loader", name="Loader", url=server.address, avatar=f"{server.address}/a.png"),
                        text=name,
                        html=server.named_in(html),
                        created_at=hub.clock(),
                        root_id="loads",
                        attachments=(Attachment(kind="image", url=f"{server.address}/{number}.png", alt=name),),
                    )
                    for number, (name, html) in enumerate(LOADS)
                )
                store_page(session, channel, Pulled(cursor="loads", messages=messages), pull=9_000, now=hub.clock())
            with hub.database.reading() as session:
                line = conversations.lines(session, teams=None, limit=1)[0]
        sign_in(page)
        page.goto(f"/conversations/{line.conversation.id}")
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        page.wait_for_load_state("networkidle")
        assert page.locator(".msg").count() == len(LOADS)
        assert server.hits == 0
        # The same as it was sent, shown by a program that trusts it: the server would have been asked.
        trusting = browser.new_context()
        trusting.new_page().set_content(server.named_in("".join(html for _, html in LOADS)), wait_until="commit")
        wait_until(lambda: server.hits > 5, "a browser that loads what it is shown")
        trusting.close()


def assert_quiet(page: Page) -> None:
    """Nothing of the corpus ran. What was loaded or refused, the watched page tells by itself."""
    page.wait_for_load_state("load")
    assert page.evaluate("window.__xss") is None
    assert page.locator(".thread img, .list img, .thread iframe, .thread style, .list style").count() == 0


def remote_id(hub: Hub, identity_id: int) -> str:
    from hub.customers.store import identity

    with hub.database.reading() as session:
        return identity(session, identity_id).remote_id
