"""kill -9 of the real web process while somebody presses send: what was acknowledged is there, and there once."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from hub.channels import store as channels
from hub.channels.model import Connection
from hub.connector import Author, Check, Incoming, Kind, Page
from hub.inbox.ingest import store_page
from hub.inbox.store import conversations
from hub.kernel.config import Config, read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.kernel.origin import origin_of
from hub.people import agents, sessions, teams
from hub.people.model import OPERATOR, Role
from hub.web.security import session_cookie
from tests.crash.scene import Process
from tests.processes import free_port, wait_until

ROUNDS = int(os.environ.get("HUB_ROUNDS", "20"))
SEED = int(os.environ.get("HUB_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)

pytestmark = [pytest.mark.kills, pytest.mark.timeout(600 + ROUNDS * 8)]


class Presser:
    """An agent with a browser: presses send, and presses the same button again when no answer came."""

    def __init__(self, config: Config, hub: Hub) -> None:
        self.base = config.base_url
        agent = agents.add(
            hub,
            OPERATOR,
            email="ana@brightwater.example",
            name="Ana Kovač",
            role=Role.ADMIN,
            password="nine kettles sing",
        )
        with hub.database.transaction() as session:
            token = sessions.start(session, hub, agent.id, user_agent="test")
        found = sessions.find(hub, token)
        assert found is not None
        self._csrf = found.csrf_token
        self._browser = requests.Session()
        self._browser.trust_env = False
        self._browser.headers.update({"Sec-Fetch-Site": "same-origin", "Origin": self.base, "Connection": "close"})
        self._browser.cookies.set(session_cookie(origin_of(config)), token)

    def press(self, conversation_id: int, text: str) -> bool:
        """Whether the server said that it has it."""
        form = {"csrf_token": self._csrf, "client_key": f"press {text}", "text": text}
        try:
            answer = self._browser.post(
                f"{self.base}/conversations/{conversation_id}/replies", data=form, allow_redirects=False, timeout=120
            )
        except requests.RequestException:
            return False
        assert answer.status_code in (303, 503), answer.status_code
        return answer.status_code == 303

    def is_served(self) -> bool:
        try:
            return self._browser.get(f"{self.base}/health/live", timeout=20).status_code == 200
        except requests.RequestException:
            return False

    def close(self) -> None:
        self._browser.close()


@pytest.fixture
def config(tmp_path: Path, engine_url: str) -> Config:
    address = f"http://127.0.0.1:{free_port()}"
    return read_config({"HUB_DATABASE_URL": engine_url, "HUB_BASE_URL": address}, data=tmp_path / "data")


@pytest.fixture
def hub(config: Config) -> Iterator[Hub]:
    prepare(config)
    opened = open_hub(config)
    yield opened
    opened.close()


def test_what_was_acknowledged_is_there_once(hub: Hub, config: Config, tmp_path: Path) -> None:
    """HUB_ROUNDS sets how often; HUB_SEED repeats a run, as far as processes can be repeated."""
    print(f"HUB_SEED={SEED} HUB_ROUNDS={ROUNDS}")
    chance, rounds = random.Random(SEED), ROUNDS if not config.database_url else max(ROUNDS // 4, 1)
    conversation_id = ask(hub)
    environ = {"HUB_DATA": str(config.data), "HUB_DATABASE_URL": config.database_url, "HUB_BASE_URL": config.base_url}
    port = config.base_url.rpartition(":")[2]
    web = Process(["hub", "serve", "--port", port], environ, tmp_path / "web.log")
    presser = Presser(config, hub)
    try:
        for number in range(rounds):
            web.start()
            wait_until(presser.is_served, "the web process")
            doom = threading.Timer(chance.uniform(0.0, 0.15), web.kill)
            doom.start()
            pressed = presser.press(conversation_id, f"answer {number}")
            doom.join()
            if not pressed:
                web.start()
                wait_until(presser.is_served, "the web process")
                assert presser.press(conversation_id, f"answer {number}")
                web.kill()
    finally:
        presser.close()
        web.close()
    wanted = Counter(f"answer {number}" for number in range(rounds))
    with hub.database.reading() as session:
        queued = session.all("SELECT m.text FROM outbox JOIN messages m ON m.outbox_id = outbox.id")
    assert Counter(row["text"] for row in queued) == wanted


def ask(hub: Hub) -> int:
    """One question in the inbox; returns its conversation."""
    team = teams.first(hub, OPERATOR)
    with hub.database.transaction() as session:
        channel_id = channels.add(
            session,
            Connection(
                name="@brightwater",
                team_id=team.id,
                settings={"account": "@brightwater"},
                sealed=hub.secrets.seal("{}"),
                check=Check(account=Author(id="us", handle="@brightwater", is_us=True), limits={"graphemes": 500}),
            ),
            kind="sandbox",
            now=hub.clock(),
        )
        assert channel_id is not None
        question = Incoming(
            remote_id="q",
            revision="1",
            kind=Kind.MENTION,
            author=Author(id="lena", name="Lena Brandt"),
            text="Is ten weeks normal?",
            created_at=hub.clock() - timedelta(minutes=1),
        )
        page = Page(cursor="1", messages=(question,))
        store_page(session, channels.channel(session, channel_id), page, pull=1, now=hub.clock())
        return conversations.lines(session, teams=None)[0].conversation.id
