"""A plugin of somebody else's in a real `hub`: installed by pip, connected, pulled, answered, told; and bad ones beside
it, which cost only themselves."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.inbox.model import Line
from hub.inbox.reply import Draft, queue_reply
from hub.inbox.store import conversations
from hub.kernel import log
from hub.kernel.config import read_config
from hub.kernel.hub import Hub, open_hub
from hub.people import agents
from hub.people.model import OPERATOR, Role
from hub.testing.server import Answer, Arrival, FakeServer
from tests.app.running import Installation
from tests.installing import install
from tests.processes import wait_until

HERE = Path(__file__).parent
AT = "2026-03-02T08:00:00+00:00"
LENA = {"id": "lena", "name": "Lena Brandt"}
OWNER = {"id": "us", "name": "Brightwater", "book": "Our guests"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("plugins")
    install(*(HERE / name for name in ("hub-guestbook", "hub-tomorrow", "hub-broken")), into=target)
    return target


class Book:
    """The guest book's server: entries with numbers, each written once."""

    def __init__(self, server: FakeServer) -> None:
        self.entries: list[dict[str, Any]] = []
        self.address = server.address
        server.on("GET", "/book/owner").answers(json=OWNER)
        server.on("GET", "/book/entries").runs(self._list)
        server.on("POST", "/book/entries").runs(self._write)

    def says(self, text: str) -> None:
        self._add({"text": text, "author": LENA})

    def texts(self, of: dict[str, str]) -> list[str]:
        return [entry["text"] for entry in self.entries if entry["author"]["id"] == of["id"]]

    def _add(self, entry: dict[str, Any]) -> dict[str, Any]:
        self.entries.append({"id": len(self.entries) + 1, "at": AT, **entry})
        return self.entries[-1]

    def _list(self, arrival: Arrival) -> Answer:
        after = int(arrival.params.get("after", 0))
        return _json(200, {"entries": [entry for entry in self.entries if entry["id"] > after], "owner": "us"})

    def _write(self, arrival: Arrival) -> Answer:
        assert arrival.headers["Authorization"] == "Bearer a-token"
        return _json(201, self._add({**arrival.json(), "author": OWNER}))


def _json(status: int, content: object) -> Answer:
    return Answer(status=status, headers={"Content-Type": "application/json"}, body=json.dumps(content).encode())


@pytest.fixture
def book() -> Iterator[Book]:
    with FakeServer() as server:
        yield Book(server)


@pytest.fixture
def up(tmp_path: Path, installed: Path, book: Book, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    monkeypatch.syspath_prepend(str(installed))
    installation = Installation(tmp_path / "data")
    installation.environ |= {"HUB_ALLOW_HOSTS": book.address, "PYTHONPATH": str(installed), "LC_ALL": "C"}
    with installation.running():
        yield installation


def test_a_plugin_of_somebody_else_does_all_that_ours_do(up: Installation, book: Book, installed: Path) -> None:
    with opened(up) as hub:
        wait_until(lambda: listens(hub), "the plugin's place in the log")
    book.says("What a book")
    added = up.run(
        *("channel", "add", "guestbook", "Our book"),
        *("--set", f"address=http://{book.address}/book", "--set", "token=a-token"),
    )
    assert added.returncode == 0, added.stderr
    assert "Connected Our book (Our guests) as channel 1." in added.stdout
    answer(up, "Thank you, Lena")
    wait_until(lambda: book.texts(OWNER) == ["Thank you, Lena"], "the reply")
    diary = installed / "hub_guestbook" / "diary.txt"
    wait_until(lambda: diary.exists() and "reply sent\n" in diary.read_text(), "the diary")
    assert diary.read_text().splitlines()[0] == "received in history"
    assert up.run("guestbook", "diary").stdout.startswith("received in history\n")
    assert up.run("channel", "check", "Our book").stdout == "Our book: works as Our guests\n"


def opened(up: Installation) -> contextlib.closing[Hub]:
    return contextlib.closing(open_hub(read_config({}, data=up.folder)))


def listens(hub: Hub) -> bool:
    """Whether the worker has noticed that the plugin wants to be told: it hears what happens from then on."""
    with hub.database.reading() as session:
        return log.reader_position(session, "plugin:guestbook") is not None


def answer(up: Installation, text: str) -> None:
    """Answer the first conversation there is, as a page does it."""
    with opened(up) as hub:
        wait_until(lambda: bool(lines(hub)), "the message")
        agent = agents.add(
            hub, OPERATOR, email="bo@example.com", name="Bo", role=Role.AGENT, password="a long tea break"
        )
        first = lines(hub)[0].conversation.id
        draft = Draft(conversation_id=first, agent_id=agent.id, text=text, client_key="press-1")
        queue_reply(hub, draft, undo=timedelta(0))


def lines(hub: Hub) -> list[Line]:
    with hub.database.reading() as session:
        return conversations.lines(session, teams=None)


@pytest.fixture
def hub(tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation that nobody started."""
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.setenv("LC_ALL", "C")
    return Installation(tmp_path / "data")


def test_a_plugin_for_another_contract_is_listed_with_both_versions_and_not_loaded(hub: Installation) -> None:
    found = plugins(hub)["tomorrow"]
    assert found["problem"] == "built for contract 999, this Hubbub speaks 1"
    assert found["kinds"] == []


def test_a_broken_plugin_costs_only_itself(hub: Installation) -> None:
    found = plugins(hub)
    missing = "ModuleNotFoundError: No module named 'a_library_that_is_nowhere' (hub_broken.py, line 5)"
    assert found["broken"]["problem"] == missing
    assert {"guestbook", "sandbox", "feed"} <= {name for name, each in found.items() if not each["problem"]}
    assert (found["guestbook"]["distribution"], found["guestbook"]["version"]) == ("hub-guestbook", "2.1")


def test_commands_that_fail_are_said_and_the_others_are_there(hub: Installation) -> None:
    asked = hub.run("--help")
    assert asked.returncode == 0
    assert "The commands of the plugin clumsy are left out: RuntimeError: the tape is torn" in asked.stderr
    assert re.search(r"^  guestbook +The guest book\.$", asked.stdout, re.MULTILINE)
    assert "Take the place of Hubbub's own" not in asked.stdout


def test_a_plugin_cannot_take_the_place_of_a_command_of_ours(
    hub: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: Path
) -> None:
    module = (HERE / "hub-broken" / "hub_clumsy.py").read_text().partition("    raise")[0]
    (tmp_path / "bold").mkdir()
    (tmp_path / "bold" / "hub_clumsy.py").write_text(module)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "bold"), str(installed)]))
    asked = hub.run("--help")
    assert "left out" not in asked.stderr
    assert "Check folder, database, key" in asked.stdout
    assert "Take the place of Hubbub's own" not in asked.stdout


def plugins(hub: Installation) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in json.loads(hub.run("plugins", "--json").stdout)}
