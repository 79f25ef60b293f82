"""kill -9 of the real web process while another system posts: what was answered with a 2xx is in the inbox, once."""

from __future__ import annotations

import contextlib
import os
import random
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from hub_plugins.webhook.signing import signed_headers

from hub.channels.children import ChildConnectors
from hub.channels.connect import add_channel
from hub.channels.webhook import store
from hub.inbox.pull import pull_now
from hub.kernel.clock import system_clock
from hub.kernel.config import Config, read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.people import teams
from hub.people.model import OPERATOR
from tests.crash.scene import Process
from tests.plugins.webhook_system import SECRET
from tests.processes import free_port, wait_until

ROUNDS = max(int(os.environ.get("HUB_ROUNDS", "20")) // 10, 1)
SEED = int(os.environ.get("HUB_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)

pytestmark = [pytest.mark.kills, pytest.mark.timeout(600 + ROUNDS * 30)]


class Sender:
    """Another system: tries each delivery again under its id until it is told that it was taken."""

    def __init__(self, config: Config, hook: str) -> None:
        self.base = config.base_url
        self._address = f"{config.base_url}/hooks/{hook}"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Connection"] = "close"

    def posts(self, number: int) -> int:
        """The status, or 0 when no answer came."""
        body = f'{{"id": "{number}", "text": "message {number}", "author": {{"name": "Lena"}}}}'.encode()
        headers = signed_headers([SECRET], f"delivery-{number}", body, now=system_clock())
        try:
            return self._session.post(self._address, data=body, headers=headers, timeout=120).status_code
        except requests.RequestException:
            return 0

    def insists(self, number: int) -> int:
        """The same, again while it is put off: on a busy machine the plugin's process may be long in starting."""
        answers = [self.posts(number)]

        def is_answered() -> bool:
            if answers[-1] == 503:
                answers.append(self.posts(number))
            return answers[-1] != 503

        wait_until(is_answered, "an answer")
        return answers[-1]

    def is_served(self) -> bool:
        try:
            return self._session.get(f"{self.base}/health/live", timeout=20).status_code == 200
        except requests.RequestException:
            return False

    def close(self) -> None:
        self._session.close()


class Installation:
    """A web process that dies, and the database that has to know what it promised."""

    def __init__(self, hub: Hub, config: Config, log: Path) -> None:
        self.hub = hub
        with contextlib.closing(ChildConnectors(hub)) as connectors:
            team = teams.first(hub, OPERATOR).id
            added = add_channel(hub, connectors, kind="webhook", name="Shop", team_id=team, values={"secret": SECRET})
        self.channel_id = added.id
        with hub.database.reading() as session:
            self.sender = Sender(config, store.hook_of(session, added.id) or "")
        environ = {"HUB_DATA": str(config.data), "HUB_DATABASE_URL": config.database_url}
        environ["HUB_BASE_URL"] = config.base_url
        self.web = Process(["hub", "serve", "--port", config.base_url.rpartition(":")[2]], environ, log)

    def starts(self, **environ: str) -> None:
        self.web.start(**environ)
        wait_until(self.sender.is_served, "the web process")

    def kept(self) -> Counter[str]:
        with self.hub.database.reading() as session:
            return Counter(row["delivery_id"] for row in session.all("SELECT delivery_id FROM deliveries"))

    def taken_in(self) -> Counter[str]:
        with contextlib.closing(ChildConnectors(self.hub)) as connectors:
            pull_now(self.hub, connectors, "test", self.channel_id)
        with self.hub.database.reading() as session:
            return Counter(row["text"] for row in session.all("SELECT text FROM messages"))


@pytest.fixture
def installation(tmp_path: Path, engine_url: str) -> Iterator[Installation]:
    address = f"http://127.0.0.1:{free_port()}"
    config = read_config({"HUB_DATABASE_URL": engine_url, "HUB_BASE_URL": address}, data=tmp_path / "data")
    prepare(config)
    with contextlib.closing(open_hub(config)) as hub:
        here = Installation(hub, config, tmp_path / "web.log")
        with contextlib.closing(here.sender), contextlib.closing(here.web):
            yield here


def test_dying_on_either_side_of_the_commit_loses_nothing_and_keeps_nothing_twice(installation: Installation) -> None:
    for number, (point, kept) in enumerate((("hook.accepted", 0), ("hook.kept", 1))):
        installation.starts(HUB_CRASH_AT=point)
        assert installation.sender.insists(number) == 0
        assert installation.web.wait() == 137
        assert installation.kept()[f"delivery-{number}"] == kept
        installation.starts()
        assert installation.sender.insists(number) == (200 if kept else 202)
        installation.web.kill()
    assert installation.taken_in() == Counter(["message 0", "message 1"])


def test_killed_at_random_moments_everything_answered_well_is_there_once(installation: Installation) -> None:
    """HUB_ROUNDS sets how often; HUB_SEED repeats a run, as far as processes can be repeated."""
    print(f"HUB_SEED={SEED} HUB_ROUNDS={ROUNDS}")
    chance, promised, number = random.Random(SEED), set[int](), 0
    for _ in range(ROUNDS):
        installation.starts()
        number += 1
        assert installation.sender.insists(number) == 202  # the plugin's process is up from here on
        promised.add(number)
        doom = threading.Timer(chance.uniform(0.0, 0.3), installation.web.kill)
        doom.start()
        while installation.sender.posts(number := number + 1) in (200, 202):
            promised.add(number)
        doom.join()
    kept = installation.kept()
    assert not {f"delivery-{each}" for each in promised} - kept.keys()
    assert set(kept.values()) == {1}
    arrived = installation.taken_in()
    assert not {f"message {each}" for each in promised} - arrived.keys()
    assert set(arrived.values()) == {1}
