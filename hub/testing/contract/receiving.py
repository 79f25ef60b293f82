"""What comes in: every connector's part of the contract."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from hub.connector import Action, Author, Check, Connector, Context, Delivery, Outgoing, Part, Plan, Target
from hub.errors import ConnectorError, RateLimited, Unavailable
from hub.kernel.clock import EPOCH
from hub.kernel.plugins import check_class
from hub.testing.clock import FrozenClock

from .needs import asks, has_secrets, needs, secret_names
from .network import FakeNetwork
from .samples import HTML_BODIES, STRANGE_CURSORS, WORD
from .watching import Pulled, check_instants, pull_all, watched


class Receiving:
    """Tests of `check` and `pull`."""

    connector_class: ClassVar[type[Connector]]
    late: ClassVar[timedelta]

    # The class and its constructor.

    def test_the_class_keeps_the_contract(self) -> None:
        check_class(self.connector_class)

    def test_the_constructor_touches_nothing(self, settings: Any, context: Context) -> None:
        with watched() as touched:
            self.connector_class(settings, context).close()
        assert not touched, touched

    def test_check_tells_who_we_are_and_what_fits(self, connector: Connector, network: FakeNetwork) -> None:
        found = connector.check()
        assert isinstance(found, Check)
        assert found.account.is_us
        assert found.account.id
        assert all(limit > 0 for limit in found.limits.values())

    def test_what_is_not_declared_is_refused(self, connector: Connector) -> None:
        for name, call in undeclared_calls(connector):
            try:
                call()
            except NotImplementedError:
                continue
            pytest.fail(f"{name}() is there although it is not declared: declare it in `features`, or take it out")

    # Pages and cursors.

    @needs(asks)
    def test_the_first_pull_is_history_and_the_next_is_not(self, connector: Connector, network: FakeNetwork) -> None:
        for text in ("one", "two", "three"):
            network.says(text)
        first = pull_all(connector)
        assert {"one", "two", "three"} <= set(first.texts)
        assert all(page.history for page in first.pages)
        network.says("four")
        second = pull_all(connector, first.cursor)
        assert "four" in second.texts
        assert not any(page.history for page in second.pages)

    @needs(asks)
    def test_what_comes_after_a_first_pull_that_found_nothing_is_no_history(
        self, connector: Connector, network: FakeNetwork
    ) -> None:
        first = pull_all(connector)
        assert all(page.history for page in first.pages)
        network.says("the very first")
        second = pull_all(connector, first.cursor)
        assert "the very first" in second.texts
        assert not any(page.history for page in second.pages), (
            "history ends with the first whole pull, also when it found nothing: keep in the cursor that it is over"
        )

    def test_the_same_page_twice_brings_nothing_new(self, connector: Connector, network: FakeNetwork) -> None:
        network.says("before")
        cursor = pull_all(connector).cursor
        network.says("after")
        once, again = pull_all(connector, cursor), pull_all(connector, cursor)
        assert keys(once) == keys(again)
        assert keys(pull_all(connector, again.cursor)) <= keys(again) | keys(pull_all(connector))

    def test_a_burst_of_three_pages_loses_nothing(self, connector: Connector, network: FakeNetwork) -> None:
        cursor = pull_all(connector).cursor
        said = {network.says(f"burst {number}") for number in range(network.page_size * 3 + 1)}
        assert said <= set(pull_all(connector, cursor).latest)

    def test_a_message_that_comes_late_with_an_old_date_is_found(
        self, connector: Connector, network: FakeNetwork, clock: FrozenClock
    ) -> None:
        network.says("in time")
        cursor = pull_all(connector).cursor
        late = network.says("dated back", at=clock() - self.late)
        assert late in pull_all(connector, cursor).latest

    def test_a_restart_goes_on_where_the_cursor_is(
        self, connector: Connector, network: FakeNetwork, settings: Any, context: Context
    ) -> None:
        cursor = pull_all(connector).cursor
        connector.close()
        said = network.says("while we were away")
        after = self.connector_class(settings, context)
        assert said in pull_all(after, cursor).latest
        after.close()

    @pytest.mark.parametrize("cursor", STRANGE_CURSORS)
    def test_a_cursor_nobody_knows_means_a_safe_scan(
        self, connector: Connector, network: FakeNetwork, cursor: str
    ) -> None:
        said = {network.says("one"), network.says("two")}
        pull_all(connector)
        assert said <= set(pull_all(connector, cursor).latest)

    # Single items.

    def test_one_item_nobody_can_read_costs_only_itself(self, connector: Connector, network: FakeNetwork) -> None:
        cursor = pull_all(connector).cursor
        before, broken, after = (network.says(text) for text in ("before", "broken", "after"))
        network.garbles(broken)
        found = pull_all(connector, cursor)
        assert {before, after} <= set(found.latest)
        assert broken not in found.latest
        assert found.skipped, "it must go to the dead letters"
        assert all(skipped.reason and skipped.raw for skipped in found.skipped)

    def test_kinds_and_fields_of_a_newer_server_are_tolerated(self, connector: Connector, network: FakeNetwork) -> None:
        cursor = pull_all(connector).cursor
        strange, usual = network.says("strange"), network.says("usual")
        network.estranges(strange)
        found = pull_all(connector, cursor)
        assert usual in found.latest
        assert not found.skipped

    @needs("threads")
    def test_an_answer_tells_what_it_answers(self, connector: Connector, network: FakeNetwork) -> None:
        cursor = pull_all(connector).cursor
        parent = network.says("question")
        child = network.says("answer", parent=parent)
        assert pull_all(connector, cursor).latest[child].parent_id == parent

    @needs("edits")
    def test_an_edit_is_the_same_message_in_a_new_revision(self, connector: Connector, network: FakeNetwork) -> None:
        said = network.says("befor")
        first = pull_all(connector)
        network.edits(said, "before")
        edited = pull_all(connector, first.cursor).latest[said]
        assert edited.text == "before"
        assert edited.revision != first.latest[said].revision

    @needs("deletes")
    def test_what_is_taken_away_is_told_as_deleted(self, connector: Connector, network: FakeNetwork) -> None:
        said = network.says("I should not have said that")
        cursor = pull_all(connector).cursor
        network.deletes(said)
        assert said in {deleted.remote_id for deleted in pull_all(connector, cursor).deleted}

    @needs("deletes")
    def test_what_is_gone_before_we_saw_it_does_not_come(self, connector: Connector, network: FakeNetwork) -> None:
        cursor = pull_all(connector).cursor
        said = network.says("gone in a second")
        network.deletes(said)
        found = pull_all(connector, cursor)
        assert said not in found.latest or said in {deleted.remote_id for deleted in found.deleted}

    @pytest.mark.parametrize("body", HTML_BODIES)
    def test_every_body_has_words_to_read(self, connector: Connector, network: FakeNetwork, body: str) -> None:
        cursor = pull_all(connector).cursor
        said = network.says(WORD, html=body)
        text = pull_all(connector, cursor).latest[said].text
        assert WORD in text
        assert "<script" not in text

    # Failures and neighbours.

    @needs(asks)
    def test_a_pull_that_fails_loses_nothing(self, connector: Connector, network: FakeNetwork) -> None:
        cursor = pull_all(connector).cursor
        said = network.says("through the storm")
        for fault in ("down", "drop"):
            network.fails(next_pulls=[fault])
            with pytest.raises(Unavailable):
                connector.pull(cursor)
        assert said in pull_all(connector, cursor).latest

    @needs(asks)
    def test_a_pull_told_to_slow_down_says_until_when(
        self, connector: Connector, network: FakeNetwork, clock: FrozenClock
    ) -> None:
        cursor = pull_all(connector).cursor
        for style in network.rate_limits:
            network.fails(next_pulls=[style])
            with pytest.raises(RateLimited) as slowed:
                connector.pull(cursor)
            check_retry_at(slowed.value, clock)

    @needs(asks, has_secrets)
    def test_no_secret_is_told_on(
        self, connector: Connector, network: FakeNetwork, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        network.says("hello")
        told = [repr(pull_all(connector)), repr(connector.check())]
        for fault in ("down", "drop", *network.rate_limits):
            network.fails(next_pulls=[fault])
            with pytest.raises(ConnectorError) as failed:
                connector.pull(None)
            told.append(f"{failed.value} {failed.value!r} {failed.value.detail} {failed.value.params}")
        told.append(caplog.text)
        for name in secret_names(self.connector_class):
            secret = getattr(settings, name)
            assert secret, f"give the setting {name} a value, or this proves nothing"
            assert not [text for text in told if secret in text]

    def test_two_accounts_at_once_share_nothing(
        self,
        network: FakeNetwork,
        second_network: FakeNetwork,
        settings: Any,
        second_settings: Any,
        context: Context,
    ) -> None:
        second = (
            replace(context, deliveries=second_network.deliveries) if self.connector_class.features.webhook else context
        )
        connectors = [self.connector_class(settings, context), self.connector_class(second_settings, second)]
        said = [
            {side.says(f"{number} for {name}") for number in range(20)}
            for name, side in (("one", network), ("two", second_network))
        ]
        texts = [set(found.texts) for found in pull_at_once(connectors)]
        assert {f"{number} for one" for number in range(20)} <= texts[0]
        assert {f"{number} for two" for number in range(20)} <= texts[1]
        assert not texts[0] & texts[1]
        assert all(len(ids) == 20 for ids in said)


def keys(found: Pulled) -> set[tuple[str, str]]:
    """What ingest tells messages apart by."""
    return {(message.remote_id, message.revision) for message in found.messages}


def undeclared_calls(connector: Connector) -> Iterator[tuple[str, Callable[[], object]]]:
    """Calls of what the class does not claim to do; `act` never takes an action by another name."""
    target, stopped = Target(remote_id="1", author=Author(id="somebody")), threading.Event()
    stopped.set()
    plan = Plan(outgoing=Outgoing(text="Hello", target=target), parts=(Part(text="Hello"),))
    calls: tuple[tuple[str, bool, Callable[[], object]], ...] = (
        ("send", connector.features.send, lambda: connector.send(plan, 0, None)),
        ("reconcile", connector.features.reconcile, lambda: connector.reconcile(plan, 0, EPOCH)),
        ("receive", connector.features.webhook, lambda: connector.receive(Delivery(body=b"{}", received_at=EPOCH))),
        ("listen", connector.features.listens, lambda: connector.listen(stopped.set, stopped)),
        ("begin_sign_in", connector.features.signs_in, lambda: connector.begin_sign_in("https://hub.example/back")),
        ("act", False, lambda: connector.act(Action(name="no_such_action", target=target))),
    )
    return ((name, call) for name, is_declared, call in calls if not is_declared)


def check_retry_at(error: ConnectorError, clock: FrozenClock) -> None:
    assert error.retry_at is not None, "the network said until when"
    check_instants(error.retry_at, "retry_at")
    assert error.retry_at > clock()


def pull_at_once(connectors: list[Connector]) -> list[Pulled]:
    """Pull with each in a thread of its own, all starting together."""
    together = threading.Barrier(len(connectors))
    found: dict[int, Pulled] = {}

    def run(index: int) -> None:
        together.wait(60)
        found[index] = pull_all(connectors[index])
        connectors[index].close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(connectors))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return [found[index] for index in range(len(connectors))]
