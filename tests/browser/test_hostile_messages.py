"""Every hostile message of the corpus through the pages of a real Chromium: no script runs, nothing is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from hub.channels.connect import pause_channel
from hub.channels.store import all_channels
from hub.connector import Attachment, Author, Incoming, Kind, Post
from hub.connector import Page as Pulled
from hub.inbox.ingest import store_page
from hub.inbox.store import conversations
from hub.kernel.hub import Hub
from tests.app.running import Installation
from tests.browser.installation import add_admin, connect_sandbox, hub_of, sign_in
from tests.corpus.hostile import MESSAGES, HostileMessage

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


def assert_quiet(page: Page) -> None:
    """Nothing of the corpus ran. What was loaded or refused, the watched page tells by itself."""
    page.wait_for_load_state("load")
    assert page.evaluate("window.__xss") is None
    assert page.locator(".thread img, .list img, .thread iframe, .thread style, .list style").count() == 0


def remote_id(hub: Hub, identity_id: int) -> str:
    from hub.customers.store import identity

    with hub.database.reading() as session:
        return identity(session, identity_id).remote_id
