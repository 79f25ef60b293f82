"""The outbox over the real store, with workers that die anywhere, faults of the network and people who press buttons.

The network's arrival log is the only judge of what was sent twice: reliability-security.md section 5.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub.connector import Features
from hub.kernel import log
from hub.kernel.crash import POINTS
from hub.kernel.hub import Hub
from tests.disks import quick_folder
from tests.inbox.installation import Stage, installation
from tests.outbox.networks import UNRECONCILABLE, WatchedLooseNetwork, WatchedNetwork
from tests.outbox.world import WORKERS, Meanwhile, World
from tests.postgres import PostgresServer

FAULTS = ("ok", "drop", "refuse", "down", "limit", "gone", "signed_out", "bug", "crash")
SENDING = [""] * 6 + [point for point in POINTS if point.startswith("send.")]
RESOLVING = [""] * 3 + [point for point in POINTS if point.startswith("resolve.")]
PULLING = [""] * 3 + [point for point in POINTS if point.startswith("pull.")]
WHILE_SENDING = SENDING[6:]
WHILE_RESOLVING = RESOLVING[3:]
DECISIONS = ("undo", "retry", "mark sent", "cancel")
SELDOM = ("clock", "restore", "sign in", "sign in", "pause", "go on", "go on")
DAY = 86_400
workers = st.sampled_from(WORKERS)
numbers = st.integers(0, 3)
parts = st.sampled_from([1, 1, 2, 3])
put_off = st.sampled_from([None, None, None, -60, 60, 7200, 2 * DAY])
acts = st.sampled_from([""] * 8 + [*DECISIONS, "pause", "echo"])

ROUNDS = int(os.environ.get("HUB_ROUNDS", "20"))
SEED = int(os.environ.get("HUB_SEED", "0"))


class Sending(RuleBasedStateMachine):
    """Everything that can happen to replies between being written and being settled.

    Examples share an installation; each has a channel and a network of its own in it.
    """

    hub: Hub
    network: type[WatchedNetwork | WatchedLooseNetwork] = WatchedNetwork
    features: Features | None = None

    def __init__(self) -> None:
        super().__init__()
        stage = Stage(self.hub, self.network(self.hub.clock), features=self.features)
        self.world = World(hub=self.hub, fake=stage.fake, desk=stage)

    @initialize(echoes=st.booleans(), replies=st.lists(st.tuples(parts, put_off), min_size=1, max_size=3))
    def somebody_asks_and_is_answered(self, echoes: bool, replies: list[tuple[int, float | None]]) -> None:
        if not echoes:
            self.world.fake.keeps_echoes()
        self.world.fake.says("a question", id=f"q{self.world.desk.channel_id}")
        self.world.pulls()
        for count, seconds in replies:
            self.world.writes(parts=count, put_off=seconds)

    @precondition(lambda self: len(self.world.written) < 4)
    @rule(parts=parts, put_off=put_off)
    def an_agent_answers(self, parts: int, put_off: float | None) -> None:
        self.world.writes(parts=parts, put_off=put_off)

    @precondition(lambda self: len(self.world.pressed) < 6)
    @rule(name=st.sampled_from(["like", "unlike"]))
    def an_agent_presses_a_button_at_the_question(self, name: str) -> None:
        self.world.presses(name)

    @precondition(lambda self: self.world.pressed)
    @rule(number=st.integers(0, 5), action=st.sampled_from(["retry", "mark sent", "cancel"]))
    def a_person_decides_on_a_press(self, number: int, action: str) -> None:
        self.world.decides_on_a_press(number, action)

    @rule(faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=3), looks=st.sampled_from(["", "", "down"]))
    def the_network_will_fail(self, faults: list[str], looks: str) -> None:
        self.world.fake.fails(*faults)
        if looks:
            self.world.fake.fails_to_look_up(looks)  # type: ignore[attr-defined]

    @rule(seconds=st.sampled_from([1, 11, 120, 4000, None, None]))
    def time_passes(self, seconds: int | None) -> None:
        """None: so much that every deadline is over."""
        if seconds is None:
            self.world.passes_every_deadline()
        else:
            self.world.ticks(seconds)

    @rule(
        worker=workers,
        dies_at=st.sampled_from(SENDING),
        waits=st.sampled_from([0, 11, 11]),
        point=st.sampled_from(WHILE_SENDING),
        act=acts,
        number=numbers,
    )
    def a_worker_sends(self, worker: str, dies_at: str, waits: int, point: str, act: str, number: int) -> None:
        self.world.ticks(waits)
        self.world.sends(worker, dies_at=dies_at, meanwhile=self.meanwhile(point, act, number))

    @rule(
        worker=workers,
        dies_at=st.sampled_from(RESOLVING),
        point=st.sampled_from(WHILE_RESOLVING),
        act=acts,
        number=numbers,
    )
    def a_worker_resolves(self, worker: str, dies_at: str, point: str, act: str, number: int) -> None:
        self.world.resolves(worker, dies_at=dies_at, meanwhile=self.meanwhile(point, act, number))

    @rule(worker=workers, has_claimed=st.booleans())
    def a_worker_is_stopped(self, worker: str, has_claimed: bool) -> None:
        if has_claimed:
            self.world.ticks(11)
            self.world.falls_asleep(worker)
        else:
            self.world.dies(worker)

    @precondition(lambda self: self.world.asleep)
    @rule()
    def who_was_stopped_goes_on(self) -> None:
        self.world.wake()

    @rule(dies_at=st.sampled_from(PULLING))
    def the_echoes_come_in(self, dies_at: str) -> None:
        self.world.pulls(dies_at=dies_at)

    @precondition(lambda self: self.world.written)
    @rule(number=numbers, action=st.sampled_from(DECISIONS))
    def a_person_decides(self, number: int, action: str) -> None:
        self.world.decides(number, action)

    @rule(event=st.sampled_from(SELDOM), hours=st.sampled_from([-24, -1, 1, 24]))
    def something_seldom_happens(self, event: str, hours: int) -> None:
        if event == "clock":
            self.world.sets_the_clock(hours)
        elif event == "restore":
            self.world.is_restored()
        elif event == "sign in":
            self.world.signs_in()
        elif event == "pause":
            self.world.pauses()
        else:
            self.world.resumes()

    @invariant()
    def nothing_was_sent_twice_or_lost(self) -> None:
        self.world.check()
        self.world.check_order()

    def meanwhile(self, point: str, act: str, number: int) -> Meanwhile | None:
        """What a person or the network does when a worker has come to that point."""
        if act == "echo":
            return Meanwhile(point, self.world.pulls)
        if act == "pause":
            return Meanwhile(point, self.world.pauses)
        if act in DECISIONS and self.world.written:
            return Meanwhile(point, partial(self.world.decides, number, act))
        return None

    def teardown(self) -> None:
        try:
            if self.world.written:
                self._everything_goes_well()
        finally:
            self._leave_nothing_to_do()

    def _everything_goes_well(self) -> None:
        self.world.fake.recovers()
        self.world.resumes()
        self.world.signs_in()
        self.world.recovers()
        self.world.check()
        self.world.ticks(3 * DAY)
        self.world.recovers()
        self.world.check_settled()
        self.world.check_order()

    def _leave_nothing_to_do(self) -> None:
        """The next example begins as the first one did, whatever became of this one."""
        with self.hub.database.transaction() as session:
            session.run("UPDATE outbox SET state = 'cancelled' WHERE state IN ('queued', 'sending')")
            session.run("DELETE FROM workers")
            log.move_reader(session, "inbox", log.newest(session))


class SendingLoosely(Sending):
    """The same where the network takes everything as often as it is sent, and is asked by text."""

    network = WatchedLooseNetwork


class SendingBlindly(Sending):
    """The same where nobody can say afterwards whether something arrived."""

    network = WatchedLooseNetwork
    features = UNRECONCILABLE


def runs(machine: type[Sending], hub: Hub, *, examples: int) -> None:
    """HUB_ROUNDS sets how many examples there are, HUB_SEED which; without it they are the same each time."""
    here = type(machine.__name__, (machine,), {"hub": hub})
    run_state_machine_as_test(
        seed(SEED)(here) if SEED else here,
        settings=settings(
            deadline=None,
            derandomize=not SEED,
            phases=[Phase.generate],
            max_examples=examples,
            stateful_step_count=25,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )


@pytest.fixture
def quick_hub() -> Iterator[Hub]:
    """An installation on SQLite where a commit costs little: no power is cut here."""
    with quick_folder() as folder, installation(folder) as hub:
        yield hub


@pytest.mark.parametrize("machine", [Sending, SendingLoosely, SendingBlindly])
def test_a_reply_arrives_once_whatever_happens(quick_hub: Hub, machine: type[Sending]) -> None:
    runs(machine, quick_hub, examples=2 * ROUNDS)


@pytest.mark.parametrize("machine", [Sending, SendingLoosely, SendingBlindly])
def test_a_reply_arrives_once_whatever_happens_on_postgresql(
    postgres_server: PostgresServer, postgres_template: str, machine: type[Sending]
) -> None:
    url = postgres_server.create(postgres_template)
    with quick_folder() as folder, installation(folder, url) as hub:
        runs(machine, hub, examples=max(ROUNDS // 3, 1))
    postgres_server.drop(url)
