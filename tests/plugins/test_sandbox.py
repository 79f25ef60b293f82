"""The sandbox keeps the contract, and its people talk back."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hub_plugins.sandbox.connector import SandboxConnector, SandboxSettings
from hub_plugins.sandbox.faults import CRASHED
from hub_plugins.sandbox.network import FILE, Network

from hub.channels.upload_files import UploadFiles
from hub.connector import Action, Context, Incoming, Kind, Page, Receipt, Upload, Visibility
from hub.errors import Ambiguous, AuthExpired, ConnectorError, Gone, Misconfigured, NotFound, Rejected, Unavailable
from hub.kernel.http import Door
from hub.kernel.plugins import load_plugins
from hub.testing.clock import FrozenClock
from hub.testing.contract import ConnectorContract
from hub.testing.contract.answering import answer_to, said, send, target_of
from hub.testing.contract.watching import pull_all
from tests.plugins.sandbox_corner import SandboxCorner
from tests.processes import wait_until


class TestSandboxKeepsTheContract(ConnectorContract):
    connector_class = SandboxConnector

    @pytest.fixture
    def network(self, tmp_path: Path, clock: FrozenClock) -> SandboxCorner:
        return SandboxCorner(Network(tmp_path / FILE, clock), "@brightwater")

    @pytest.fixture
    def second_network(self, tmp_path: Path, clock: FrozenClock) -> SandboxCorner:
        return SandboxCorner(Network(tmp_path / FILE, clock), "@helpline24")

    @pytest.fixture
    def settings(self) -> SandboxSettings:
        return SandboxSettings()

    @pytest.fixture
    def second_settings(self) -> SandboxSettings:
        return SandboxSettings(account="@helpline24")


@pytest.fixture
def context(tmp_path: Path, frozen_clock: FrozenClock) -> Iterator[Context]:
    door = Door()
    yield Context(
        http=door,
        clock=frozen_clock,
        log=logging.getLogger("test"),
        data=tmp_path,
        uploads=UploadFiles(tmp_path / "media"),
    )
    door.close()


@pytest.fixture
def network(context: Context) -> Iterator[Network]:
    network = Network(context.data / FILE, context.clock)
    yield network
    network.close()


Connect = Callable[..., SandboxConnector]


@pytest.fixture
def connect(context: Context) -> Iterator[Connect]:
    """Make a connector with other settings than the defaults: `connect(talk=0)`."""
    made: list[SandboxConnector] = []

    def make(**settings: object) -> SandboxConnector:
        made.append(SandboxConnector(replace(SandboxSettings(), **settings), context))
        return made[-1]

    yield make
    for connector in made:
        connector.close()


def test_the_sandbox_is_found_like_any_plugin() -> None:
    assert load_plugins().connector("sandbox") is SandboxConnector


class TestPeopleTalk:
    def test_a_newcomer_is_written_to_within_five_seconds(self, connect: Connect, frozen_clock: FrozenClock) -> None:
        connector = connect()
        first = pull_all(connector)
        assert not first.messages
        frozen_clock.tick(5)
        [mention] = pull_all(connector, first.cursor).messages
        assert mention.author.name == "Lena Brandt"
        assert mention.language == "de"
        assert mention.kind is Kind.MENTION
        assert mention.addressed

    def test_a_reply_is_answered_within_eight_seconds(self, connect: Connect, frozen_clock: FrozenClock) -> None:
        connector = connect()
        pull_all(connector)
        frozen_clock.tick(5)
        [mention] = pull_all(connector).messages
        receipt = send(connector, answer_to(mention, "Seit wann ist sie eingesetzt?"))
        frozen_clock.tick(8)
        answers = [message for message in pull_all(connector).messages if message.parent_id == receipt.remote_id]
        assert [answer.text for answer in answers] == [
            "Eingesetzt habe ich sie vor genau zehn Wochen, wir sind zu viert."
        ]
        assert answers[0].kind is Kind.REPLY
        assert answers[0].root_id == mention.remote_id

    def test_nobody_starts_when_told_so_but_who_is_asked_answers(
        self, connect: Connect, network: Network, frozen_clock: FrozenClock
    ) -> None:
        connector = connect(talk=0)
        network.person("joanna").says("Pasuje?", to="@brightwater")
        [question] = pull_all(connector).messages
        send(connector, answer_to(question, "Tak."))
        frozen_clock.tick(86_400)
        assert [message.author.handle for message in pull_all(connector).messages] == [
            "@joanna",
            "@brightwater",
            "@joanna",
        ]

    def test_after_three_days_away_only_three_people_wait(self, connect: Connect, frozen_clock: FrozenClock) -> None:
        connector = connect(talk=60)
        pull_all(connector)
        frozen_clock.tick(3 * 86_400)
        starts = [message for message in pull_all(connector).messages if message.parent_id is None]
        assert len(starts) == 3

    def test_an_hour_brings_about_as_many_conversations_as_asked_for(
        self, connect: Connect, frozen_clock: FrozenClock
    ) -> None:
        connector = connect(talk=20)
        found = [pull_all(connector)]
        for _ in range(360):
            frozen_clock.tick(10)
            found.append(pull_all(connector, found[-1].cursor))
        starts = {id for each in found for id, message in each.latest.items() if message.parent_id is None}
        assert 15 <= len(starts) <= 25
        assert_shows_everything([message for each in found for message in each.messages])

    def test_people_lose_patience_before_two_machines_talk_for_ever(
        self, connect: Connect, network: Network, frozen_clock: FrozenClock
    ) -> None:
        connector = connect(talk=0)
        network.person("milan").says("Hvala?", to="@brightwater")
        answered: set[str] = set()
        for _ in range(20):
            for message in pull_all(connector).messages:
                if not message.author.is_us and message.remote_id not in answered:
                    answered.add(message.remote_id)
                    send(connector, answer_to(message, "?"), key=f"to-{message.remote_id}")
            frozen_clock.tick(60)
        assert len(answered) == 9

    def test_an_answer_is_never_wider_than_ours(
        self, connect: Connect, network: Network, frozen_clock: FrozenClock
    ) -> None:
        connector = connect(talk=0)
        network.person("tom").says("My C90 is red", to="@brightwater")
        [question] = pull_all(connector).messages
        send(connector, answer_to(question, "Your address?", visibility=Visibility.DIRECT))
        frozen_clock.tick(8)
        assert pull_all(connector).messages[-1].visibility is Visibility.DIRECT

    def test_the_same_hours_bring_the_same_words(self, tmp_path: Path) -> None:
        lives = []
        for name in ("one", "two"):
            clock = FrozenClock()
            connector = alone(tmp_path / name, clock)
            pull_all(connector)
            for _ in range(60):
                clock.tick(30)
                found = pull_all(connector)
            lives.append([(message.text, message.created_at) for message in found.messages])
            connector.close()
        assert lives[0] == lives[1]
        assert len(lives[0]) > 5


def assert_shows_everything(messages: Sequence[Incoming]) -> None:
    """A newcomer's first hour shows what a network can carry."""
    assert {message.language for message in messages} == {"de", "sr", "en", "pl", "ru"}
    assert {message.visibility for message in messages} == set(Visibility)
    assert any(message.content_warning for message in messages)
    assert any(attachment.alt for message in messages for attachment in message.attachments)
    assert any(message.edited_at for message in messages)
    assert any(not message.addressed for message in messages)


def alone(folder: Path, clock: FrozenClock, **settings: object) -> SandboxConnector:
    context = Context(http=Door(), clock=clock, log=logging.getLogger("test"), data=folder)
    return SandboxConnector(replace(SandboxSettings(), **settings), context)


class TestThreads:
    def test_a_child_may_come_before_its_parent(self, connect: Connect, network: Network) -> None:
        connector = connect(talk=0)
        child = network.person("tom").says("As I said", to="@brightwater", parent="late-1")
        early = pull_all(connector)
        assert early.latest[child].parent_id == "late-1"
        assert early.latest[child].root_id is None
        network.person("tom").says("The first half", to="@brightwater", id="late-1")
        assert "late-1" in pull_all(connector, early.cursor).latest

    def test_a_delete_may_come_before_its_create(self, connect: Connect, network: Network) -> None:
        connector = connect(talk=0)
        network.deletes("late-2")
        early = pull_all(connector)
        assert [deleted.remote_id for deleted in early.deleted] == ["late-2"]
        network.person("tom").says("Too late", to="@brightwater", id="late-2")
        found = pull_all(connector, early.cursor)
        assert "late-2" in found.latest
        assert "late-2" in {deleted.remote_id for deleted in found.deleted}

    def test_our_own_post_stands_above_what_people_say_to_it(self, connect: Connect, network: Network) -> None:
        connector = connect(talk=0)
        post = network.person("brightwater").says("Hard water week on the blog")
        comment = network.person("milan").says("A kod nas?", parent=post)
        [found] = pull_all(connector).messages
        assert (found.remote_id, found.root_id, found.kind) == (comment, post, Kind.REPLY)
        assert found.addressed
        assert found.post is not None
        assert found.post.text == "Hard water week on the blog"

    def test_what_others_say_to_each_other_is_context(self, connect: Connect, network: Network) -> None:
        connector = connect(talk=0)
        mention = network.person("tom").says("Does it fit?", to="@brightwater")
        aside = network.person("joanna").says("@tom I wonder too", parent=mention)
        found = pull_all(connector).latest
        assert found[mention].addressed
        assert not found[aside].addressed

    def test_a_closed_thread_is_closed_for_every_answer_in_it(self, connect: Connect, network: Network) -> None:
        connector = connect(talk=0)
        mention = network.person("tom").says("Does it fit?", to="@brightwater")
        further = network.person("tom").says("Hello?", to="@brightwater", parent=mention)
        before = pull_all(connector).latest[further]
        assert before.reply.allowed
        network.closes(mention)
        with pytest.raises(Rejected) as refused:
            send(connector, answer_to(before))
        assert refused.value.reason == "closed"
        after = pull_all(connector).latest[further].reply
        assert (after.allowed, after.why_not) == (False, "closed")

    def test_a_message_nobody_knows_cannot_be_answered(self, connect: Connect, network: Network) -> None:
        connector = connect(talk=0)
        network.person("tom").says("Does it fit?", to="@brightwater")
        [message] = pull_all(connector).messages
        with pytest.raises(NotFound):
            send(connector, answer_to(replace(message, remote_id="p999")))

    def test_an_unknown_visibility_counts_as_the_narrowest(self, connect: Connect, network: Network) -> None:
        connector = connect(talk=0)
        network.alters(network.person("tom").says("psst", to="@brightwater"), visibility="circle")
        [message] = pull_all(connector).messages
        assert (message.visibility, message.visibility_raw) == (Visibility.DIRECT, "circle")


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "error", "arrives"),
        [
            ("refuse", Rejected, 0),
            ("signed_out", AuthExpired, 0),
            ("down", Unavailable, 0),
            ("drop", Ambiguous, 1),
        ],
    )
    def test_a_scripted_send_fails_as_told_and_the_next_one_works(
        self, connect: Connect, network: Network, fault: str, error: type[ConnectorError], arrives: int
    ) -> None:
        connector = connect(talk=0)
        message = said(connector, SandboxCorner(network, "@brightwater"))
        network.fails(next_sends=["ok", fault])
        send(connector, answer_to(message), key="before")
        with pytest.raises(error):
            send(connector, answer_to(message), key="hit")
        assert len(network.arrivals()) == 1 + arrives
        assert isinstance(send(connector, answer_to(message), key="after"), Receipt)

    def test_a_garbage_answer_still_arrived(self, connect: Connect, network: Network) -> None:
        connector = connect(talk=0)
        message = said(connector, SandboxCorner(network, "@brightwater"))
        network.fails(next_sends=["garbage"], next_pulls=["garbage"])
        assert not isinstance(send(connector, answer_to(message)), Receipt)
        assert len(network.arrivals()) == 1
        assert not isinstance(connector.pull(None), Page)

    def test_a_look_can_fail_too(self, connect: Connect, network: Network, frozen_clock: FrozenClock) -> None:
        connector = connect(talk=0)
        message = said(connector, SandboxCorner(network, "@brightwater"))
        plan = connector.plan(answer_to(message), "key-1")
        network.fails(next_looks=["down", "drop"])
        for error in (Unavailable, Ambiguous):
            with pytest.raises(error):
                connector.reconcile(plan, 0, frozen_clock())
        assert connector.reconcile(plan, 0, frozen_clock()) is None

    def test_a_fault_nobody_knows_is_refused(self, network: Network) -> None:
        with pytest.raises(ValueError, match="earthquake"):
            network.fails(next_sends=["earthquake"])

    def test_a_crash_ends_the_process_after_the_reply_arrived(self, network: Network, context: Context) -> None:
        network.person("tom").says("Does it fit?", to="@brightwater", id="q")
        network.fails(next_sends=["crash"])
        with in_another_process(context.data, ANSWER) as child:
            assert child.wait(180) == CRASHED
        assert [arrival.reserved for arrival in network.arrivals()] == ["key-0"]

    def test_a_hang_lasts_until_it_is_killed_and_nothing_arrived(self, network: Network, context: Context) -> None:
        network.person("tom").says("Does it fit?", to="@brightwater", id="q")
        network.fails(next_sends=["hang"])
        with in_another_process(context.data, ANSWER) as child:
            wait_until(lambda: not network.script("send"), "the connector")
            child.kill()
            assert child.stdout is not None
            assert child.stdout.read() == "sending\n"
        assert child.returncode == -signal.SIGKILL
        assert not network.arrivals()

    def test_a_file_that_cannot_be_used_means_later(self, connect: Connect, context: Context) -> None:
        (context.data / FILE).write_bytes(b"this is no database" * 100)
        with pytest.raises(Unavailable):
            connect().pull(None)

    @pytest.mark.parametrize(
        ("field", "value"), [("account", "@Über uns!"), ("account", ""), ("talk", -1), ("talk", 3601)]
    )
    def test_wrong_settings_are_told_at_their_field(self, connect: Connect, field: str, value: object) -> None:
        with pytest.raises(Misconfigured) as wrong:
            connect(**{field: value}).check()
        assert wrong.value.field == field


PRELUDE = """
import logging, pathlib, sys
from dataclasses import replace
from hub.connector import *
from hub.kernel.clock import system_clock
from hub.kernel.http import Door
from hub.testing.contract.watching import pull_all
from hub_plugins.sandbox.connector import SandboxConnector, SandboxSettings
from hub_plugins.sandbox.network import FILE, Network
data, number = pathlib.Path(sys.argv[1]), sys.argv[2]
context = Context(http=Door(), clock=system_clock, log=logging.getLogger(), data=data)
connector = SandboxConnector(SandboxSettings(talk=0), context)
network = Network(data / FILE)
"""
ANSWER = """
target = Target(remote_id="q", author=Author(id="sandbox:tom"))
plan = connector.plan(Outgoing(text="Yes.", target=target), "key-" + number)
print("sending", flush=True)
try:
    connector.send(plan, 0, None)
except Exception as error:
    print(type(error).__name__, flush=True)
"""
SPEAK = """
with network.at_once():
    network.person("tom").says("together", to="@brightwater")
for index in range(20):
    network.person("tom").says(f"{number} {index}", to="@brightwater")
    connector.pull(None)
"""
LISTEN = """
print(len(pull_all(connector).messages), flush=True)
"""


def in_another_process(data: Path, script: str, number: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PRELUDE + script, str(data), str(number)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def run_together(data: Path, script: str, *numbers: int) -> list[str]:
    children = [in_another_process(data, script, number) for number in numbers]
    said = [child.communicate(timeout=300)[0] for child in children]
    assert [child.returncode for child in children] == [0] * len(children)
    return said


class TestSeveralProcesses:
    def test_a_new_network_is_made_once_and_loses_nobodys_words(self, context: Context, network: Network) -> None:
        run_together(context.data, SPEAK, 1, 2, 3, 4)
        found = run_together(context.data, LISTEN, 1, 2)
        assert found == ["84\n", "84\n"]

    def test_one_reserved_id_from_four_processes_arrives_once(self, context: Context, network: Network) -> None:
        network.person("tom").says("Does it fit?", to="@brightwater", id="q")
        told = sorted(run_together(context.data, ANSWER, 7, 7, 7, 7))
        assert told == ["sending\n", *["sending\nAlreadySent\n"] * 3]
        assert len(network.arrivals()) == 1

    def test_who_answers_answers_once_however_many_listen(self, context: Context, network: Network) -> None:
        mention = network.person("tom").says("Does it fit?", to="@brightwater")
        with network.at_once():
            for _ in range(3):
                network.person("brightwater").says("Yes.", parent=mention)
        assert run_together(context.data, LISTEN, 1, 2, 3, 4) == ["7\n"] * 4


class TestHistory:
    def test_three_weeks_of_brightwater_come_as_history(
        self, connect: Connect, network: Network, frozen_clock: FrozenClock
    ) -> None:
        network.history(weeks=3)
        network.history(weeks=3)
        found = pull_all(connect(talk=0))
        assert all(page.history for page in found.pages)
        assert 40 <= len(found.latest) == len(found.messages) <= 60
        oldest = min(message.created_at for message in found.messages)
        assert timedelta(days=20) < frozen_clock() - oldest <= timedelta(weeks=3)
        assert all(message.created_at <= frozen_clock() for message in found.messages)
        assert {message.author.name for message in found.messages} >= {
            "Lena Brandt",
            "Milan Petrović",
            "Tom O'Hara",
            "Joanna Wójcik",
            "Дарья Кузнецова",
        }
        assert found.deleted
        assert all(message.post for message in found.messages if "At which hardness" in message.text)

    def test_a_short_past_never_reaches_into_the_future(
        self, connect: Connect, network: Network, frozen_clock: FrozenClock
    ) -> None:
        network.history(weeks=0.1)
        assert all(message.created_at <= frozen_clock() for message in pull_all(connect(talk=0)).messages)

    def test_the_past_is_not_answered_today(
        self, connect: Connect, network: Network, frozen_clock: FrozenClock
    ) -> None:
        network.history()
        connector = connect(talk=0)
        before = pull_all(connector)
        frozen_clock.tick(86_400)
        assert pull_all(connector).latest == before.latest


def test_two_accounts_live_in_different_timelines(connect: Connect, network: Network) -> None:
    network.person("tom").says("for one", to="@brightwater")
    network.person("tom").says("for two", to="@helpline24")
    assert pull_all(connect(talk=0)).texts == ["for one"]
    assert pull_all(connect(talk=0, account="helpline24")).texts == ["for two"]


def test_a_network_that_was_replaced_is_read_from_the_start(connect: Connect, context: Context) -> None:
    connector = connect(talk=0)
    network = Network(context.data / FILE, context.clock)
    for number in range(20):
        network.person("tom").says(f"old {number}", to="@brightwater")
    cursor = pull_all(connector).cursor
    network.close()
    connector.close()
    for file in context.data.glob(f"{FILE}*"):
        file.unlink()
    Network(context.data / FILE, FrozenClock(context.clock() + timedelta(days=1))).person("tom").says(
        "new", to="@brightwater"
    )
    assert "new" in pull_all(connector, cursor).texts


def test_a_like_is_kept_once(connect: Connect, network: Network) -> None:
    connector = connect(talk=0)
    message = said(connector, SandboxCorner(network, "@brightwater"))
    for _ in range(2):
        connector.act(Action(name="like", target=target_of(message)))
    assert network.likes() == (message.remote_id,)


def test_what_was_marked_is_told_and_can_be_taken_back(connect: Connect, network: Network) -> None:
    connector = connect(talk=0)
    target = target_of(said(connector, SandboxCorner(network, "@brightwater")))
    for name in ("like", "boost", "bookmark", "hide", "unboost"):
        connector.act(Action(name=name, target=target))
    assert pull_all(connector).latest[target.remote_id].done == ("bookmark", "hide", "like")


@pytest.mark.parametrize("visibility", Visibility)
def test_what_was_not_said_in_public_is_offered_neither_to_boost_nor_to_quote(
    connect: Connect, network: Network, visibility: Visibility
) -> None:
    message = network.person("lena").says("between us", to="@brightwater", visibility=visibility)
    impossible = pull_all(connect(talk=0)).latest[message].reply.impossible
    is_public = visibility in (Visibility.PUBLIC, Visibility.UNLISTED)
    assert impossible == (() if is_public else ("boost", "unboost", "quote"))


def test_what_others_said_can_be_neither_changed_nor_deleted(connect: Connect, network: Network) -> None:
    connector = connect(talk=0)
    target = target_of(said(connector, SandboxCorner(network, "@brightwater")))
    for action in (Action(name="edit", target=target, text="mine"), Action(name="delete", target=target)):
        with pytest.raises(Rejected, match="not_yours"):
            connector.act(action)


def test_a_quote_with_pictures_and_a_warning_arrives_as_such(
    connect: Connect, network: Network, context: Context
) -> None:
    UploadFiles(context.data / "media").write("a" * 20, b"pixels")
    connector = connect(talk=0)
    message = said(connector, SandboxCorner(network, "@brightwater"))
    picture = Upload(id="a" * 20, media_type="image/png", size=6, alt="A cartridge")
    reply = replace(answer_to(message, "Look."), attachments=(picture,), quote=True, content_warning="limescale")
    receipt = send(connector, reply)
    (arrival,) = network.arrivals()
    assert (arrival.quotes, arrival.parent, arrival.warning) == (True, message.remote_id, "limescale")
    assert arrival.pictures == ("A cartridge",)
    echo = pull_all(connector).latest[receipt.remote_id]
    assert (echo.parent_id, [each.alt for each in echo.attachments]) == (None, ["A cartridge"])


def test_a_picture_that_is_not_there_any_more_stops_the_reply_before_it_leaves(
    connect: Connect, network: Network
) -> None:
    connector = connect(talk=0)
    message = said(connector, SandboxCorner(network, "@brightwater"))
    gone = Upload(id="b" * 20, media_type="image/png", size=6)
    with pytest.raises(Gone):
        send(connector, replace(answer_to(message), attachments=(gone,)))
    assert not network.arrivals()
