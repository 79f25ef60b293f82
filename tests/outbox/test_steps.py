"""The machine of an outbox item: every step there is, and that there is no other."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from hub.connector import Receipt
from hub.errors import Conflict
from hub.inbox.undo import undo_reply
from hub.kernel.hub import Hub
from hub.outbox import decide
from hub.outbox.model import State
from hub.outbox.settle import note_arrival, settle
from hub.testing.fake import FakeNetwork
from tests.desk import Desk

STEPS = {
    "queued": "sending failed cancelled held",
    "sending": "sending queued sent failed unknown held",
    "unknown": "sent queued cancelled held",
    "failed": "sent queued cancelled",
    "held": "queued sent cancelled",
    "sent": "",
    "cancelled": "",
}
"""What is sent stays sent; nothing that may be under way is queued but by who asked the network."""


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
def test_every_other_step_is_refused_and_changes_nothing(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello")
    desk.pulls()
    outbox_id = desk.answers("yes")
    assert set(STEPS) == set(State)
    for before, after in itertools.product(State, State):
        with desk.hub.database.transaction() as session:
            session.run("UPDATE outbox SET state = :state", state=before.value)
        item, ends = desk.item(outbox_id), before
        try:
            with desk.hub.database.transaction() as session:
                settle(session, item, after, now=desk.hub.clock())
            ends = after
        except Conflict as refused:
            assert refused.params["reason"] == "wrong_state"
            assert after not in STEPS[before].split()
        else:
            assert after in STEPS[before].split(), f"{before} became {after}"
        assert desk.item(outbox_id).state is ends


def test_the_first_proof_of_a_part_stays(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello")
    desk.pulls()
    outbox_id = desk.answers("yes")
    desk.waits(11)
    (first,) = desk.item(outbox_id).parts
    with desk.hub.database.transaction() as session:
        later = Receipt(remote_id="another", at=desk.hub.clock())
        assert note_arrival(session, desk.item(outbox_id), 0, later, now=desk.hub.clock()) is State.SENT
    assert desk.item(outbox_id).parts == (first,)
    desk.pulls()
    assert desk.texts() == ["hello", "yes"]


PEOPLE: dict[str, tuple[Callable[[Hub, int], object], str, str]] = {
    "take back": (undo_reply, "queued held", "cancelled"),
    "send again": (decide.retry, "failed unknown held", "queued"),
    "mark as sent": (decide.mark_sent, "failed unknown", "sent"),
    "give up": (decide.cancel, "queued failed unknown held", "cancelled"),
}
"""What a person may do, when, and what becomes of it. `held`: before its first try, not by a restore."""


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("action", list(PEOPLE))
def test_a_person_is_told_when_it_is_too_late_and_never_decides_about_a_call_under_way(
    action: str, desk: Desk, fake: FakeNetwork
) -> None:
    fake.says("hello")
    desk.pulls()
    outbox_id = desk.answers("yes")
    does, whenever, becomes = PEOPLE[action]
    for before in State:
        with desk.hub.database.transaction() as session:
            session.run("UPDATE outbox SET state = :state", state=before.value)
        if before in whenever.split():
            does(desk.hub, outbox_id)
            assert desk.item(outbox_id).state == becomes
        else:
            with pytest.raises(Conflict):
                does(desk.hub, outbox_id)
            assert desk.item(outbox_id).state is before
