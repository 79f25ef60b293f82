"""What goes out: the contract's part of connectors that answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import msgspec
import pytest

from hub.connector import Action, Connector, Limits, Moderation, Plan
from hub.errors import AlreadySent, Ambiguous, ConnectorError, Gone, NotFound, RateLimited, Rejected, Unavailable
from hub.testing.clock import FrozenClock

from .answering import answer_to, deliver, is_told_by, longer_than_a_post, outgoing, replied, said, send, target_of
from .needs import (
    ON_OUR_OWN,
    deletes_its_own,
    edits_its_own,
    has_many_visibilities,
    has_secrets,
    needs,
    secret_names,
    splits,
)
from .network import FakeNetwork
from .receiving import check_retry_at
from .samples import LONG_TEXTS, STRINGS
from .watching import check_instants, pull_all

UNITS: dict[str, Callable[[str], int]] = {
    "characters": len,
    "utf16": lambda text: len(text.encode("utf-16-le")) // 2,
    "bytes": lambda text: len(text.encode()),
}
"""Units that count the same everywhere; graphemes stand in the table."""

STORM = ("down", "drop", "drop", "down", "down", "drop", "drop", "down", "drop")


class Sending:
    """Tests of `measure`, `plan`, `send`, `reconcile` and `act`; each is there only when it is declared."""

    connector_class: ClassVar[type[Connector]]

    def count(self, unit: str, text: str, graphemes: int) -> int:
        """What the network counts for a text; override it where links or mentions weigh differently."""
        return graphemes if unit == "graphemes" else UNITS[unit](text)

    # Measuring and planning.

    @needs("send")
    @pytest.mark.parametrize(("text", "graphemes"), STRINGS)
    def test_a_text_is_as_long_as_the_network_finds_it(self, text: str, graphemes: int) -> None:
        measured = self.connector_class.measure(outgoing(text), {})
        for unit, (used, _) in measured.units.items():
            assert used == self.count(unit, text, graphemes), unit
        assert bool(measured.errors) == (not text.strip()), measured.errors

    @needs("send")
    def test_the_limit_of_this_server_counts(self, connector: Connector, network: FakeNetwork) -> None:
        limits = connector.check().limits
        counted = self.connector_class.measure(outgoing("a"), limits).units
        assert counted.keys() & limits.keys() or not limits, "none of the limits is counted"
        for unit, limit in [(unit, limits[unit]) for unit in counted if unit in limits]:
            assert self.measured(unit, "a" * limit, limits) == ((limit, limit), False)
            assert self.measured(unit, "a" * (limit + 1), limits) == ((limit + 1, limit), True)
            assert self.measured(unit, "aaaaaa", {**limits, unit: 5}) == ((6, 5), True)

    def measured(self, unit: str, text: str, limits: Limits) -> tuple[tuple[int, int], bool]:
        """Used and limit in one unit, and whether the text is refused."""
        measure = self.connector_class.measure(outgoing(text), limits)
        return measure.units[unit], bool(measure.errors)

    @needs("send")
    def test_a_plan_is_the_same_every_time_and_survives_storage(
        self, connector: Connector, network: FakeNetwork
    ) -> None:
        reply = answer_to(said(connector, network))
        plan = connector.plan(reply, "key-1")
        assert plan == connector.plan(reply, "key-1")
        assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan
        assert plan.outgoing == reply
        assert "".join(part.text for part in plan.parts).strip()

    @needs("reserves")
    def test_every_part_has_an_id_of_its_own_before_it_leaves(self, connector: Connector, network: FakeNetwork) -> None:
        reply = answer_to(said(connector, network))
        plans = [connector.plan(reply, key) for key in ("key-1", "key-2")]
        reserved = [part.reserved for plan in plans for part in plan.parts]
        assert all(reserved)
        assert len(set(reserved)) == len(reserved)

    @needs("send")
    @pytest.mark.parametrize("words", LONG_TEXTS, ids=lambda words: words[0])
    def test_a_text_that_is_too_long_is_refused_or_split_without_losing_a_word(
        self, connector: Connector, network: FakeNetwork, words: tuple[str, ...]
    ) -> None:
        message, limits = said(connector, network), connector.check().limits
        text = longer_than_a_post(connector, words)
        measured = self.connector_class.measure(answer_to(message, text), limits)
        if measured.errors:
            return
        plan = connector.plan(answer_to(message, text), "key-1")
        assert len(plan.parts) == measured.parts
        for part in plan.parts:
            for unit, (used, _) in self.connector_class.measure(answer_to(message, part.text), limits).units.items():
                assert used <= limits.get(unit, used), f"{used} {unit} in one part"
        assert is_told_by(text, "\n".join(part.text for part in plan.parts)), "words are missing or out of order"

    @needs("send", splits)
    def test_only_the_part_that_failed_is_sent_again(self, connector: Connector, network: FakeNetwork) -> None:
        message = said(connector, network)
        plan = connector.plan(answer_to(message, longer_than_a_post(connector, LONG_TEXTS[0])), "key-1")
        assert len(plan.parts) > 1
        first = connector.send(plan, 0, None)
        network.fails(next_sends=["down"])
        with pytest.raises(Unavailable):
            connector.send(plan, 1, first)
        second = connector.send(plan, 1, first)
        assert len(network.arrivals()) == 2
        assert first.remote_id != second.remote_id

    # One reply.

    @needs("send")
    def test_a_reply_arrives_once_in_its_own_words(self, connector: Connector, network: FakeNetwork) -> None:
        receipt = send(connector, answer_to(said(connector, network), "Ten weeks is normal."))
        assert receipt.remote_id
        check_instants(receipt)
        assert [arrival.text for arrival in network.arrivals()] == ["Ten weeks is normal."]

    @needs("send")
    def test_our_reply_comes_back_as_an_echo(self, connector: Connector, network: FakeNetwork) -> None:
        message = said(connector, network)
        cursor = pull_all(connector).cursor
        plan = connector.plan(answer_to(message), "key-1")
        receipt = connector.send(plan, 0, None)
        reserved = plan.parts[0].reserved
        echoes = [
            message
            for message in pull_all(connector, cursor).messages
            if message.remote_id == receipt.remote_id or (reserved and message.correlation == reserved)
        ]
        assert echoes, "nothing came back under the receipt's id or the reserved one"
        assert all(echo.author.is_us for echo in echoes)

    @needs("send")
    def test_an_answer_from_the_native_app_is_ours(self, connector: Connector, network: FakeNetwork) -> None:
        message = said(connector, network)
        cursor = pull_all(connector).cursor
        native = network.native_reply(message.remote_id, "Answered on the phone.")
        found = pull_all(connector, cursor).latest[native]
        assert found.author.is_us
        assert found.correlation is None
        assert not network.arrivals()

    @needs("reserves")
    def test_the_same_reserved_id_is_never_sent_twice(self, connector: Connector, network: FakeNetwork) -> None:
        plan = connector.plan(answer_to(said(connector, network)), "key-1")
        receipt = connector.send(plan, 0, None)
        with pytest.raises(AlreadySent) as again:
            connector.send(plan, 0, None)
        assert again.value.receipt.remote_id == receipt.remote_id
        assert len(network.arrivals()) == 1

    # Who may read it, and what cannot be answered.

    @needs("send", has_many_visibilities)
    def test_a_reply_is_never_wider_than_what_it_answers(self, connector: Connector, network: FakeNetwork) -> None:
        for own in connector.features.visibilities:
            message = said(connector, network, own)
            assert message.visibility is own
            for chosen in connector.features.visibilities:
                reply = answer_to(message, f"{chosen} to {own}", visibility=chosen)
                if chosen.is_wider_than(own):
                    with pytest.raises(Rejected):
                        send(connector, reply, key=f"{own}-{chosen}")
                else:
                    send(connector, reply, key=f"{own}-{chosen}")
                    assert network.arrivals()[-1].visibility is chosen

    @needs("send")
    def test_what_is_deleted_cannot_be_answered(self, connector: Connector, network: FakeNetwork) -> None:
        message = said(connector, network)
        network.deletes(message.remote_id)
        with pytest.raises((Gone, NotFound)):
            send(connector, answer_to(message))
        assert not network.arrivals()

    @needs("send")
    def test_what_is_closed_cannot_be_answered(self, connector: Connector, network: FakeNetwork) -> None:
        message = said(connector, network)
        network.closes(message.remote_id)
        with pytest.raises(Rejected) as refused:
            send(connector, answer_to(message))
        assert refused.value.reason
        assert not network.arrivals()

    # Failures on the way.

    @needs("send")
    def test_a_failure_before_it_left_is_surely_not_sent(self, connector: Connector, network: FakeNetwork) -> None:
        message = said(connector, network)
        network.fails(next_sends=["down"])
        with pytest.raises(Unavailable):
            send(connector, answer_to(message))
        assert not network.arrivals()

    @needs("send")
    def test_a_lost_answer_is_ambiguous(self, connector: Connector, network: FakeNetwork) -> None:
        message = said(connector, network)
        network.fails(next_sends=["drop"])
        with pytest.raises(Ambiguous):
            send(connector, answer_to(message))
        assert len(network.arrivals()) == 1, "one try, without retries of its own"

    @needs("send")
    def test_a_send_told_to_slow_down_says_until_when(
        self, connector: Connector, network: FakeNetwork, clock: FrozenClock
    ) -> None:
        message = said(connector, network)
        for style in network.rate_limits:
            network.fails(next_sends=[style])
            with pytest.raises(RateLimited) as slowed:
                send(connector, answer_to(message))
            check_retry_at(slowed.value, clock)
        assert not network.arrivals()

    @needs("send", "reconcile")
    def test_a_look_finds_what_arrived_and_nothing_else(
        self, connector: Connector, network: FakeNetwork, clock: FrozenClock
    ) -> None:
        message, since = said(connector, network), clock()
        lost = connector.plan(answer_to(message, "It did arrive."), "key-1")
        never = connector.plan(answer_to(message, "It never left."), "key-2")
        network.fails(next_sends=["drop"])
        with pytest.raises(Ambiguous):
            connector.send(lost, 0, None)
        found = connector.reconcile(lost, 0, since)
        assert found is not None
        assert found.remote_id in pull_all(connector).latest
        assert connector.reconcile(never, 0, since) is None

    @needs("send", "reconcile")
    def test_five_replies_through_a_storm_arrive_once_each(
        self, connector: Connector, network: FakeNetwork, clock: FrozenClock
    ) -> None:
        message = said(connector, network)
        network.fails(next_sends=STORM)
        texts = [f"reply {number}" for number in range(5)]
        for text in texts:
            deliver(connector, connector.plan(answer_to(message, text), text.replace(" ", "-")), clock)
        assert [arrival.text for arrival in network.arrivals()] == texts

    @needs("send", has_secrets)
    def test_a_failed_send_tells_no_secret(self, connector: Connector, network: FakeNetwork, settings: Any) -> None:
        message = said(connector, network)
        told = []
        for fault in ("down", "drop", *network.rate_limits):
            network.fails(next_sends=[fault])
            with pytest.raises(ConnectorError) as failed:
                send(connector, answer_to(message, fault), key=fault)
            told.append(f"{failed.value} {failed.value!r} {failed.value.detail} {failed.value.params}")
        secrets = [getattr(settings, name) for name in secret_names(self.connector_class)]
        assert not [text for text in told for secret in secrets if secret in text]

    @needs("actions")
    def test_every_action_may_be_done_twice(self, connector: Connector, network: FakeNetwork) -> None:
        target = target_of(said(connector, network))
        for name in sorted(connector.features.actions - ON_OUR_OWN):
            connector.act(Action(name=name, target=target))
            connector.act(Action(name=name, target=target))

    @needs("send", edits_its_own)
    def test_our_own_reply_can_be_changed_and_twice_is_the_same_as_once(
        self, connector: Connector, network: FakeNetwork
    ) -> None:
        ours = replied(connector, network)
        change = Action(name="edit", target=target_of(ours), text="Eight weeks is normal.")
        connector.act(change)
        connector.act(change)
        assert "Eight weeks is normal." in pull_all(connector).latest[ours.remote_id].text
        assert len(network.arrivals()) == 1, "a change is no second reply"

    @needs("send", deletes_its_own)
    def test_our_own_reply_can_be_deleted_and_twice_is_the_same_as_once(
        self, connector: Connector, network: FakeNetwork
    ) -> None:
        ours = replied(connector, network)
        connector.act(Action(name="delete", target=target_of(ours)))
        connector.act(Action(name="delete", target=target_of(ours)))
        left = pull_all(connector).latest.get(ours.remote_id)
        assert left is None or left.moderation is Moderation.TRASH
