"""What must be true of replies whatever happened, judged by what arrived at the network, not by what we believe."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hub.inbox.follow import follow_outbox
from hub.inbox.model import Origin
from hub.inbox.store import messages
from hub.outbox.model import OutboxItem, State
from hub.outbox.retry import GIVE_UP_AFTER
from tests.outbox.networks import Witness

if TYPE_CHECKING:
    from hub.inbox.model import Message
    from tests.outbox.world import World, Written

_OPEN = (State.QUEUED, State.SENDING)


def check(world: World) -> None:
    """What is true after every step."""
    arrived = Counter(arrival.text for arrival in world.fake.arrivals)
    assert set(arrived) <= {part for written in world.written for part in written.parts}
    for written in world.written:
        _check_reply(world, written, arrived)
    _check_presses(world)
    _check_rows(world)
    if isinstance(world.fake, Witness):
        assert not world.fake.wrong, world.fake.wrong
        _check_times(world, world.fake)


def check_settled(world: World) -> None:
    """What is true once everything that is due had the time it needed."""
    check(world)
    shown = Counter(message.text for message in _shown(world))
    for written in world.written:
        item = world.item(written)
        assert item.state not in _OPEN, f"{written.text} is stuck"
        if not written.again and item.state is not State.CANCELLED:
            assert shown[written.text] == 1, f"{written.text} is shown {shown[written.text]} times"
        if isinstance(world.fake, Witness):
            _check_fate(world, world.fake, written, item)
    _check_settled_presses(world)


def check_order(world: World) -> None:
    """Parts arrive in their order; so do replies, where nobody put them off or asked for them to be sent again."""
    plain = [part for written in world.written if _is_plain(written) for part in written.parts]
    seen = [arrival.text for arrival in world.fake.arrivals if arrival.text in plain]
    assert seen == sorted(seen, key=plain.index)
    for written in world.written:
        arrived = arrived_of(world, written)
        assert arrived == sorted(arrived, key=written.parts.index), f"{arrived} arrived in this order"
        missing = set(written.parts[: len(set(arrived))]) - set(arrived)
        assert not missing, f"{missing} was left out"


def in_a_hurry(world: World) -> bool:
    """Whether something is left that should have left by now."""
    replies = [written for written in world.written if written.leaves_from <= world.hub.clock()]
    return any(world.item(each).state in _OPEN for each in [*replies, *world.pressed])


def arrived_of(world: World, written: Written) -> list[str]:
    """What of a reply stands at the network, as it came."""
    return [arrival.text for arrival in world.fake.arrivals if arrival.text in written.parts]


def _is_plain(written: Written) -> bool:
    return not written.is_decided and not written.is_put_off


def _check_reply(world: World, written: Written, arrived: Counter[str]) -> None:
    item = world.item(written)
    assert item.request.text == written.text
    for part in written.parts:
        allowed = 1 + written.again[part]
        assert arrived[part] <= allowed, f"{part} arrived {arrived[part]} times"
    if item.state is State.SENT and not is_marked(item):
        assert set(written.parts) <= set(arrived), f"{written.text} counts as sent"
    if written.had_arrived is not None:
        assert arrived_of(world, written) == written.had_arrived, f"{written.text} was sent after it was given up"


def _check_times(world: World, network: Witness) -> None:
    """Nothing left before the time to take it back was over, or before it was meant to."""
    times = list(zip(network.arrivals, network.arrived_at, strict=True))
    for written in world.written:
        too_early = [
            arrival.text for arrival, at in times if arrival.text in written.parts and at < written.leaves_from
        ]
        assert not too_early, f"{too_early} left before {written.leaves_from}"


def _check_fate(world: World, network: Witness, written: Written, item: OutboxItem) -> None:
    """Everything that was let go arrives in the end, but for what the network refused or could not be asked about."""
    if written.is_decided or set(written.parts) <= set(arrived_of(world, written)):
        return
    since = min(item.created_at, item.first_tried_at or item.created_at)
    gave_up = item.state is State.FAILED and (item.settled_at or since) - since >= GIVE_UP_AFTER
    nobody_knows = item.state is State.UNKNOWN and not world.can_be_asked
    assert gave_up or nobody_knows or network.excused & set(written.parts), f"{written.text} is {item.state}"


def is_marked(item: OutboxItem) -> bool:
    """Said to be sent by a person, without proof."""
    return None in item.parts or not item.parts


def _check_presses(world: World) -> None:
    """Nothing is done that nobody asked for, and what counts as done was done."""
    done = {name for name, _ in world.fake.deeds}
    assert done <= {pressed.name for pressed in world.pressed}
    for pressed in world.pressed:
        if world.item(pressed).state is State.SENT and not pressed.decided:
            assert pressed.name in done


def _check_rows(world: World) -> None:
    shown = _shown(world)
    ours = Counter(message.outbox_id for message in shown if message.outbox_id)
    # Nobody writes in the network's own app here: whatever of us is there was sent by us.
    natives = [message.text for message in shown if message.origin is Origin.NATIVE]
    assert not natives, f"{natives} count as written in the network's own app"
    for written in world.written:
        expected = 0 if world.item(written).state is State.CANCELLED else 1
        assert ours[written.outbox_id] == expected, f"{written.text} is shown {ours[written.outbox_id]} times"


def _check_settled_presses(world: World) -> None:
    """The network ends as the last press asked, whatever was done twice on the way, and the inbox shows it."""
    items = [world.item(pressed) for pressed in world.pressed]
    assert not [item.id for item in items if item.state in _OPEN], "a press is stuck"
    if not items or any(item.state is not State.SENT for item in items) or any(each.decided for each in world.pressed):
        return
    follow_outbox(world.hub)
    assert world.fake.deeds[-1][0] == world.pressed[-1].name
    assert world.question.done == (("like",) if world.pressed[-1].name == "like" else ())


def _shown(world: World) -> list[Message]:
    with world.hub.database.reading() as session:
        return messages.of_conversation(session, world.conversation_id, limit=500)
