"""What becomes of single things a network tells, on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.channels import store as channels
from hub.connector import Author, DeletedBy, Incoming, Moderation, Page, Trust, Visibility
from hub.customers import store as customers
from hub.errors import Conflict, StorageFull, Unavailable
from hub.inbox.ingest import store_page
from hub.inbox.model import ConversationState, Direction, Origin
from hub.inbox.pull import claim_due, pull_leased
from hub.inbox.store import conversations, messages
from hub.kernel import log
from hub.kernel.crash import pass_by
from hub.outbox import decide
from hub.outbox.model import State
from hub.testing.fake import LENA, MILAN, US, Crash, FakeNetwork
from tests.desk import Desk


def crash_at(desk: Desk, wanted: str) -> None:
    def reach(point: str) -> None:
        if point == wanted:
            desk.hub.reach = pass_by
            raise Crash(point)

    desk.hub.reach = reach


def told(desk: Desk, *incoming: Incoming, pull: int = 1, history: bool = False) -> None:
    """Give ingest these messages as one page."""
    with desk.hub.database.transaction() as session:
        page = Page(cursor="1", messages=incoming, history=history)
        store_page(session, desk.channel, page, pull=pull, now=desk.hub.clock())


def said(desk: Desk, fake: FakeNetwork) -> Incoming:
    """The newest thing somebody said, as the network tells it."""
    newest = fake.feed[-1]
    assert isinstance(newest, Incoming)
    return newest


def dead_letters(desk: Desk) -> list[str]:
    with desk.hub.database.reading() as session:
        return [letter.reason for letter in channels.letters(session, desk.channel_id)]


def test_a_page_that_comes_twice_changes_nothing(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello", id="a").says("again", id="b", parent="a")
    desk.pulls()
    fake.feed.extend(fake.feed[:2])
    assert desk.pulls().new == 0
    assert desk.texts() == ["hello", "again"]


def test_a_page_may_tell_one_message_twice_and_edited(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("helo", id="a").says("helo", id="a").says("hello", id="a", revision="2").deletes("a")
    assert desk.pulls().new == 1
    assert desk.conversation()[0].text == "hello"
    assert desk.conversation()[0].deleted_at is not None


@pytest.mark.parametrize("bad", ["", "x" * 2001, "nul\0", "lone\ud800"])
def test_an_item_without_a_usable_id_goes_to_the_dead_letters_and_the_rest_goes_on(
    desk: Desk, fake: FakeNetwork, bad: str
) -> None:
    fake.says("hello", id="a")
    good = said(desk, fake)
    told(desk, replace(good, remote_id=bad, raw={"says": "\0\ud800"}), good)
    assert desk.texts() == ["hello"]
    assert dead_letters(desk) == ["no_id" if not bad else "wrong_id"]


def test_what_a_connector_could_not_read_is_kept_for_a_person(desk: Desk, fake: FakeNetwork) -> None:
    fake.sends_garbage('{"half": "\0\ud800').says("hello")
    assert desk.pulls().buried == 1
    assert (dead_letters(desk), desk.texts()) == (["not_readable"], ["hello"])


def test_texts_that_no_engine_can_hold_are_stored_with_marks_in_their_place(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("ok", id="a")
    odd = "a\0b\ud800c"
    told(
        desk,
        replace(
            said(desk, fake), text=odd, html=f"<p>{odd}</p>", revision=odd, content_warning=odd, raw={"x": odd},
            language=odd, parent_id=odd, author=Author(id="lena", name=odd, handle=odd),
        ),
    )  # fmt: skip
    assert desk.conversation()[0].text == "a\ufffdb\ufffdc"
    assert desk.conversation()[0].parent_remote_id is None


def test_a_huge_original_is_not_kept_and_a_huge_text_is_cut(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("x" * 300_000, id="a")
    told(desk, replace(said(desk, fake), raw={"all": "y" * 300_000}))
    stored = desk.conversation()[0]
    assert len(stored.text) == 100_000
    with desk.hub.database.reading() as session:
        assert messages.told_of(session, stored.id)[0] == {}


def test_a_deletion_before_its_message_is_remembered(desk: Desk, fake: FakeNetwork) -> None:
    fake.deletes("a", by=DeletedBy.MODERATION)
    desk.pulls()
    fake.says("rude", id="a")
    desk.pulls()
    assert desk.conversation()[0].deleted_at is not None
    line = desk.lines()[0].conversation
    assert (line.state, line.snippet, line.unread) == (ConversationState.RESOLVED, "", 0)


def test_what_was_only_unavailable_comes_back_with_a_later_pull(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello", id="a").deletes("a", by=DeletedBy.UNAVAILABLE)
    desk.pulls()
    assert desk.conversation()[0].deleted_at is not None
    fake.says("hello", id="a")
    desk.pulls()
    assert desk.conversation()[0].deleted_at is None
    fake.deletes("a", by=DeletedBy.AUTHOR).says("hello", id="a")
    desk.pulls()
    desk.pulls()
    assert desk.conversation()[0].deleted_at is not None


@pytest.mark.parametrize("why", [DeletedBy.BLOCKED, DeletedBy.ACCOUNT])
def test_what_a_block_or_a_suspended_account_hid_comes_back_and_a_deletion_meanwhile_is_for_good(
    desk: Desk, fake: FakeNetwork, why: DeletedBy
) -> None:
    fake.says("hello", id="a").deletes("a", by=DeletedBy.UNAVAILABLE).deletes("a", by=why)
    desk.pulls()
    assert desk.conversation()[0].deleted_by is why
    with pytest.raises(Conflict) as refused:
        desk.answers("hello!")
    assert refused.value.params["reason"] == {"blocked": "blocked_by_author", "account": "author_away"}[why]
    fake.says("hello", id="a")
    desk.pulls()
    assert desk.conversation()[0].deleted_by is None
    fake.deletes("a", by=why).deletes("a")
    desk.pulls()
    fake.says("hello", id="a")
    desk.pulls()
    assert desk.conversation()[0].deleted_by is DeletedBy.AUTHOR


def test_a_late_parent_joins_threads_and_conversations_and_the_old_address_leads_on(
    desk: Desk, fake: FakeNetwork
) -> None:
    fake.says("root", id="a").says("leaf", id="c", parent="b")
    desk.pulls()
    before = {line.conversation.id for line in desk.lines()}
    assert len(before) == 2
    fake.says("between", id="b", parent="a", by=MILAN)
    desk.pulls()
    lenas = [line.conversation for line in desk.lines() if line.name == "Lena Brandt"]
    assert len(lenas) == 1 and lenas[0].unread == 2
    with desk.hub.database.reading() as session:
        assert {conversations.conversation(session, each).id for each in before} == {lenas[0].id}


def test_what_nobody_has_read_stays_unread_when_conversations_become_one(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("root", id="a")
    desk.pulls()
    desk.hub.clock.tick(5)  # type: ignore[attr-defined]
    with desk.hub.database.transaction() as session:
        conversations.mark_read(session, desk.lines()[0].conversation.id, now=desk.hub.clock())
    fake.says("leaf", id="c", parent="b")
    desk.pulls()
    fake.says("between", id="b", parent="a", by=MILAN)
    desk.pulls()
    assert {line.name: line.conversation.unread for line in desk.lines()}["Lena Brandt"] >= 1


def test_a_reply_queued_in_a_conversation_moves_with_it(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("leaf", id="c", parent="b").says("root", id="a", at=desk.hub.clock() - timedelta(hours=1))
    desk.pulls()
    outbox_id = desk.answers("yes")
    fake.says("between", id="b", parent="a", by=MILAN)
    desk.pulls()
    moved = desk.item(outbox_id).conversation_id
    with desk.hub.database.reading() as session:
        assert moved is not None and conversations.conversation(session, moved).id == moved


def test_what_was_seen_as_context_first_is_received_when_it_turns_out_to_be_for_us(
    desk: Desk, fake: FakeNetwork
) -> None:
    fake.says("by the way", id="a", addressed=False)
    desk.pulls()
    assert desk.lines() == []
    fake.says("by the way", id="a")
    assert desk.pulls().new == 1
    assert [line.conversation.unread for line in desk.lines()] == [1]


def test_our_own_answer_in_the_networks_app_that_comes_first_joins_what_it_answers(
    desk: Desk, fake: FakeNetwork
) -> None:
    fake.says("we are on it", id="o1", by=US, parent="q", at=desk.hub.clock() - timedelta(seconds=5))
    fake.says("and done", id="o2", by=US, parent="o1", at=desk.hub.clock() - timedelta(seconds=4))
    desk.pulls()
    fake.says("help", id="q")
    desk.pulls()
    assert desk.texts() == ["help", "we are on it", "and done"]
    assert desk.lines()[0].conversation.state is ConversationState.WAITING


def test_an_echo_is_known_by_the_id_we_reserved(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello", id="q").fails("drop")
    desk.pulls()
    outbox_id = desk.answers("yes")
    desk.waits(11)
    desk.pulls()
    assert desk.item(outbox_id).state is State.SENT
    assert [message.origin for message in desk.conversation()] == [Origin.REMOTE, Origin.HUB]


def test_an_echo_without_our_id_is_known_by_its_text_only_while_nobody_knows_what_became_of_the_reply(
    desk: Desk, fake: FakeNetwork
) -> None:
    fake.keeps_echoes().says("hello", id="q").fails("drop", "refuse")
    desk.pulls()
    open_id = desk.answers("Yes,  of course")
    desk.waits(11)
    fake.says("yes, of course", id="e1", by=US, parent="q")
    desk.pulls()
    assert desk.item(open_id).state is State.SENT
    refused_id = desk.answers("never")
    desk.waits(11)
    fake.says("never", id="e2", by=US, parent="q")
    desk.pulls()
    assert desk.item(refused_id).state is State.FAILED


def test_the_same_text_under_another_id_is_not_ours_where_the_network_keeps_our_ids(
    desk: Desk, fake: FakeNetwork
) -> None:
    fake.keeps_echoes().says("hello", id="q").fails("drop")
    desk.pulls()
    outbox_id = desk.answers("yes")
    desk.waits(11)
    fake.says("yes", id="n1", by=US, parent="q", correlation="a rkey of the app")
    desk.pulls()
    assert desk.item(outbox_id).state is State.SENDING


def test_the_echo_of_a_reply_that_was_given_up_brings_it_back(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello", id="q").fails("drop")
    desk.pulls()
    outbox_id = desk.answers("yes")
    desk.waits(11)
    with desk.hub.database.transaction() as session:
        session.run("UPDATE outbox SET state = 'unknown'")
    decide.cancel(desk.hub, outbox_id)
    desk.pulls()
    assert desk.item(outbox_id).state is State.SENT
    assert desk.texts() == ["hello", "yes"]


def test_an_answer_to_our_reply_finds_its_conversation_though_the_echo_never_came(
    desk: Desk, fake: FakeNetwork
) -> None:
    fake.keeps_echoes().says("hello", id="q")
    desk.pulls()
    desk.answers("first part\n---\nsecond part")
    desk.waits(11)
    fake.says("thank you", parent="a1", at=desk.hub.clock()).says("bye", parent="a2", at=desk.hub.clock())
    desk.pulls()
    assert len(desk.lines()) == 1
    assert desk.texts() == ["hello", "first part\n---\nsecond part", "thank you", "bye"]


def test_the_parts_of_a_reply_are_shown_once_though_each_has_its_echo(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello", id="q")
    desk.pulls()
    desk.answers("first\n---\nsecond")
    desk.waits(11)
    desk.pulls()
    assert desk.texts() == ["hello", "first\n---\nsecond"]


def test_a_native_copy_that_came_before_the_proof_becomes_our_message(desk: Desk, fake: FakeNetwork) -> None:
    fake.keeps_echoes().says("hello", id="q").fails("drop")
    desk.pulls()
    outbox_id = desk.answers("yes")
    desk.waits(11)
    late = desk.hub.clock()
    fake.says("yes!", id="a1", by=US, parent="q", at=late).says(
        "yes!!", id="a1", by=US, parent="q", revision="2", at=late, edited_at=late
    )
    desk.pulls()
    with desk.hub.database.transaction() as session:
        session.run("UPDATE outbox SET sending_until_ms = 0")
    desk.resolves()
    desk.pulls()
    assert desk.item(outbox_id).state is State.SENT
    assert desk.texts() == ["hello", "yes!!"]


def test_old_stock_is_stored_and_nobody_is_alarmed(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("long ago", id="a")
    told(desk, said(desk, fake), history=True)
    line = desk.lines()[0].conversation
    assert (line.state, line.unread) == (ConversationState.RESOLVED, 0)
    with desk.hub.database.reading() as session:
        received = [each.event for each in log.read(session, log.START) if each.kind == "message_received"]
    assert [event.history for event in received] == [True]  # type: ignore[attr-defined]


@pytest.mark.parametrize("moderation", [Moderation.SPAM, Moderation.TRASH])
def test_spam_leaves_the_open_list_and_comes_back_when_it_was_none(
    desk: Desk, fake: FakeNetwork, moderation: Moderation
) -> None:
    fake.says("buy", id="a")
    desk.pulls()
    assert len(desk.lines(only_open=True)) == 1
    fake.says("buy", id="a", revision="2", moderation=moderation)
    desk.pulls()
    assert desk.lines(only_open=True) == []
    fake.says("buy", id="a", revision="3", moderation=Moderation.APPROVED)
    desk.pulls()
    assert len(desk.lines(only_open=True)) == 1


def test_of_a_page_whose_cursor_cannot_be_stored_nothing_is(
    desk: Desk, fake: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StorageFull("full")

    fake.says("one").sends_garbage("{")
    with monkeypatch.context() as patched:
        patched.setattr(channels, "note_pull", full)
        with pytest.raises(StorageFull):
            desk.pulls()
    with desk.hub.database.reading() as session:
        assert channels.letters(session, desk.channel_id) == []
        assert not [each for each in log.read(session, log.START) if each.kind == "message_received"]
    assert desk.texts() == []
    desk.pulls()
    assert desk.texts() == ["one"]


@pytest.mark.parametrize("point", ["pull.fetched", "pull.stored"])
def test_a_page_and_its_cursor_are_stored_together(desk: Desk, fake: FakeNetwork, point: str) -> None:
    fake.page_size(1).says("one").says("two")
    crash_at(desk, point)
    with pytest.raises(Crash):
        desk.pulls()
    stored = ["one"] if point == "pull.stored" else []
    assert (desk.texts(), desk.channel.cursor) == (stored, "1" if stored else None)
    desk.pulls()
    assert desk.texts() == ["one", "two"]


def test_a_worker_that_lost_its_claim_writes_nothing(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("hello")
    (old,) = claim_due(desk.hub, "slow")
    (new,) = claim_due(desk.hub, "quick")
    assert pull_leased(desk.hub, desk.connectors, old).new == 0
    assert desk.texts() == []
    assert pull_leased(desk.hub, desk.connectors, new).new == 1


def test_a_worker_that_lost_its_claim_tells_nothing_of_its_failure(desk: Desk, fake: FakeNetwork) -> None:
    (stale,) = claim_due(desk.hub, "slow")
    claim_due(desk.hub, "quick")
    fake.fails_to_pull(Unavailable("unreachable"))
    pull_leased(desk.hub, desk.connectors, stale)
    assert (desk.channel.trouble, desk.channel.failures) == (None, 0)
    assert claim_due(desk.hub, "quick")[0].fence > stale.fence


def test_a_network_that_is_away_is_told_on_the_channel_and_forgotten_when_it_is_back(
    desk: Desk, fake: FakeNetwork
) -> None:
    fake.says("hello").fails_to_pull(Unavailable("unreachable"))
    with pytest.raises(Unavailable):
        desk.pulls()
    assert desk.channel.trouble is not None and desk.channel.failures == 1
    desk.pulls()
    assert desk.channel.trouble is None and desk.texts() == ["hello"]


def test_the_newest_name_of_an_author_is_kept_whatever_comes_first(desk: Desk, fake: FakeNetwork) -> None:
    now = desk.hub.clock()
    new = replace(LENA, name="Lena Vogel")
    fake.says("new", by=new, at=now - timedelta(hours=1)).says("old", by=LENA, at=now - timedelta(hours=2))
    desk.pulls()
    assert {line.name for line in desk.lines()} == {"Lena Vogel"}


def test_a_name_that_was_only_claimed_once_is_not_trusted_again(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("I am Lena", by=replace(LENA, trust=Trust.CLAIMED)).says("I am, too", by=LENA)
    desk.pulls()
    with desk.hub.database.reading() as session:
        identity_id = desk.lines()[0].conversation.identity_id
        assert customers.identity(session, identity_id).trust is Trust.CLAIMED


def test_a_long_conversation_is_read_page_by_page_without_loss(desk: Desk, fake: FakeNetwork) -> None:
    start = desk.hub.clock() - timedelta(days=1)
    for number in (3, 1, 4, 0, 2):
        fake.says(f"m{number}", root="r", at=start + timedelta(minutes=number))
    desk.pulls()
    seen: list[str] = []
    before: int | None = None
    with desk.hub.database.reading() as session:
        conversation_id = desk.lines()[0].conversation.id
        while page := messages.of_conversation(session, conversation_id, before=before, limit=2):
            seen += [message.text for message in page]
            before = page[-1].id
    assert seen == ["m4", "m3", "m2", "m1", "m0"]


def test_a_mark_of_the_list_that_nobody_made_is_no_mark() -> None:
    assert conversations.parse_mark("rubbish") is None
    huge = conversations.parse_mark(f"1.{10**20}")
    assert huge is not None and huge.id < 2**63


def test_a_direct_message_stays_direct_in_the_list(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("psst", visibility=Visibility.DIRECT)
    desk.pulls()
    line = desk.lines()[0].conversation
    assert (line.visibility, line.last_direction) == (Visibility.DIRECT, Direction.IN)
