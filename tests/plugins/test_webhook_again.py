"""What was posted and could not be read is read again when somebody has mended the cause: once, and to the same end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from hub.channels import store as channels
from hub.channels.connect import change_channel
from hub.channels.model import DeadLetter
from hub.channels.webhook import store as webhook
from hub.channels.webhook.again import read_again
from hub.kernel.hub import Hub
from hub.testing.clock import FrozenClock
from tests.plugins.webhook_desk import WebhookDesk

BY = {"author": {"id": "lena", "name": "Lena Brandt"}}
WRONG = {"map_text": "words"}
"""An expression that finds nothing in what is posted."""


@pytest.fixture
def desk(hub: Hub) -> WebhookDesk:
    return WebhookDesk(hub)


def letters(desk: WebhookDesk) -> list[DeadLetter]:
    with desk.hub.database.reading() as session:
        return channels.letters(session, desk.channel_id)


def again(desk: WebhookDesk, letter: DeadLetter | None = None) -> int:
    only = letter.id if letter else None
    return read_again(desk.hub, desk.channel_id, first=only, last=only, by=desk.agent)


def mends(desk: WebhookDesk, **values: str) -> None:
    change_channel(desk.hub, desk.connectors, desk.channel_id, name="Shop", team_id=desk.team, values=values)


def said(number: int, **more: object) -> dict[str, object]:
    return {"id": str(number), "text": f"message {number}", **BY, **more}


def test_what_a_wrong_setting_left_unread_comes_in_once_when_it_is_mended(hub: Hub) -> None:
    desk = WebhookDesk(hub, **WRONG)
    for number in range(3):
        desk.is_sent(said(number), name=f"d{number}")
    desk.pulls()
    assert (desk.texts(), [letter.is_kept for letter in letters(desk)]) == ([], [True] * 3)
    mends(desk, map_text="text")
    assert again(desk) == 3
    assert letters(desk) == []
    assert desk.pulls().new == 3
    assert desk.texts() == ["message 0", "message 1", "message 2"]
    assert again(desk) == 0
    assert (desk.pulls().new, letters(desk), desk.waiting()) == (0, [], 0)


def test_one_item_is_read_again_and_the_others_stay(hub: Hub) -> None:
    desk = WebhookDesk(hub, **WRONG)
    for number in range(2):
        desk.is_sent(said(number), name=f"d{number}")
    desk.pulls()
    mends(desk, map_text="text")
    newest, older = letters(desk)
    assert again(desk, older) == 1
    desk.pulls()
    assert desk.texts() == ["message 0"]
    assert letters(desk) == [newest]


def test_the_rest_of_a_batch_does_not_come_in_twice_and_what_is_still_unreadable_comes_back(desk: WebhookDesk) -> None:
    desk.is_sent([said(1), {"text": "of nobody"}, said(2), {"text": "of nobody either"}])
    desk.pulls()
    first = letters(desk)
    assert again(desk, first[0]) == 1
    assert letters(desk) == []
    pulled = desk.pulls()
    assert (pulled.new, pulled.changed, pulled.buried) == (0, 0, 2)
    assert [letter.raw for letter in letters(desk)] == [letter.raw for letter in first]
    assert again(desk) == 1


def test_many_who_ask_at_once_have_it_read_once(desk: WebhookDesk) -> None:
    desk.is_sent(b"{no json")
    desk.pulls()
    with ThreadPoolExecutor(8) as people:
        asked = list(people.map(lambda _: again(desk), range(8)))
    assert sorted(asked) == [0] * 7 + [1]
    assert desk.pulls().buried == 1


def test_an_edit_and_a_deletion_that_came_later_stay(desk: WebhookDesk) -> None:
    desk.is_sent([said(1, thread="t"), said(2, thread="t"), {"text": "of nobody"}], name="d1")
    desk.pulls()
    desk.is_sent([said(1, thread="t", text="changed later"), {"id": "2", "deleted": True}], name="d2")
    desk.pulls()
    again(desk)
    desk.pulls()
    shown = {message.remote_id: message for message in desk.conversation()}
    assert shown["1"].text == "changed later"
    assert shown["2"].deleted_at is not None


def test_what_was_told_later_stays_when_its_beginning_is_read_after_it(hub: Hub) -> None:
    desk = WebhookDesk(hub, **WRONG)
    desk.is_sent(said(1), name="d1")
    desk.pulls()
    mends(desk, map_text="text")
    desk.is_sent(said(1, text="changed later"), name="d2")
    desk.pulls()
    again(desk)
    desk.is_sent(said(2), name="d3")
    desk.pulls()
    assert desk.texts() == ["changed later", "message 2"]


def test_of_a_page_only_what_was_unclear_is_kept_whole(hub: Hub, desk: WebhookDesk) -> None:
    desk.is_sent(said(1), name="clear")
    desk.is_sent([{"text": "of nobody"}, *map(said, range(600))], name="unclear and longer than a page")
    desk.pulls()
    with hub.database.reading() as session:
        kept = session.all("SELECT delivery_id FROM deliveries WHERE body <> ''")
    assert [row["delivery_id"] for row in kept] == ["unclear and longer than a page"]
    assert again(desk) == 1
    assert desk.pulls().buried == 1


def test_an_item_without_a_usable_id_is_read_again_as_well(desk: WebhookDesk) -> None:
    desk.is_sent(said(1, id="x" * 3000))
    desk.pulls()
    assert [(letter.reason, letter.is_kept) for letter in letters(desk)] == [("wrong_id", True)]
    mends(desk, map_id="text")
    again(desk)
    desk.pulls()
    assert desk.texts() == ["message 1"]


def test_a_dismissed_one_is_not_read_again_and_who_did_either_is_kept(hub: Hub, desk: WebhookDesk) -> None:
    desk.is_sent(b"{one", name="d1")
    desk.is_sent(b"{two", name="d2")
    desk.pulls()
    newest, older = letters(desk)
    with hub.database.transaction() as session:
        channels.dismiss(session, desk.channel_id, first=older.id, last=older.id, by=desk.agent, now=hub.clock())
    assert again(desk, older) == 0
    assert again(desk, newest) == 1
    with hub.database.reading() as session:
        rows = session.all("SELECT outcome, dismissed_by FROM dead_letters ORDER BY id")
    assert [(row["outcome"], row["dismissed_by"]) for row in rows] == [("seen", desk.agent), ("read_again", desk.agent)]


def test_the_letters_of_another_channel_are_left_alone(desk: WebhookDesk) -> None:
    other, _ = desk.connects("Other shop", secret="whsec_" + "b3RoZXIgc2VjcmV0IG9mIGFub3RoZXIgc2hvcA==")
    desk.is_sent(b"{no json")
    desk.pulls()
    assert read_again(desk.hub, other, by=desk.agent) == 0
    assert len(letters(desk)) == 1


def test_what_is_swept_cannot_be_read_again_and_says_so(hub: Hub, desk: WebhookDesk, frozen_clock: FrozenClock) -> None:
    desk.is_sent(b"{no json")
    desk.pulls()
    with hub.database.transaction() as session:
        webhook.forget(session, before=frozen_clock() + timedelta(days=31))
    assert [letter.is_kept for letter in letters(desk)] == [False]
    assert again(desk) == 0
    assert len(letters(desk)) == 1
