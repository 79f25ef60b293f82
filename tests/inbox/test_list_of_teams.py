"""The list of somebody who is in several teams is one list, and its pages leave nobody out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from hub.connector import Author
from hub.inbox.model import Line
from hub.inbox.store import conversations
from hub.inbox.store.conversations import Mark
from hub.kernel.database import Session
from hub.testing.fake import FakeNetwork
from tests.desk import Desk

_TEAM = "INSERT INTO teams (name, created_at) VALUES (:name, :now) RETURNING id"
_MOVE = "UPDATE conversations SET team_id = :team_id WHERE id = :id"
_ANSWERED = "UPDATE conversations SET state = 'waiting' WHERE id = :id"


@contextmanager
def nine_conversations_of_three_teams(desk: Desk, fake: FakeNetwork) -> Iterator[tuple[Session, list[int]]]:
    """Two of a time, so that the order needs the id; every third is answered. Yields the teams' ids, too."""
    for number in range(9):
        at = desk.hub.clock() - timedelta(minutes=number // 2)
        fake.says(f"question {number}", by=Author(id=f"a{number}", handle=f"@a{number}", name=f"A{number}"), at=at)
    desk.pulls()
    with desk.hub.database.transaction() as session:
        teams = [desk.team, *(session.insert(_TEAM, name=name, now=desk.hub.clock()) for name in ("North", "South"))]
        for number, line in enumerate(conversations.lines(session, teams=None)):
            session.run(_MOVE, id=line.conversation.id, team_id=teams[number % 3])
            if number % 3 == 2:
                session.run(_ANSWERED, id=line.conversation.id)
        yield session, teams


def names(lines: list[Line]) -> list[str]:
    return [line.name for line in lines]


def test_the_list_of_all_my_teams_is_the_list_of_everything(desk: Desk, fake: FakeNetwork) -> None:
    with nine_conversations_of_three_teams(desk, fake) as (session, teams):
        everything = names(conversations.lines(session, teams=None))
        assert len(everything) == 9
        assert names(conversations.lines(session, teams=teams)) == everything


def test_what_belongs_to_another_team_is_left_out(desk: Desk, fake: FakeNetwork) -> None:
    with nine_conversations_of_three_teams(desk, fake) as (session, teams):
        mine = conversations.lines(session, teams=teams[:2])
        assert {line.conversation.team_id for line in mine} == set(teams[:2])
        assert len(mine) == 6
        assert conversations.lines(session, teams=[]) == []


def test_only_what_is_open_is_listed_when_asked(desk: Desk, fake: FakeNetwork) -> None:
    with nine_conversations_of_three_teams(desk, fake) as (session, teams):
        for asked in (teams[1:], [teams[2]]):
            assert {line.conversation.state for line in conversations.lines(session, teams=asked, only_open=True)} <= {
                "open"
            }
        assert len(conversations.lines(session, teams=teams, only_open=True)) == 6


def test_pages_of_several_teams_follow_each_other_without_a_gap(desk: Desk, fake: FakeNetwork) -> None:
    with nine_conversations_of_three_teams(desk, fake) as (session, teams):
        seen: list[Line] = []
        while page := conversations.lines(session, teams=teams, after=_end(seen), limit=2):
            seen += page
        assert names(seen) == names(conversations.lines(session, teams=None))


def _end(seen: list[Line]) -> Mark | None:
    return Mark(last_at=seen[-1].conversation.last_at, id=seen[-1].conversation.id) if seen else None
