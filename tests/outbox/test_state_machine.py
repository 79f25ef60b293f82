"""The outbox over the real store, with workers that die anywhere, faults of the network and people who press buttons.

The network's arrival log is the only judge of what was sent twice: reliability-security.md section 5.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
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
from hub.kernel.crash import POINTS
from hub.testing.fake import FakeNetwork
from tests.inbox.installation import Stage, installation
from tests.outbox.world import UNRECONCILABLE, WORKERS, LooseNetwork, World
from tests.postgres import PostgresServer

FAULTS = ("ok", "drop", "refuse", "down", "limit", "gone", "signed_out", "bug", "crash")
SENDING = [""] * 6 + [point for point in POINTS if point.startswith("send.")]
RESOLVING = [""] * 3 + [point for point in POINTS if point.startswith("resolve.")]
PULLING = [""] * 3 + [point for point in POINTS if point.startswith("pull.")]
workers = st.sampled_from(WORKERS)


class Sending(RuleBasedStateMachine):
    """Everything that can happen to replies between being written and being settled."""

    url = ""
    network: type[FakeNetwork] = FakeNetwork
    features: Features | None = None

    def __init__(self) -> None:
        super().__init__()
        self.running = contextlib.ExitStack()
        folder = Path(self.running.enter_context(tempfile.TemporaryDirectory()))
        hub = self.running.enter_context(installation(folder, self.url))
        stage = Stage(hub, self.network(hub.clock), features=self.features)
        self.world = World(hub=hub, fake=stage.fake, desk=stage)

    @initialize(echoes=st.booleans())
    def somebody_asks(self, echoes: bool) -> None:
        if not echoes:
            self.world.fake.keeps_echoes()
        self.world.fake.says("a question", id=f"q{self.world.desk.channel_id}")
        self.world.pulls()
        self.world.writes()

    @precondition(lambda self: len(self.world.written) < 4)
    @rule()
    def an_agent_answers(self) -> None:
        self.world.writes()

    @precondition(lambda self: len(self.world.pressed) < 6)
    @rule(name=st.sampled_from(["like", "unlike"]))
    def an_agent_presses_a_button_at_the_question(self, name: str) -> None:
        self.world.presses(name)

    @precondition(lambda self: self.world.pressed)
    @rule(number=st.integers(0, 5), action=st.sampled_from(["retry", "mark sent", "cancel"]))
    def a_person_decides_on_a_press(self, number: int, action: str) -> None:
        self.world.decides_on_a_press(number, action)

    @rule(faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=3))
    def the_network_will_fail(self, faults: list[str]) -> None:
        self.world.fake.fails(*faults)

    @rule(seconds=st.sampled_from([1, 11, 120, 4000]))
    def time_passes(self, seconds: int) -> None:
        self.world.ticks(seconds)

    @rule(worker=workers, dies_at=st.sampled_from(SENDING))
    def a_worker_sends(self, worker: str, dies_at: str) -> None:
        self.world.ticks(11)
        self.world.sends(worker, dies_at=dies_at)

    @rule(worker=workers, dies_at=st.sampled_from(RESOLVING))
    def a_worker_resolves(self, worker: str, dies_at: str) -> None:
        self.world.resolves(worker, dies_at=dies_at)

    @rule()
    def every_deadline_passes(self) -> None:
        self.world.passes_every_deadline()

    @rule(worker=workers)
    def a_worker_falls_silent(self, worker: str) -> None:
        self.world.dies(worker)

    @rule(worker=workers)
    def a_worker_is_stopped_with_what_it_has_claimed(self, worker: str) -> None:
        self.world.ticks(11)
        self.world.falls_asleep(worker)

    @precondition(lambda self: self.world.asleep)
    @rule()
    def who_was_stopped_goes_on(self) -> None:
        self.world.wake()

    @precondition(lambda self: self.world.written)
    @rule()
    def everything_is_restored_from_a_backup(self) -> None:
        self.world.is_restored()

    @rule(hours=st.sampled_from([-24, -1, 1, 24]))
    def somebody_sets_the_clock(self, hours: int) -> None:
        self.world.sets_the_clock(hours)

    @rule(dies_at=st.sampled_from(PULLING))
    def the_echoes_come_in(self, dies_at: str) -> None:
        self.world.pulls(dies_at=dies_at)

    @rule(number=st.integers(0, 3), action=st.sampled_from(["undo", "retry", "mark sent", "cancel"]))
    def a_person_decides(self, number: int, action: str) -> None:
        self.world.decides(number, action)

    @rule()
    def somebody_signs_in_again(self) -> None:
        self.world.signs_in()

    @invariant()
    def nothing_was_sent_twice_or_lost(self) -> None:
        self.world.check()
        self.world.check_order()

    def teardown(self) -> None:
        try:
            if self.world.written:
                self.world.fake.recovers()
                self.world.signs_in()
                self.world.recovers()
                self.world.check_settled()
        finally:
            self.running.close()


UNHURRIED = settings(
    deadline=None,
    max_examples=60,
    stateful_step_count=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


class SendingLoosely(Sending):
    """The same where the network takes everything as often as it is sent, and is asked by text."""

    network = LooseNetwork


class SendingBlindly(Sending):
    """The same where nobody can say afterwards whether something arrived."""

    network = LooseNetwork
    features = UNRECONCILABLE


@pytest.mark.parametrize("machine", [Sending, SendingLoosely, SendingBlindly])
def test_a_reply_arrives_once_whatever_happens(machine: type[Sending]) -> None:
    run_state_machine_as_test(machine, settings=UNHURRIED)


def test_a_reply_arrives_once_whatever_happens_on_postgresql(
    postgres_server: PostgresServer, postgres_template: str
) -> None:
    url = postgres_server.create(postgres_template)

    class OnPostgresql(Sending):
        pass

    OnPostgresql.url = url
    run_state_machine_as_test(OnPostgresql, settings=settings(UNHURRIED, max_examples=1, stateful_step_count=20))
    postgres_server.drop(url)
