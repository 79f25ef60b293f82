"""What is done to a message at its network: through the outbox, once as far as anybody can see."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.connector import Action, Features, Moderation, ReplyRules
from hub.errors import Conflict, Invalid
from hub.inbox.act import Deed, Offer, queue_deed
from hub.inbox.follow import follow_outbox
from hub.inbox.model import Message
from hub.inbox.read import Utterance, read_conversation
from hub.inbox.store import conversations
from hub.outbox import decide
from hub.outbox.model import State
from hub.testing.fake import US, FakeConnector, FakeNetwork
from tests.desk import Desk


def does(desk: Desk, name: str, *, key: str = "once", message: Message | None = None, text: str = "") -> int:
    message_id = (message or desk.conversation()[0]).id
    return queue_deed(desk.hub, Deed(message_id=message_id, name=name, agent_id=desk.agent, client_key=key, text=text))


def shown(desk: Desk, number: int = 0) -> Utterance:
    """A message as the page of its conversation shows it."""
    with desk.hub.database.reading() as session:
        conversation = conversations.conversation(session, desk.lines()[0].conversation.id)
        return read_conversation(desk.hub, session, conversation).utterances[number]


def names(desk: Desk) -> list[str]:
    return [offer.name for offer in shown(desk).offers]


def like_button(desk: Desk) -> Offer:
    return next(offer for offer in shown(desk).offers if offer.label == "like")


def answered(desk: Desk, fake: FakeNetwork, text: str = "Ten weeks is normal.") -> Message:
    """A reply of ours that has arrived and that the network has told back."""
    fake.says("Is that normal?")
    desk.pulls()
    desk.answers(text)
    desk.waits(11)
    desk.pulls()
    return desk.conversation()[-1]


def settle(desk: Desk) -> None:
    """The engine does what is due and the inbox follows."""
    desk.works()
    follow_outbox(desk.hub)


def test_a_held_comment_is_approved_at_the_network(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("first time here", id="c1", moderation=Moderation.HELD)
    desk.pulls()
    outbox_id = does(desk, "approve")
    desk.works()
    assert fake.deeds == [("approve", "c1")]
    assert desk.item(outbox_id).state is State.SENT


@pytest.mark.parametrize(
    ("moderation", "expected"),
    [
        (None, ["like"]),
        (Moderation.HELD, ["approve", "spam", "trash", "like"]),
        (Moderation.APPROVED, ["hold", "spam", "trash", "like"]),
        (Moderation.SPAM, ["approve", "trash", "like"]),
        (Moderation.TRASH, ["restore", "like"]),
    ],
)
def test_what_is_offered_follows_the_moderation(
    desk: Desk, fake: FakeNetwork, moderation: Moderation | None, expected: list[str]
) -> None:
    fake.says("hello", moderation=moderation)
    desk.pulls()
    assert names(desk) == expected


def test_what_is_not_offered_is_refused(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello", moderation=Moderation.APPROVED)
    desk.pulls()
    for name in ("approve", "delete", "edit", "explode"):
        with pytest.raises(Invalid, match="not_a_choice"):
            does(desk, name, key=name)


@pytest.mark.parametrize("second", ["press", "another press"])
def test_a_button_pressed_twice_is_done_once(desk: Desk, fake: FakeNetwork, second: str) -> None:
    fake.says("hello")
    desk.pulls()
    assert does(desk, "like", key="press") == does(desk, "like", key=second)
    desk.works()
    assert fake.deeds == [("like", "m1")]


def test_a_like_is_on_at_once_busy_until_the_network_has_it_and_can_be_taken_back(
    desk: Desk, fake: FakeNetwork
) -> None:
    fake.says("hello")
    desk.pulls()
    assert like_button(desk) == Offer(name="like", is_pressed=False)
    does(desk, "like", key="on")
    assert like_button(desk) == Offer(name="unlike", is_pressed=True, is_busy=True)
    settle(desk)
    assert like_button(desk) == Offer(name="unlike", is_pressed=True)
    assert desk.conversation()[0].done == ("like",)
    does(desk, "unlike", key="off")
    settle(desk)
    assert like_button(desk) == Offer(name="like", is_pressed=False)
    assert desk.conversation()[0].done == ()
    assert fake.deeds == [("like", "m1"), ("unlike", "m1")]


def test_what_was_liked_in_the_networks_own_app_is_on(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello", id="x")
    desk.pulls()
    fake.says("hello", id="x", done=("like",))
    desk.pulls()
    assert like_button(desk).is_pressed


@pytest.mark.parametrize("by_us", [True, False])
def test_what_was_taken_back_in_the_networks_own_app_is_off_whoever_had_put_it_there(
    desk: Desk, fake: FakeNetwork, by_us: bool
) -> None:
    fake.says("hello", id="x", done=() if by_us else ("like",))
    desk.pulls()
    if by_us:
        does(desk, "like")
        settle(desk)
        desk.waits(180)
    assert like_button(desk).is_pressed
    fake.says("hello", id="x", undone=("like", "bookmark"))
    desk.pulls()
    assert like_button(desk) == Offer(name="like", is_pressed=False)


def test_a_page_from_before_what_was_just_done_takes_nothing_back(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello", id="x")
    desk.pulls()
    does(desk, "like")
    settle(desk)
    fake.says("hello", id="x", undone=("like",))
    desk.pulls()
    assert desk.conversation()[0].done == ("like",)
    assert like_button(desk).is_pressed


def test_what_a_message_does_not_take_is_not_offered(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello", reply=ReplyRules(impossible=("like", "unlike")))
    desk.pulls()
    assert names(desk) == []
    with pytest.raises(Invalid):
        does(desk, "like")


def test_an_older_page_does_not_take_back_what_was_done_since(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello", id="x")
    desk.pulls()
    does(desk, "like")
    settle(desk)
    fake.says("hello", id="x")
    desk.pulls()
    assert like_button(desk).is_pressed


def test_what_failed_is_off_and_says_why_until_it_is_given_up(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello").fails("refuse")
    desk.pulls()
    outbox_id = does(desk, "like")
    settle(desk)
    assert not like_button(desk).is_pressed
    (failed,) = shown(desk).acts
    assert failed.state is State.FAILED
    assert failed.trouble is not None
    decide.cancel(desk.hub, outbox_id)
    assert not shown(desk).acts


def test_a_network_that_can_only_like_offers_no_way_back(desk: Desk, fake: FakeNetwork) -> None:
    only_like = Features(send=True, threads=True, actions=frozenset({"like"}))
    desk.hub.plugins.connectors["fake"] = fake.connector_class(features=only_like)
    fake.says("hello")
    desk.pulls()
    does(desk, "like")
    settle(desk)
    assert like_button(desk) == Offer(name="like", is_pressed=True)


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
    settle(desk)
    assert desk.texts() == ["hello"]
    assert desk.lines(only_open=True)


# Our own replies.


def test_our_own_reply_can_be_changed_and_reads_anew_when_the_network_has_it(desk: Desk, fake: FakeNetwork) -> None:
    ours = answered(desk, fake)
    assert [offer.name for offer in shown(desk, 1).offers] == ["edit", "delete"]
    does(desk, "edit", message=ours, text="Eight weeks is normal.")
    assert desk.conversation()[-1].text == "Ten weeks is normal."
    settle(desk)
    assert fake.changed == {ours.remote_id: "Eight weeks is normal."}
    assert desk.conversation()[-1].text == "Eight weeks is normal."


def test_a_change_that_is_told_back_changes_nothing_more(desk: Desk, fake: FakeNetwork) -> None:
    ours = answered(desk, fake)
    does(desk, "edit", message=ours, text="Eight weeks is normal.")
    settle(desk)
    fake.says("Eight weeks is normal.", id=ours.remote_id, by=US, parent="m1", revision="2", edited_at=fake.clock())
    desk.pulls()
    assert desk.texts() == ["Is that normal?", "Eight weeks is normal."]
    assert desk.conversation()[-1].edited_at is not None


@pytest.mark.parametrize("tells_times", [True, False], ids=["tells times", "tells no times"])
def test_what_the_network_had_before_our_change_does_not_take_its_place(
    desk: Desk, fake: FakeNetwork, tells_times: bool
) -> None:
    ours = answered(desk, fake)
    said = {"id": ours.remote_id, "by": US, "parent": "m1"}
    fake.clock.tick(300)  # type: ignore[attr-defined]
    before = fake.clock() if tells_times else None
    fake.says("Nine weeks is normal.", **said, revision="2", edited_at=before)
    desk.pulls()
    fake.clock.tick(300)  # type: ignore[attr-defined]
    does(desk, "edit", message=ours, text="Eight weeks is normal.")
    settle(desk)
    changed = fake.clock() if tells_times else None
    fake.says("Eight weeks is normal.", **said, revision="3", edited_at=changed)
    desk.pulls()
    fake.says("Nine weeks is normal.", **said, revision="2", edited_at=before)
    fake.says("Ten weeks is normal.", **said, revision="1")
    desk.pulls()
    assert desk.conversation()[-1].text == "Eight weeks is normal."
    fake.clock.tick(3600)  # type: ignore[attr-defined]
    changed = fake.clock() if tells_times else None
    fake.says("Nine weeks is normal.", **said, revision="2" if before is None else "4", edited_at=changed)
    desk.pulls()
    assert desk.conversation()[-1].text == "Nine weeks is normal.", "changed back in the network's own app"


def test_a_change_the_network_had_before_our_own_and_tells_after_it_does_not_take_its_place(
    desk: Desk, fake: FakeNetwork
) -> None:
    """It was made in the network's own app, and is told first when ours is done."""
    ours = answered(desk, fake)
    fake.clock.tick(300)  # type: ignore[attr-defined]
    before = fake.clock()
    fake.clock.tick(300)  # type: ignore[attr-defined]
    does(desk, "edit", message=ours, text="Eight weeks is normal.")
    settle(desk)
    fake.says("Nine weeks is normal.", id=ours.remote_id, by=US, parent="m1", revision="2", edited_at=before)
    desk.pulls()
    assert desk.conversation()[-1].text == "Eight weeks is normal."


def test_what_the_network_told_of_our_change_stays_as_it_told_it(desk: Desk, fake: FakeNetwork) -> None:
    """It was pulled before the inbox came to write down that the change was made."""
    ours = answered(desk, fake)
    fake.clock.tick(300)  # type: ignore[attr-defined]
    does(desk, "edit", message=ours, text="Eight weeks is normal.")
    desk.waits(11)
    fake.says(
        "Eight weeks is normal.",
        html="<p>Eight weeks is <b>normal</b>.</p>",
        id=ours.remote_id,
        by=US,
        parent="m1",
        revision="2",
        edited_at=fake.clock(),
    )
    desk.pulls()
    settle(desk)
    assert "<b>normal</b>" in (desk.conversation()[-1].html or "")


@pytest.mark.parametrize(("text", "reason"), [("  ", "empty"), ("x" * 501, "too_long")])
def test_a_text_the_network_would_not_take_is_refused_before_it_leaves(
    desk: Desk, fake: FakeNetwork, text: str, reason: str
) -> None:
    ours = answered(desk, fake)
    with pytest.raises(Invalid, match=reason):
        does(desk, "edit", message=ours, text=text)


def test_our_own_reply_is_deleted_at_the_network_and_then_here(desk: Desk, fake: FakeNetwork) -> None:
    ours = answered(desk, fake)
    does(desk, "delete", message=ours)
    assert desk.conversation()[-1].deleted_at is None
    settle(desk)
    assert fake.deeds == [("delete", ours.remote_id)]
    assert desk.conversation()[-1].deleted_at is not None
    assert shown(desk, 1).offers == ()
    assert desk.lines(only_open=True), "the question is open again"


def test_a_deletion_that_failed_leaves_the_reply_as_it_is(desk: Desk, fake: FakeNetwork) -> None:
    ours = answered(desk, fake)
    fake.fails("refuse")
    does(desk, "delete", message=ours)
    settle(desk)
    assert desk.conversation()[-1].deleted_at is None
    assert [act.name for act in shown(desk, 1).acts] == ["delete"]


def test_a_reply_in_several_posts_is_deleted_as_a_whole_from_its_end_and_cannot_be_changed(
    desk: Desk, fake: FakeNetwork
) -> None:
    ours = answered(desk, fake, "one\n---\ntwo\n---\nthree")
    assert [offer.name for offer in shown(desk, 1).offers] == ["delete"]
    with pytest.raises(Conflict, match="several posts"):
        does(desk, "edit", message=ours, text="one")
    does(desk, "delete", message=ours, key="gone")
    settle(desk)
    settle(desk)
    settle(desk)
    assert fake.deeds == [("delete", "a3"), ("delete", "a2"), ("delete", "a1")]
    assert desk.conversation()[-1].deleted_at is not None


def test_a_change_names_those_whom_the_reply_named(desk: Desk, fake: FakeNetwork, told: list[Action]) -> None:
    ours = answered(desk, fake)
    does(desk, "edit", message=ours, text="Eight weeks.")
    settle(desk)
    (action,) = told
    assert (action.text, action.target.is_ours, action.target.author.id) == ("Eight weeks.", True, "us")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Action]:
    """Every action the connector was asked for."""
    asked: list[Action] = []
    act: Callable[[FakeConnector, Action], None] = FakeConnector.act

    def listening(connector: FakeConnector, action: Action) -> None:
        asked.append(action)
        act(connector, action)

    monkeypatch.setattr(FakeConnector, "act", listening)
    return asked
