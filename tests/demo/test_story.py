"""What a visitor finds: the demo company's three weeks, told once, on both engines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.connector import Kind, Visibility
from hub.demo.company import invitations
from hub.demo.plot import Answered, cues
from hub.demo.story import STORY
from hub.inbox.model import ConversationState, Direction, Origin
from hub.inbox.pictures import fetch
from hub.inbox.read import Utterance
from hub.outbox.model import State
from hub.people import agents, links, teams
from hub.people.model import OPERATOR, Role
from hub.testing.clock import START
from tests.demo.telling import Demo
from tests.postgres import PostgresServer

CUSTOMERS = {"Lena Brandt", "Milan Petrović", "Tom O'Hara", "Joanna Wójcik", "Дарья Кузнецова"}


ANSWERS = sum(isinstance(cue.beat, Answered) for cue in cues(STORY))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Told once for all tests that only look."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    if request.param == "sqlite":
        yield Demo.at(folder).tell()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create(request.getfixturevalue("postgres_template"))
    yield Demo.at(folder, url).tell()
    server.drop(url)


def utterances(demo: Demo) -> list[Utterance]:
    return [each for reading in demo.readings() for each in reading.utterances if not each.is_context]


def test_the_inbox_shows_open_and_answered_and_old_conversations_of_three_weeks(demo: Demo) -> None:
    lines = demo.lines()
    states = Counter(line.conversation.state for line in lines)
    assert states[ConversationState.OPEN] >= 10
    assert states[ConversationState.WAITING] >= 8
    assert states[ConversationState.RESOLVED] >= 10
    ages = [START - line.conversation.last_at for line in lines]
    assert timedelta(0) < min(ages) < timedelta(hours=1)
    assert timedelta(days=14) < max(ages) < timedelta(days=21)


def test_some_are_unread_and_some_were_read_and_left_for_later(demo: Demo) -> None:
    unread = [line.conversation.unread for line in demo.lines() if line.conversation.state is ConversationState.OPEN]
    assert 0 in unread
    assert sum(map(bool, unread)) >= 8


def test_its_people_write_in_five_languages_publicly_and_directly(demo: Demo) -> None:
    lines = demo.lines()
    assert {line.conversation.language for line in lines} == {"de", "en", "sr", "pl", "ru"}
    assert {line.conversation.kind for line in lines} == {Kind.MENTION, Kind.REPLY, Kind.DIRECT}
    assert {line.conversation.visibility for line in lines} == set(Visibility)
    assert {line.name for line in lines} == CUSTOMERS


def test_there_are_warnings_pictures_edits_and_deletions(demo: Demo) -> None:
    messages = [each.message for each in utterances(demo)]
    assert any(message.content_warning for message in messages)
    assert any(message.edited_at for message in messages)
    assert any(message.deleted_at for message in messages)
    assert all(picture.alt for message in messages for picture in message.attachments)


def test_every_picture_can_be_shown(demo: Demo) -> None:
    pictures = [picture.url for each in utterances(demo) for picture in each.message.attachments]
    with demo.hub() as hub, demo.network() as network:
        shown = [fetch(hub, url).media_type for url in {*pictures, *network.pictures()}]
    assert pictures
    assert len(shown) == 3


def test_every_answer_arrived_once_except_one_refused_and_one_nobody_knows_of(demo: Demo) -> None:
    deliveries = [each.delivery for each in utterances(demo) if each.delivery]
    states = Counter(delivery.state for delivery in deliveries)
    assert states == {State.SENT: len(deliveries) - 2, State.FAILED: 1, State.UNKNOWN: 1}
    with demo.network() as network:
        arrived = [arrival.text for arrival in network.arrivals()]
    assert sorted(arrived) == sorted(d.request.text for d in deliveries if d.state is State.SENT)


def test_the_answer_that_failed_says_why(demo: Demo) -> None:
    failed = next(each.delivery for each in utterances(demo) if each.delivery and each.delivery.state is State.FAILED)
    assert failed.trouble is not None
    assert (failed.trouble.code, failed.trouble.reason) == ("rejected", "closed")


def test_several_people_talk_under_one_post_of_ours(demo: Demo) -> None:
    under = [reading for reading in demo.readings() if reading.post and "Mira from the lab opened" in reading.post.text]
    assert len({reading.identity.name for reading in under}) == 4
    assert any(each.is_context for reading in under for each in reading.utterances)


def test_answers_of_before_the_hub_were_written_on_the_network_itself(demo: Demo) -> None:
    answers = [each.message for each in utterances(demo) if each.message.direction is Direction.OUT]
    assert {message.origin for message in answers} == {Origin.HUB, Origin.NATIVE}


def test_no_link_leads_nowhere(demo: Demo) -> None:
    """The sandbox has no web pages."""
    assert not any(each.message.permalink for each in utterances(demo))
    assert not any(reading.post.link for reading in demo.readings() if reading.post)


def test_the_company_is_there_and_nobody_has_a_password_yet(demo: Demo) -> None:
    with demo.hub() as hub:
        people = agents.listed(hub, OPERATOR)
        assert {team.name for team in teams.listed(hub, OPERATOR)} == {
            "Care DACH",
            "Care Balkans",
            "Partner · Helpline 24",
        }
    assert {(agent.name, agent.role) for agent in people} == {
        ("Admin", Role.ADMIN),
        ("Ana Kovač", Role.AGENT),
        ("Jonas Weber", Role.AGENT),
        ("Mira Lindqvist", Role.WRITER),
        ("Petra Novak", Role.SUPERVISOR),
    }
    assert not any(agent.has_password for agent in people)


def test_visitors_are_invited_until_they_have_come_in(tmp_path: Path) -> None:
    with Demo.at(tmp_path / "demo").tell().hub() as hub:
        first = invitations(hub)
        assert set(first) == {"Admin", "Ana Kovač"}
        links.redeem(hub, first["Ana Kovač"].rpartition("/")[2], password="nine old kettles", user_agent="")
        assert set(invitations(hub)) == {"Admin"}


def test_told_again_it_adds_nothing(demo: Demo) -> None:
    before = demo.told()
    assert demo.tell().told() == before


def test_what_a_visitor_changed_stays_changed(tmp_path: Path) -> None:
    demo = Demo.at(tmp_path / "demo").tell()
    with demo.hub() as hub:
        partner = next(team for team in teams.listed(hub, OPERATOR) if team.name.startswith("Partner"))
        teams.rename(hub, OPERATOR, partner.id, "Night shift")
    demo.tell()
    with demo.hub() as hub:
        assert {team.name for team in teams.listed(hub, OPERATOR)} == {"Care DACH", "Care Balkans", "Night shift"}


@pytest.mark.parametrize(
    "point",
    [
        "pull.fetched",
        "pull.stored:2",
        "pull.stored:20",
        "reply.stored:3",
        "send.claimed:2",
        "send.begun:5",
        "send.answered:7",
        "send.settled:4",
        f"reply.stored:{ANSWERS}",
        f"send.begun:{ANSWERS}",
    ],
)
def test_a_start_that_was_cut_off_is_gone_on_with(tmp_path: Path, point: str, whole: set[tuple[str, ...]]) -> None:
    cut = Demo.at(tmp_path / "cut")
    assert cut.tell_until(point) == 137
    assert cut.tell().told() == whole


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, ...]]:
    return Demo.at(tmp_path_factory.mktemp("whole") / "data").tell().told()
