"""No check of the kit is one that cannot fail: each is named with a connector that fails it, here or next door."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hub_plugins.sandbox.connector import SandboxConnector
from hub_plugins.webhook import Webhook
from hub_plugins.webhook.settings import WebhookSettings

from hub.connector import (
    Accepted,
    Action,
    Author,
    Check,
    Connector,
    Context,
    Delivery,
    Incoming,
    Kind,
    Page,
    Part,
    Plan,
    Receipt,
    Skipped,
)
from hub.errors import Ambiguous, ConnectorError, Rejected, Unavailable
from hub.kernel.http import Door
from hub.testing.clock import FrozenClock
from hub.testing.contract.quality import LEVELS
from hub.testing.server import FakeServer
from tests.plugins.webhook_system import SECOND, SECRET, THIRD, System
from tests.testing import test_contract, test_extras, test_manners
from tests.testing.one_test import kit_for, run_one


class HasNoName(SandboxConnector):
    kind = "Not A Word"


class IsSomebodyElse(SandboxConnector):
    def check(self) -> Check:
        found = super().check()
        return dataclasses.replace(found, account=dataclasses.replace(found.account, is_us=False))


class ThrowsAwayWhatIsNew(SandboxConnector):
    def pull(self, cursor: str | None) -> Page:
        page = super().pull(cursor)
        strange = [each for each in page.messages if each.visibility_raw == "circle"]
        return dataclasses.replace(
            page,
            messages=tuple(each for each in page.messages if each not in strange),
            skipped=tuple(Skipped(reason="unknown", raw=each.text) for each in strange),
        )


class SaysNothingOfFailures(SandboxConnector):
    def pull(self, cursor: str | None) -> Page:
        try:
            return super().pull(cursor)
        except Unavailable:
            return Page(cursor=cursor or "{}")


class ShowsWhatIsGone(SandboxConnector):
    def pull(self, cursor: str | None) -> Page:
        page = super().pull(cursor)
        ghosts = tuple(
            Incoming(
                remote_id=each.remote_id,
                revision="1",
                kind=Kind.MENTION,
                author=Author(id="somebody"),
                text="",
                created_at=self.context.clock(),
            )
            for each in page.deleted
        )
        return dataclasses.replace(page, deleted=(), messages=page.messages + ghosts)


class DoubtsEverything(SandboxConnector):
    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        try:
            return super().send(plan, part, previous)
        except Unavailable:
            raise Ambiguous("down") from None


class ForgetsItsIds(SandboxConnector):
    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        return super().send(dataclasses.replace(plan, parts=(Part(text=plan.parts[part].text),)), 0, previous)


class WaitsForSomethingOld(SandboxConnector):
    """Takes a network where nothing was yet for one that it has not read yet."""

    def pull(self, cursor: str | None) -> Page:
        reading = cursor is None or cursor.endswith(" ")
        page = super().pull(cursor)
        mark = " " if reading and not page.messages else ""
        return dataclasses.replace(page, cursor=page.cursor.strip() + mark, history=reading)


class DoesNothing(SandboxConnector):
    def act(self, action: Action) -> None: ...


ON_THE_SANDBOX: list[tuple[type[Connector], str]] = [
    (HasNoName, "test_the_class_keeps_the_contract"),
    (IsSomebodyElse, "test_check_tells_who_we_are_and_what_fits"),
    (ThrowsAwayWhatIsNew, "test_kinds_and_fields_of_a_newer_server_are_tolerated"),
    (WaitsForSomethingOld, "test_what_comes_after_a_first_pull_that_found_nothing_is_no_history"),
    (SaysNothingOfFailures, "test_a_pull_that_fails_loses_nothing"),
    (ShowsWhatIsGone, "test_what_is_gone_before_we_saw_it_does_not_come"),
    (DoubtsEverything, "test_a_failure_before_it_left_is_surely_not_sent"),
    (ForgetsItsIds, "test_the_same_reserved_id_is_never_sent_twice"),
    (DoesNothing, "test_our_own_reply_can_be_changed_and_twice_is_the_same_as_once"),
    (DoesNothing, "test_our_own_reply_can_be_deleted_and_twice_is_the_same_as_once"),
]


class NamesAnew(Webhook):
    count = itertools.count()

    def receive(self, delivery: Delivery) -> Accepted:
        return dataclasses.replace(super().receive(delivery), id=str(next(self.count)))


class TakesAnything(Webhook):
    def receive(self, delivery: Delivery) -> Accepted:
        try:
            return super().receive(delivery)
        except Rejected:
            return Accepted(id="whatever")


class SignsWithoutTheEnd(Webhook):
    def receive(self, delivery: Delivery) -> Accepted:
        return super().receive(dataclasses.replace(delivery, body=delivery.body.rstrip()))


class WritesItDown(Webhook):
    def receive(self, delivery: Delivery) -> Accepted:
        (self.context.data / "notes.txt").write_bytes(delivery.body)
        return super().receive(delivery)


class KeepsItsSecret(Webhook):
    def receive(self, delivery: Delivery) -> Accepted:
        return dataclasses.replace(super().receive(delivery), headers={"signed-with": self.settings.secret})


class NeverFinishes(Webhook):
    def pull(self, cursor: str | None) -> Page:
        return dataclasses.replace(super().pull(cursor), deliveries=())


ON_A_WEBHOOK: list[tuple[type[Webhook], str]] = [
    (NamesAnew, "test_what_the_network_posts_is_taken_under_its_name"),
    (TakesAnything, "test_what_somebody_else_posts_is_refused"),
    (SignsWithoutTheEnd, "test_a_body_that_was_changed_on_the_way_is_refused_where_it_is_signed"),
    (WritesItDown, "test_receiving_asks_nobody"),
    (KeepsItsSecret, "test_no_secret_is_kept_with_a_delivery"),
    (NeverFinishes, "test_every_delivery_comes_to_its_end"),
]


def test_every_check_of_the_kit_has_a_connector_that_fails_it() -> None:
    named = {test for _, test, _ in test_contract.BROKEN} | {test for _, _, test, _ in test_manners.BROKEN}
    named |= {test for _, test in (*ON_THE_SANDBOX, *ON_A_WEBHOOK, *test_extras.BROKEN)}
    assert named == {check for level in LEVELS for check in level.checks}


@pytest.mark.parametrize(("broken", "test"), ON_THE_SANDBOX)
def test_a_broken_connector_fails_where_a_sound_one_passes(broken: type[Connector], test: str, tmp_path: Path) -> None:
    run_one(SandboxConnector, test, {}, tmp_path / "sound")
    with pytest.raises((AssertionError, ConnectorError, TypeError, pytest.fail.Exception)):
        run_one(broken, test, {}, tmp_path / "broken")


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


@pytest.mark.parametrize(("broken", "test"), ON_A_WEBHOOK)
def test_a_broken_webhook_fails_where_a_sound_one_passes(
    broken: type[Webhook], test: str, server: FakeServer, tmp_path: Path
) -> None:
    run_with_deliveries(Webhook, test, server, tmp_path)
    with pytest.raises((AssertionError, ConnectorError, pytest.fail.Exception)):
        run_with_deliveries(broken, test, server, tmp_path)


class DatesNothing(System):
    """Signs the body and says nothing of the time, as many do."""

    dates = False


class TakesOldOnes(Webhook):
    def receive(self, delivery: Delivery) -> Accepted:
        at = datetime.fromtimestamp(int(delivery.headers["webhook-timestamp"]), tz=UTC)
        return super().receive(dataclasses.replace(delivery, received_at=at))


class TakesOldAndChangedOnes(SignsWithoutTheEnd, TakesOldOnes):
    """What it lets pass of the time is no excuse for the body."""


def test_a_network_that_dates_nothing_is_asked_for_the_body_alone(server: FakeServer, tmp_path: Path) -> None:
    test = "test_a_body_that_was_changed_on_the_way_is_refused_where_it_is_signed"
    run_with_deliveries(TakesOldOnes, test, server, tmp_path, DatesNothing)
    with pytest.raises(AssertionError, match="dates = False"):
        run_with_deliveries(TakesOldOnes, test, server, tmp_path)
    with pytest.raises(AssertionError, match="signs = False"):
        run_with_deliveries(TakesOldAndChangedOnes, test, server, tmp_path, DatesNothing)


def run_with_deliveries(
    connector: type[Webhook], test: str, server: FakeServer, data: Path, system: type[System] = System
) -> None:
    """Run one test of the kit by hand on a system that posts."""
    clock = FrozenClock()
    network, second = system(server, clock, SECRET), system(server, clock, SECOND, path="/other")
    settings = WebhookSettings(secret=SECRET, second_secret=THIRD, reply_url=network.url)
    log = logging.getLogger("test")
    context = Context(http=Door(), clock=clock, log=log, data=data, deliveries=network.deliveries)
    values: dict[str, Any] = {
        "clock": clock,
        "settings": settings,
        "network": network,
        "second_network": second,
        "connector": connector(settings, context),
    }
    run = getattr(kit_for(connector)(), test)
    run(**{name: values[name] for name in inspect.signature(run).parameters})
