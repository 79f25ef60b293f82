"""What a connector remembers: shared by its instances, sealed in the database, and never an older text for a newer."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.channels import store
from hub.channels.children import ChildConnectors
from hub.channels.connect import add_channel, change_channel, keeper, read_account, remove_channel
from hub.channels.connectors import Connectors
from hub.channels.host import Host
from hub.channels.model import Account, Channel, Remembered
from hub.channels.wire import Answer, Request, encode, read_answer
from hub.connector import (
    Action,
    Author,
    Check,
    Connector,
    Context,
    Features,
    Limits,
    Measure,
    Memory,
    Outgoing,
    Page,
    Target,
    setting,
)
from hub.errors import AuthExpired
from hub.kernel.clock import to_micros
from hub.kernel.config import read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.kernel.plugins import load_plugins
from hub.testing.clock import FrozenClock
from tests.desk import inline, plug_in
from tests.plugging import PluginFolder

LATE = 2**62


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    password: str = setting("Password", secret=True)


class Diary(Connector):
    """Writes down what it is called for, and shows all of it as its cursor."""

    kind = "diary"
    label = "Diary"
    Settings = Settings
    features = Features(actions=frozenset({"forget"}))

    def check(self) -> Check:
        self._note("check")
        return Check(account=Author(id="us"))

    def pull(self, cursor: str | None) -> Page:
        self._note("pull")
        if self.settings.password == "old":
            raise AuthExpired("revoked")
        return Page(cursor=self.context.memory.read())

    def act(self, action: Action) -> None:
        self._note(action.name)

    @classmethod
    def measure(cls, outgoing: Outgoing, limits: Limits) -> Measure:
        return Measure()

    def _note(self, what: str) -> None:
        memory = self.context.memory
        memory.write(f"{memory.read()} {what}".strip())


@pytest.fixture
def connectors(hub: Hub) -> Iterator[Connectors]:
    plug_in(hub.plugins, Diary)
    with contextlib.closing(inline(hub)) as connectors:
        yield connectors


def connect(hub: Hub, connectors: Connectors, password: str = "first") -> Channel:
    with hub.database.transaction() as session:
        team = session.insert(
            "INSERT INTO teams (name, created_at) VALUES ('Care', :now) RETURNING id", now=hub.clock()
        )
    return add_channel(hub, connectors, kind="diary", name="", team_id=team, values={"password": password})


def remembered(hub: Hub, channel: Channel) -> Remembered:
    return read_account(hub, channel.id).memory


def test_what_the_test_of_a_new_connection_left_behind_is_there_for_the_first_pull(
    hub: Hub, connectors: Connectors
) -> None:
    channel = connect(hub, connectors)
    assert connectors.pull(read_account(hub, channel.id), None).cursor == "check pull"
    assert remembered(hub, channel).text == "check pull"


def test_it_is_sealed_in_the_database(hub: Hub, connectors: Connectors) -> None:
    channel = connect(hub, connectors)
    with hub.database.reading() as session:
        row = store.sealed(session, channel.id)
    assert "check" not in row["memory"]
    assert hub.secrets.unseal(row["memory"]) == "check"


def test_a_call_that_fails_is_remembered_all_the_same(hub: Hub, connectors: Connectors) -> None:
    channel = connect(hub, connectors, "old")
    with pytest.raises(AuthExpired):
        connectors.pull(read_account(hub, channel.id), None)
    assert remembered(hub, channel).text == "check pull"


def test_reading_and_writing_instances_share_it(hub: Hub, connectors: Connectors) -> None:
    account = read_account(hub, connect(hub, connectors).id)
    connectors.act(account, Action(name="forget", target=Target(remote_id="m1", author=Author(id="lena"))))
    assert connectors.pull(account, None).cursor == "check forget pull"


def test_other_settings_begin_without_it(hub: Hub, connectors: Connectors) -> None:
    channel = connect(hub, connectors)
    connectors.pull(read_account(hub, channel.id), None)
    change_channel(hub, connectors, channel.id, name="d", team_id=channel.team_id, values={"password": "second"})
    assert remembered(hub, channel).text == "check"
    assert connectors.pull(read_account(hub, channel.id), None).cursor == "check pull"


def test_what_a_call_under_way_learned_with_old_settings_is_not_kept(hub: Hub, connectors: Connectors) -> None:
    channel = connect(hub, connectors)
    before = read_account(hub, channel.id)
    change_channel(hub, connectors, channel.id, name="d", team_id=channel.team_id, values={"password": "second"})
    keeper(hub)(before, Remembered(text="of the first password", version=LATE))
    assert remembered(hub, channel).text == "check"


def test_an_older_text_never_takes_the_place_of_a_newer_one(hub: Hub, connectors: Connectors) -> None:
    channel = connect(hub, connectors)
    account = read_account(hub, channel.id)
    keep = keeper(hub)
    keep(account, Remembered(text="newer", version=LATE))
    keep(account, Remembered(text="older", version=LATE - 1))
    assert remembered(hub, channel) == Remembered(text="newer", version=LATE)


def test_a_removed_channel_remembers_nothing(hub: Hub, connectors: Connectors) -> None:
    channel = connect(hub, connectors)
    before = read_account(hub, channel.id)
    remove_channel(hub, channel.id)
    keeper(hub)(before, Remembered(text="still here", version=LATE))
    with hub.database.reading() as session:
        assert store.sealed(session, channel.id)["memory"] == ""


class Process:
    """One process that runs a diary: `ask` is what its parent does, with what the database told it at that time."""

    def __init__(self, hub: Hub) -> None:
        context = Context(http=hub.door, clock=hub.clock, log=logging.getLogger("diary"), data=Path())
        self._host = Host(hub.plugins, lambda kind: context)

    def ask(self, told: Remembered) -> tuple[str, Remembered | None]:
        request = Request(
            id=1, method="pull", deadline=LATE, kind="diary", channel_id=1, settings={"password": "x"}, memory=told,
            arguments=encode((None, ())),
        )  # fmt: skip
        answer: Answer = self._host.answer(request)
        return read_answer("pull", answer).cursor, answer.memory


def test_two_processes_agree_on_what_was_written_last(hub: Hub, frozen_clock: FrozenClock) -> None:
    plug_in(hub.plugins, Diary)
    web, worker = Process(hub), Process(hub)
    first = Remembered(text="one", version=1)
    seen, of_worker = worker.ask(first)
    assert (seen, of_worker) == ("one pull", Remembered(text="one pull", version=to_micros(frozen_clock())))
    frozen_clock.tick()
    seen, of_web = web.ask(first)
    assert seen == "one pull"
    assert of_web is not None
    # The parent of the worker has read the row before either answer was stored: what the child knows is newer.
    assert worker.ask(first)[0] == "one pull pull"
    frozen_clock.tick()
    later = Remembered(text="from the web", version=to_micros(frozen_clock()))
    assert worker.ask(later)[0] == "from the web pull"


def test_what_was_written_and_not_stored_comes_again_with_the_next_answer(hub: Hub) -> None:
    plug_in(hub.plugins, Diary)
    process, nothing = Process(hub), Remembered()
    assert process.ask(nothing)[1] == dataclasses.replace(nothing, text="pull", version=to_micros(hub.clock()))
    _, again = process.ask(nothing)
    assert again is not None
    assert again.text == "pull pull"


def test_a_memory_holds_64_kilobytes() -> None:
    memory = Memory()
    memory.write("x" * Memory.MOST_CHARACTERS)
    with pytest.raises(ValueError, match="at most 65536"):
        memory.write("x" * (Memory.MOST_CHARACTERS + 1))


DIARY = """
import dataclasses
from hub import Action, Author, Check, Connector, Features, Limits, Measure, Outgoing, Page, hookimpl, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    password: str = setting("Password", secret=True)


class Diary(Connector):
    kind = "KIND"
    label = "Diary"
    Settings = Settings

    def check(self):
        self.context.memory.write("checked")
        return Check(account=Author(id="us"))

    def pull(self, cursor):
        said = self.context.memory.read()
        self.context.memory.write(said + " pulled")
        return Page(cursor=said)


@hookimpl
def register_connectors(register):
    register(Diary)
"""


def test_it_outlives_the_process_of_the_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = PluginFolder(tmp_path / "plugins", monkeypatch)
    folder.install("diary", DIARY)
    config = read_config({}, data=tmp_path / "data")
    prepare(config)
    with contextlib.closing(open_hub(config, plugins=load_plugins(folder.points()))) as hub:
        with contextlib.closing(ChildConnectors(hub)) as first:
            channel = connect(hub, first)
            assert first.pull(read_account(hub, channel.id), None).cursor == "checked"
        with contextlib.closing(ChildConnectors(hub)) as second:
            assert second.pull(read_account(hub, channel.id), None).cursor == "checked pulled"


def test_an_account_shows_no_secret_of_it() -> None:
    account = Account(kind="diary", settings={"password": "geheim"}, sealed="gAAA", memory=Remembered(text="geheim"))
    assert "geheim" not in repr(account)
    assert "gAAA" not in repr(account)
