"""Who may know of an event: the team of its conversation, wherever the channel went since."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import pytest

from hub.channels import store as channels
from hub.channels.connect import change_channel
from hub.connector import Author
from hub.errors import AuthExpired
from hub.events import ChannelChanged, ConversationRead, Event, MessageReceived, NoteWritten
from hub.inbox.event_rights import event_rights
from hub.inbox.note import NoteDraft, write_note
from hub.kernel import log
from hub.people import teams
from hub.people.model import OPERATOR, Actor, Role
from hub.testing.clock import START
from hub.testing.fake import FakeNetwork
from tests.desk import Desk

MILAN = Author(id="milan", handle="@milan", name="Milan")


def member(*team_ids: int, role: Role = Role.AGENT) -> Actor:
    return Actor(agent_id=1, name="Ann", role=role, team_ids=frozenset(team_ids))


def moves(desk: Desk, name: str = "Care Balkans") -> int:
    """The channel goes to a new team."""
    team = teams.create(desk.hub, OPERATOR, name)
    values = {"token": "s3cret"}
    change_channel(desk.hub, desk.connectors, desk.channel_id, name="@brightwater", team_id=team.id, values=values)
    return team.id


def begin(desk: Desk) -> str:
    with desk.hub.database.reading() as session:
        return log.newest(session)


def heard(desk: Desk, after: str, actor: Actor) -> list[str]:
    with desk.hub.database.reading() as session:
        found = log.read(session, after)
        may_see = event_rights(session, found)
    return [logged.kind for logged in found if may_see(actor, logged)]


def those_who_hear(desk: Desk, event: Event, team_ids: Collection[int]) -> list[int]:
    found = [log.Logged(position="0.1", kind="any", at=START, event=event)]
    with desk.hub.database.reading() as session:
        may_see = event_rights(session, found)
    return [team_id for team_id in team_ids if may_see(member(team_id), found[0])]


def test_a_conversation_is_its_teams_and_everything_is_an_admins(desk: Desk, fake: FakeNetwork) -> None:
    after = begin(desk)
    fake.says("Where is it?")
    desk.pulls()
    assert heard(desk, after, member(desk.team)) == ["message_received"]
    assert heard(desk, after, member(role=Role.ADMIN)) == ["message_received"]
    assert heard(desk, after, member(desk.team + 1)) == heard(desk, after, member()) == []


def test_what_happens_in_a_conversation_stays_its_teams_when_the_channel_goes_to_another(
    desk: Desk, fake: FakeNetwork
) -> None:
    fake.says("Where is it?", id="a")
    desk.pulls()
    old, new = member(desk.team), member(moves(desk))
    after = begin(desk)
    fake.says("Still nothing", id="b", parent="a")
    desk.pulls()
    conversation_id = desk.lines()[0].conversation.id
    write_note(
        desk.hub,
        NoteDraft(conversation_id=conversation_id, agent_id=desk.agent, text="Call her.", client_key="k"),
    )
    desk.answers("It is on its way")
    desk.waits(60)
    kinds = ["message_received", "note_written", "reply_queued", "reply_moved", "reply_settled"]
    assert heard(desk, after, old) == kinds
    assert heard(desk, after, new) == []


def test_a_conversation_that_begins_after_the_channel_moved_is_the_new_teams(desk: Desk, fake: FakeNetwork) -> None:
    old, new = member(desk.team), member(moves(desk))
    after = begin(desk)
    fake.says("Good morning", by=MILAN)
    desk.pulls()
    assert (heard(desk, after, old), heard(desk, after, new)) == ([], ["message_received"])


def test_what_happens_to_a_channel_is_told_to_those_who_have_it_now_and_to_those_who_had_it(desk: Desk) -> None:
    after = begin(desk)
    old, new = member(desk.team), member(moves(desk))
    assert heard(desk, after, old) == heard(desk, after, new) == ["channel_changed"]
    after = begin(desk)
    desk.fake.fails_to_pull(AuthExpired("signed_out"))
    with pytest.raises(AuthExpired):
        desk.pulls()
    assert heard(desk, after, old) == heard(desk, after, new) == ["channel_changed"]
    assert heard(desk, after, member(desk.team + 77)) == []


def test_a_channel_that_comes_back_to_its_team_is_still_told_to_the_other_one(desk: Desk) -> None:
    other = moves(desk)
    values = {"token": "s3cret"}
    change_channel(desk.hub, desk.connectors, desk.channel_id, name="@brightwater", team_id=desk.team, values=values)
    with desk.hub.database.reading() as session:
        assert channels.teams_of(session, [desk.channel_id]) == {desk.channel_id: {desk.team, other}}


def test_a_channel_that_is_removed_is_told_to_those_who_had_it(desk: Desk) -> None:
    with desk.hub.database.transaction() as session:
        channels.remove(session, desk.channel_id)
    removed = ChannelChanged(channel_id=desk.channel_id, state="removed")
    assert those_who_hear(desk, removed, (desk.team, desk.team + 1)) == [desk.team]


def test_what_happened_in_a_conversation_that_went_into_another_is_that_ones_teams(
    desk: Desk, fake: FakeNetwork
) -> None:
    fake.says("leaf", id="c", parent="b")
    desk.pulls()
    new = moves(desk)
    fake.says("root", id="a", at=desk.hub.clock() - timedelta(hours=1))
    desk.pulls()
    apart = [line.conversation for line in desk.lines()]
    assert {each.team_id for each in apart} == {desk.team, new}
    fake.says("between", id="b", parent="a", by=MILAN)
    desk.pulls()
    [kept] = [line.conversation for line in desk.lines() if line.name != "Milan"]
    for each in apart:
        event = ConversationRead(channel_id=desk.channel_id, conversation_id=each.id)
        assert those_who_hear(desk, event, (desk.team, new)) == [kept.team_id]


@pytest.mark.parametrize(
    "event",
    [
        MessageReceived(message_id=1, direction="in"),
        ChannelChanged(channel_id=77, state="active"),
        NoteWritten(channel_id=1, conversation_id=77, message_id=1),
    ],
)
def test_what_belongs_to_nothing_that_is_there_is_told_to_nobody(desk: Desk, event: Event) -> None:
    found = [log.Logged(position="0.1", kind="any", at=START, event=event)]
    with desk.hub.database.reading() as session:
        assert not event_rights(session, found)(member(desk.team, role=Role.ADMIN), found[0])
