"""Full-text search: what is found, at once and for whom, whatever is typed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.channels.connect import add_channel
from hub.connector import Attachment
from hub.errors import Absent
from hub.inbox import search
from hub.inbox.indexing import sweep
from hub.inbox.model import ConversationState
from hub.inbox.search import parse_mark
from hub.inbox.store import search as store
from hub.inbox.undo import undo_reply
from hub.kernel.hub import Hub
from hub.people.model import Actor, Role
from hub.testing.clock import START
from tests.desk import Desk
from tests.inbox.searching import LENA, MILAN, agent_of, found, page

BRULEE = "The Crème brûlée arrived late, and cold"
ORDER = "Where is my order 4711?"

SWEPT = pytest.mark.parametrize("swept", [False, True], ids=["at once", "after the sweep"])
"""What is just stored is found by its text, what is swept by the index: the answers are the same."""


@pytest.fixture
def said(desk: Desk) -> Desk:
    desk.fake.says(BRULEE, id="a", by=LENA).says(ORDER, id="b", by=MILAN)
    desk.pulls()
    return desk


ASKED = {
    "late": [BRULEE],
    "creme BRULEE": [BRULEE],
    "Crème brûlée": [BRULEE],
    "cold creme": [BRULEE],
    "creme order": [],
    "brul": [BRULEE],
    "brul late": [],
    '"brul"': [],
    '"creme brulee"': [BRULEE],
    "„Crème brûlée“": [BRULEE],
    '"brulee creme"': [],
    '"late and cold" creme': [BRULEE],
    'late "creme brul': [],
    "brûlée,arrived": [BRULEE],
    "arrived,brûlée": [],
    "4711": [ORDER],
    "47": [ORDER],
    "lena": [BRULEE],
    "@lena_b@social.example": [BRULEE],
    "brandt late": [BRULEE],
    "petrovic": [ORDER],
    '"cold lena"': [],
    "": [],
    "  \t": [],
    "?!…": [],
    "nothing of this": [],
}


def test_what_is_typed_finds_what_was_said(said: Desk) -> None:
    assert {typed: found(said.hub, typed) for typed in ASKED} == ASKED
    assert sweep(said.hub) == 2
    assert {typed: found(said.hub, typed) for typed in ASKED} == ASKED


SCRIPTS = [
    ("東京タワーで会いましょう", ["東京", "タワー", "会い"], ["京東"]),
    ("서울에서 만나요", ["서울", "만나"], ["울서"]),
    ("ขอบคุณมากครับ", ["คุณ"], []),
    ("من این کتاب را می‌خواهم", ["میخواهم"], []),
    ("مُحَمَّد كتب", ["محمد"], []),
    ("שָׁלוֹם לכם", ["שלום"], []),
    ("धन्यवाद बहुत", ["धन्यवाद"], []),
    ("Łódź is lovely", ["lodz", "ŁÓDŹ"], []),
    ("Straße gesperrt", ["STRASSE", "straße"], []),
    ("İstanbul and ISPARTA", ["istanbul", "isparta"], []),
    ("ｆｕｌｌ width", ["full"], []),
    ("thank you 🙏🏽 a lot", ["🙏", "🙏🏽"], ["🙏🙏"]),
    ("our family 👨‍👩‍👧 says hi", ["👨‍👩‍👧", "👩"], ["👧👩"]),
    ("from 🇩🇪 with love", ["🇩🇪"], ["🇪🇩"]),
    ("soft\u00adhyphen and zero\u200bwidth", ["softhyphen zerowidth"], []),
    ("がんばって", ["がん"], ["かんばって"]),
]


def test_every_script_is_found_as_it_is_written(desk: Desk) -> None:
    for number, (text, _found, _not_found) in enumerate(SCRIPTS):
        desk.fake.says(text, by=replace(LENA, id=f"p{number}"))
    desk.pulls()
    for _ in range(2):
        for text, typed, not_typed in SCRIPTS:
            assert [found(desk.hub, each) for each in typed] == [[text]] * len(typed)
            assert [found(desk.hub, each) for each in not_typed] == [[]] * len(not_typed)
        sweep(desk.hub)


@SWEPT
def test_what_a_deleted_message_said_is_not_found_from_that_moment_on(said: Desk, swept: bool) -> None:
    if swept:
        sweep(said.hub)
    said.fake.deletes("a")
    said.pulls()
    assert found(said.hub, "brulee") == []
    sweep(said.hub)
    assert found(said.hub, "brulee") == []
    assert found(said.hub, "order") == [ORDER]


@SWEPT
def test_an_edited_message_is_found_at_once_by_its_new_words_and_no_longer_by_its_old(said: Desk, swept: bool) -> None:
    if swept:
        sweep(said.hub)
    said.fake.says("The mousse was fine", id="a", revision="2", by=LENA, edited_at=START + timedelta(seconds=1))
    said.pulls()
    for _ in range(2):
        assert found(said.hub, "brulee") == []
        assert found(said.hub, "mousse") == ["The mousse was fine"]
        sweep(said.hub)


@SWEPT
def test_a_reply_is_found_until_it_is_taken_back_and_in_parts_only_once(said: Desk, swept: bool) -> None:
    first = said.answers("We have sent another dessert", conversation_id=_conversation(said, "brulee"))
    second = said.answers("the voucher follows\n---\nand a voucher", conversation_id=_conversation(said, "order"))
    said.waits(1)
    if swept:
        sweep(said.hub)
    assert found(said.hub, "dessert") == ["We have sent another dessert"]
    undo_reply(said.hub, first)
    assert found(said.hub, "dessert") == []
    said.waits(11)
    said.pulls()
    if swept:
        sweep(said.hub)
    assert said.item(second).state.value == "sent"
    assert found(said.hub, "voucher") == ["the voucher follows\n---\nand a voucher"]


def test_our_own_name_is_not_found_in_every_reply_of_ours(said: Desk) -> None:
    said.answers("On its way", conversation_id=_conversation(said, "order"))
    said.waits(11)
    said.pulls()
    assert found(said.hub, "on its way") == ["On its way"]
    assert found(said.hub, "brightwater") == []


def test_warnings_and_descriptions_of_pictures_are_found(desk: Desk) -> None:
    desk.fake.says("look", id="a")
    shown = desk.fake.feed.pop()
    picture = Attachment(kind="image", url="https://cdn.example/1.png", alt="A broken teapot on a table")
    desk.fake.feed.append(replace(shown, content_warning="porcelain", attachments=(picture,)))
    desk.pulls()
    for _ in range(2):
        assert found(desk.hub, "teapot porcelain") == ["look"]
        sweep(desk.hub)


def test_what_others_say_around_a_conversation_is_found_once_it_is_meant_for_us(desk: Desk) -> None:
    desk.fake.says("only among themselves", id="c", addressed=False)
    desk.pulls()
    sweep(desk.hub)
    assert found(desk.hub, "themselves") == []
    desk.fake.says("only among themselves", id="c")
    desk.pulls()
    for _ in range(2):
        assert found(desk.hub, "themselves") == ["only among themselves"]
        sweep(desk.hub)


def test_conversations_that_became_one_are_found_as_one(desk: Desk) -> None:
    desk.fake.says("the lamp flickers", id="c", parent="b", by=LENA).says("the lamp smells", id="a", by=LENA)
    desk.pulls()
    sweep(desk.hub)
    assert len(page(desk.hub, "lamp").hits) == 2
    desk.fake.says("a late link", id="b", parent="a", by=MILAN)
    desk.pulls()
    (hit,) = page(desk.hub, "lamp").hits
    assert hit.line.conversation in [line.conversation for line in desk.lines()]


def test_other_teams_find_nothing(said: Desk) -> None:
    with said.hub.database.transaction() as session:
        other = session.insert("INSERT INTO teams (name, created_at) VALUES ('Care UK', 0) RETURNING id")
    for _ in range(2):
        assert found(said.hub, "brulee", who=agent_of(said.team)) == [BRULEE]
        assert found(said.hub, "brulee", who=agent_of(said.team, other)) == [BRULEE]
        assert found(said.hub, "brulee", who=agent_of(other)) == []
        assert found(said.hub, "brulee", who=agent_of()) == []
        sweep(said.hub)


def test_a_channel_that_one_may_not_read_is_as_absent_as_one_that_is_not_there(said: Desk) -> None:
    for channel_id, who in ((said.channel_id, agent_of()), (999, agent_of(said.team))):
        with pytest.raises(Absent):
            page(said.hub, "brulee", who=who, channel_id=channel_id)


def test_channels_and_states_are_searched_by_themselves(said: Desk, hub: Hub) -> None:
    other = add_channel(
        hub, said.connectors, kind="fake", name="@other", team_id=said.team, values={"handle": "@other"}
    )
    said.answers("An answer", conversation_id=_conversation(said, "order"))
    for _ in range(2):
        assert found(hub, "brulee", channel_id=said.channel_id) == [BRULEE]
        assert found(hub, "brulee", channel_id=other.id) == []
        assert len(page(hub, "order", state=ConversationState.WAITING).hits) == 1
        assert page(hub, "order", state=ConversationState.OPEN).hits == ()
        sweep(hub)


def _conversation(desk: Desk, typed: str) -> int:
    return page(desk.hub, typed).hits[0].line.conversation.id


@pytest.fixture
def crowd(desk: Desk) -> Desk:
    """Twelve conversations about tea, one each minute; the first person says it again last."""
    for number in range(12):
        author = replace(LENA, id=f"p{number}", handle=f"@p{number}", name=f"Person {number}")
        desk.fake.says(f"tea {number}", by=author, id=f"t{number}", at=START - timedelta(minutes=30 - number))
    again = replace(LENA, id="p0", handle="@p0", name="Person 0")
    desk.fake.says("tea again", by=again, id="again", parent="t0", at=START - timedelta(minutes=5))
    desk.pulls()
    return desk


@SWEPT
def test_pages_show_every_conversation_once_by_its_newest_hit(crowd: Desk, swept: bool) -> None:
    if swept:
        sweep(crowd.hub)
    expected = ["tea again", *(f"tea {number}" for number in range(11, 0, -1))]
    for typed in ("tea !", "tea", "te"):
        for limit in (1, 5, 12, 50):
            assert _paged(crowd.hub, typed, limit) == expected


def _paged(hub: Hub, typed: str, limit: int, who: Actor | None = None) -> list[str]:
    texts: list[str] = []
    after = ""
    while True:
        found = page(hub, typed, after=after, limit=limit, **({"who": who} if who else {}))
        with hub.database.reading() as session:
            rows = session.all("SELECT id, text FROM messages")
        by_id = {row["id"]: row["text"] for row in rows}
        texts += [by_id[hit.message_id] for hit in found.hits]
        after = found.further
        if not after:
            return texts


def test_pages_stay_where_they_were_while_messages_come_in(crowd: Desk) -> None:
    sweep(crowd.hub)
    first = page(crowd.hub, "tea", limit=6)
    shown = {hit.line.conversation.id for hit in first.hits}
    newcomer = replace(LENA, id="p99", handle="@p99", name="Person 99")
    crowd.fake.says("tea for a newcomer", by=newcomer, id="new")
    crowd.fake.says("more tea", by=replace(LENA, id="p3", name="Person 3"), id="more", parent="t3")
    crowd.pulls()
    rest = page(crowd.hub, "tea", after=first.further, limit=50)
    # Who just spoke again stands above by now, where a fresh look finds them.
    assert [hit.line.name for hit in rest.hits] == [f"Person {number}" for number in (6, 5, 4, 2, 1)]
    assert not shown & {hit.line.conversation.id for hit in rest.hits}
    assert page(crowd.hub, "tea", limit=2).hits[0].line.name in ("Person 3", "Person 99")


def test_a_page_that_would_look_at_too_much_is_cut_short_and_says_where_to_go_on(
    crowd: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep(crowd.hub)
    asked = ("tea !", "tea", '"tea" 1')
    expected = [_paged(crowd.hub, typed, 50) for typed in asked]
    small = {"_FIRST_HITS": 2, "_MOST_HITS": 2, "_MOST_ROWS": 2, "_WINDOWS": (1, 2), "_PORTION": 1}
    for name, value in small.items():
        monkeypatch.setattr(search, name, value)
    # One old message is not in the index any more: it waits for its turn all the same.
    crowd.fake.says("tea 2", by=replace(LENA, id="p2"), id="t2", revision="2", edited_at=START)
    crowd.pulls()
    assert len(page(crowd.hub, "tea").hits) < 12
    assert [_paged(crowd.hub, typed, 50) for typed in asked] == expected
    with crowd.hub.database.transaction() as session:
        foreign = session.insert("INSERT INTO teams (name, created_at) VALUES ('Care UK', 0) RETURNING id")
    stranger = Actor(agent_id=1, name="Ben", role=Role.AGENT, team_ids=frozenset({foreign}))
    assert [_paged(crowd.hub, typed, 50, who=stranger) for typed in asked] == [[], [], []]


def test_what_is_older_is_found_below_what_is_newer_also_when_it_comes_later(desk: Desk) -> None:
    desk.fake.says("tea now", by=LENA, id="now", at=START - timedelta(minutes=1))
    desk.fake.says("tea last year", by=MILAN, id="old", at=START - timedelta(days=365))
    desk.pulls()
    sweep(desk.hub)
    assert found(desk.hub, "tea") == ["tea now", "tea last year"]


def test_a_mark_that_nobody_made_begins_at_the_newest(said: Desk) -> None:
    for typed in ("", "x", "-1", "1.5", "٣", "9" * 30, "0x10", "'"):
        assert parse_mark(typed) is None
        assert len(page(said.hub, "late", after=typed).hits) == 1


def test_every_change_beyond_the_most_recent_is_found_after_the_sweep(
    crowd: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "UNSWEPT", 3)
    assert len(page(crowd.hub, "tea").hits) == 3
    sweep(crowd.hub)
    assert len(page(crowd.hub, "tea").hits) == 12


def test_the_highest_place_is_no_place_of_a_message(said: Desk) -> None:
    assert page(said.hub, "late", after=str(store.HIGHEST)).hits
    assert not page(said.hub, "late", after="0").hits
