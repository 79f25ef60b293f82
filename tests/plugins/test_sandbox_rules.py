"""The rules of the sandbox that need no network: who says what when, and how its JSON is read."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from hub_plugins.sandbox import people
from hub_plugins.sandbox.history import STORIES
from hub_plugins.sandbox.lines import ANSWERS, OPENINGS, PEOPLE, THANKS
from hub_plugins.sandbox.mapping import Cursor, incoming, instruction, read_changes, read_cursor
from hub_plugins.sandbox.model import Arrival, Change, Refused, Utterance, Words
from hub_plugins.sandbox.network import LONGEST, graphemes
from hub_plugins.sandbox.serving import item

from hub.connector import Kind, Visibility
from hub.errors import AlreadySent, ConnectorError, Gone, NotFound, Rejected
from hub.testing.clock import START

LANGUAGES = {person.language for person in PEOPLE}


def spoken(text: str = "Does it fit?", **changes: Any) -> Utterance:
    words = Words(text=text, language="en", topic="starter_kit")
    utterance = {"id": "p1", "author": people.known_person("tom"), "account": "@brightwater", "words": words}
    return Utterance(**{**utterance, "created_at": START, **changes})


def served(**changes: Any) -> dict[str, Any]:
    return item(spoken(), lambda id: None) | changes


class TestWhatPeopleSay:
    @pytest.mark.parametrize("language", sorted(LANGUAGES))
    def test_everybody_can_say_something_on_every_topic(self, language: str) -> None:
        assert all(lines[language].detail and lines[language].further for lines in ANSWERS.values())
        assert len(THANKS[language]) == 3

    def test_every_opening_is_about_something_people_can_go_on_about(self) -> None:
        for opening in OPENINGS:
            assert opening.words.topic in ANSWERS
            assert "@{account}" in opening.words.text
            assert opening.person in {person.key for person in PEOPLE}
            assert graphemes(opening.words.text) < LONGEST
            assert all(attachment.alt for attachment in opening.words.attachments)

    @pytest.mark.parametrize(
        ("said", "turn", "answer"),
        [
            ("Inside or outside?", 1, ANSWERS["starter_kit"]["en"].detail),
            ("It fits.", 1, ANSWERS["starter_kit"]["en"].further),
            ("Anything else?", 2, ANSWERS["starter_kit"]["en"].detail),
            ("It is in the box.", 2, THANKS["en"][0]),
            ("You are welcome.", 3, THANKS["en"][1]),
            ("Bye?", 4, THANKS["en"][2]),
            ("Still there?", people.PATIENCE, THANKS["en"][2]),
        ],
    )
    def test_a_question_gets_the_detail_and_an_answer_gets_thanks(self, said: str, turn: int, answer: str) -> None:
        words = people.answer(spoken(), "starter_kit", said, turn)
        assert words is not None
        assert (words.text, words.language) == (answer, "en")

    def test_who_has_no_topic_says_thanks(self) -> None:
        words = people.answer(spoken(), "", "Which order?", 1)
        assert words is not None
        assert words.text == THANKS["en"][0]

    def test_patience_ends(self) -> None:
        assert people.answer(spoken(), "starter_kit", "Still there?", people.PATIENCE + 1) is None

    def test_an_answer_is_as_private_as_the_question(self) -> None:
        asked = spoken(words=Words(text="?", visibility=Visibility.DIRECT))
        words = people.answer(asked, "", "Yes.", 1)
        assert words is not None
        assert words.visibility is Visibility.DIRECT

    @pytest.mark.parametrize(
        ("text", "topic"),
        [
            ("Wie viel Kalk ist zu viel?", "descaler"),
            ("Koliko je tvrda voda?", "hardness"),
            ("Gdzie jest moja paczka?", "delivery"),
            ("Какая резьба у набора?", "starter_kit"),
            ("How long does a C90 last?", "cartridge"),
            ("Good morning!", ""),
        ],
    )
    def test_a_topic_is_known_by_the_stems_of_its_words(self, text: str, topic: str) -> None:
        assert people.topic_of(text) == topic

    def test_the_past_is_told_in_five_languages_and_ends_before_today(self) -> None:
        tellers = {turn.who for story in STORIES for turn in story.turns} - {"brightwater"}
        assert tellers == {person.key for person in PEOPLE}
        for story in STORIES:
            assert sum(turn.minutes for turn in story.turns[1:]) < story.days * 24 * 60
            assert max((*story.deleted, 0)) < len(story.turns)


class TestWhenPeopleSpeak:
    @pytest.mark.parametrize("talk", [1, 20, 3600])
    def test_pauses_spread_around_the_mean(self, talk: float) -> None:
        mean = timedelta(hours=1) / talk
        pauses = [people.pause(started, talk) for started in range(2, 202)]
        assert mean * 0.5 <= min(pauses) < max(pauses) <= mean * 1.5
        assert mean * 0.9 < sum(pauses, timedelta()) / 200 < mean * 1.1

    def test_the_second_one_comes_soon_but_never_later_than_asked_for(self) -> None:
        assert people.pause(1, 20) == timedelta(seconds=25)
        assert people.pause(1, 3600) == timedelta(seconds=1)

    def test_nobody_answers_before_they_could_have_read_it(self) -> None:
        for text in ("Yes.", "No.", "Ten weeks is normal with hard water.", "?" * 100):
            assert timedelta(seconds=4) <= people.answers_after(text, 1) <= timedelta(seconds=8)


class TestReadingItems:
    def test_a_mention_is_read_whole(self) -> None:
        message = incoming(served(warning="wet"), "@brightwater")
        assert (message.remote_id, message.revision, message.kind) == ("p1", "1", Kind.MENTION)
        assert (message.author.id, message.author.name, message.author.is_us) == ("sandbox:tom", "Tom O'Hara", False)
        assert (message.text, message.language, message.content_warning) == ("Does it fit?", "en", "wet")
        assert message.created_at == START
        assert message.permalink is None, "the network has no pages, and a link must lead somewhere"
        assert message.reply.allowed

    @pytest.mark.parametrize(
        "spoiled",
        [
            {"author": None},
            {"author": {"id": 7, "handle": "@tom", "name": "Tom"}},
            {"created_at": "yesterday"},
            {"created_at": "2026-03-02T09:00:00"},
            {"created_at": 7},
            {"id": None},
            {"revision": 1},
            {"kind": None},
            {"attachments": "none"},
            {"attachments": [{"surprise": 1}]},
        ],
        ids=lambda spoiled: re.sub(r"\W+", " ", str(spoiled)),
    )
    def test_what_nobody_can_read_is_set_aside_with_its_raw_form(self, spoiled: dict[str, Any]) -> None:
        changes = [
            Change(number=1, post_id="p1", at=START, item=served(**spoiled)),
            Change(number=2, post_id="p2", at=START, item=served(id="p2")),
        ]
        read = read_changes(changes, "@brightwater")
        assert [message.remote_id for message in read.messages] == ["p2"]
        [skipped] = read.skipped
        assert skipped.reason
        assert '"text": "Does it fit?"' in skipped.raw

    def test_a_message_that_changed_twice_is_told_once(self) -> None:
        changes = [
            Change(number=number, post_id="p1", at=START, item=served(revision=str(number))) for number in (1, 2)
        ]
        assert [message.revision for message in read_changes(changes, "@brightwater").messages] == ["2"]

    def test_without_words_the_html_is_read(self) -> None:
        assert incoming(served(text="", html="<p>Does <b>it</b> fit?</p>"), "@brightwater").text == "Does it fit?"

    def test_unknown_kinds_are_mentions_and_unknown_circles_are_narrow(self) -> None:
        message = incoming(served(kind="hologram", visibility="circle"), "@brightwater")
        assert (message.kind, message.kind_raw) == (Kind.MENTION, "hologram")
        assert (message.visibility, message.visibility_raw) == (Visibility.DIRECT, "circle")

    def test_a_thread_that_bites_its_own_tail_ends(self) -> None:
        circle = spoken(parent_id="p1")
        assert item(circle, lambda id: circle)["id"] == "p1"


class TestCursors:
    def test_a_cursor_is_read_back_as_it_was_written(self) -> None:
        cursor = Cursor(born="7", after=3, first=True)
        assert read_cursor(cursor.written(), born="7", last=3) == cursor

    def test_the_first_pull_is_a_first_walk(self) -> None:
        assert read_cursor(None, born="7", last=3) == Cursor(born="7", first=True)

    @pytest.mark.parametrize(
        "text",
        [
            '{"v": 2, "born": "7", "after": 3, "first": false}',
            '{"v": 1, "born": "8", "after": 3, "first": false}',
            '{"v": 1, "born": "7", "after": 4, "first": false}',
            '{"v": 1, "born": "7", "after": -1, "first": false}',
            '{"v": 1, "born": "7", "after": "x", "first": false}',
            '{"v": 1, "born": "7", "after": Infinity, "first": false}',
            "[]",
            "",
        ],
    )
    def test_another_version_or_network_or_nonsense_starts_from_the_beginning(self, text: str) -> None:
        assert read_cursor(text, born="7", last=3) == Cursor(born="7")


@pytest.mark.parametrize(
    ("reason", "error"),
    [("gone", Gone), ("missing", NotFound), ("closed", Rejected), ("wider_audience", Rejected), ("too_long", Rejected)],
)
def test_each_refusal_is_an_instruction(reason: str, error: type[ConnectorError]) -> None:
    told = instruction(Refused(reason))
    assert type(told) is error
    if error is Rejected:
        assert told.reason == reason


def test_a_duplicate_is_success_with_its_receipt() -> None:
    arrival = Arrival(
        at=START,
        account="@brightwater",
        reserved="k",
        parent="p1",
        text="Yes.",
        visibility=Visibility.PUBLIC,
        remote_id="p2",
    )
    told = instruction(Refused("duplicate", arrival))
    assert isinstance(told, AlreadySent)
    assert (told.receipt.remote_id, told.receipt.at) == ("p2", START)
