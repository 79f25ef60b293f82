"""What is done to a message at its network: through the outbox, once as far as anybody can see."""

from __future__ import annotations

import pytest

from hub.connector import Moderation
from hub.errors import Invalid
from hub.inbox.act import Deed, offered, queue_deed
from hub.outbox.model import State
from hub.testing.fake import FakeNetwork
from tests.desk import Desk


def test_a_held_comment_is_approved_at_the_network(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("first time here", id="c1", moderation=Moderation.HELD)
    desk.pulls()
    outbox_id = does(desk, "approve")
    desk.works()
    assert fake.deeds == [("approve", "c1")]
    assert desk.item(outbox_id).state is State.SENT


@pytest.mark.parametrize(
    ("moderation", "names"),
    [
        (None, ("like",)),
        (Moderation.HELD, ("approve", "spam", "trash", "like")),
        (Moderation.APPROVED, ("hold", "spam", "trash", "like")),
        (Moderation.SPAM, ("approve", "trash", "like")),
        (Moderation.TRASH, ("restore", "like")),
    ],
)
def test_what_is_offered_follows_the_moderation(
    desk: Desk, fake: FakeNetwork, moderation: Moderation | None, names: tuple[str, ...]
) -> None:
    fake.says("hello", moderation=moderation)
    desk.pulls()
    assert offered(desk.hub, "fake", desk.conversation()[0]) == names


def test_what_is_not_offered_is_refused(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello", moderation=Moderation.APPROVED)
    desk.pulls()
    with pytest.raises(Invalid, match="not_a_choice"):
        does(desk, "approve")


def test_a_button_pressed_twice_is_done_once(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello")
    desk.pulls()
    assert does(desk, "like", key="press") == does(desk, "like", key="press")
    desk.works()
    assert fake.deeds == [("like", "m1")]


def test_where_the_answer_was_lost_it_is_done_again_since_twice_is_the_same_as_once(
    desk: Desk, fake: FakeNetwork
) -> None:
    fake.says("hello").fails("drop")
    desk.pulls()
    outbox_id = does(desk, "like")
    desk.works()
    assert desk.item(outbox_id).state is State.SENDING
    with desk.hub.database.transaction() as session:
        session.run("UPDATE outbox SET sending_until_ms = 0")
    desk.resolves()
    desk.waits(3600)
    assert desk.item(outbox_id).state is State.SENT
    assert fake.deeds == [("like", "m1"), ("like", "m1")]


def test_a_refusal_is_shown_and_can_be_tried_again(desk: Desk, fake: FakeNetwork) -> None:
    from hub.outbox import decide

    fake.says("hello").fails("refuse")
    desk.pulls()
    outbox_id = does(desk, "like")
    desk.works()
    assert desk.item(outbox_id).state is State.FAILED
    decide.retry(desk.hub, outbox_id)
    desk.works()
    assert fake.deeds == [("like", "m1")]


def test_what_is_done_opens_no_message_and_keeps_the_conversation_open(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello")
    desk.pulls()
    does(desk, "like")
    desk.works()
    assert desk.texts() == ["hello"]
    assert desk.lines(only_open=True)


def does(desk: Desk, name: str, *, key: str = "once") -> int:
    message = desk.conversation()[0]
    return queue_deed(desk.hub, Deed(message_id=message.id, name=name, agent_id=desk.agent, client_key=key))
