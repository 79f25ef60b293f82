"""One delivery that a plugin breaks down on holds up what came after it for a while, not for ever."""

from __future__ import annotations

from hub.channels import store as channels
from hub.channels.model import DeadLetter
from hub.channels.webhook.again import read_again
from hub.kernel.hub import Hub
from hub.testing.fake import FakeNetwork
from tests.inbox.post_office import POISON, PostOffice


def letters(office: PostOffice) -> list[DeadLetter]:
    with office.hub.database.reading() as session:
        return channels.letters(session, office.channel_id)


def test_a_delivery_its_plugin_breaks_down_on_is_put_aside_after_five_tries_and_the_others_come_in(
    hub: Hub, fake: FakeNetwork
) -> None:
    office = PostOffice(hub, fake)
    for text in ("before", f"{POISON} one", "between", f"{POISON} two", "after"):
        office.is_sent(text)
    office.works_until_quiet()
    assert sorted(office.texts()) == ["after", "before", "between"]
    assert office.waiting() == 0
    assert [letter.reason for letter in letters(office)] == ["plugin_fault: ZeroDivisionError"] * 2
    assert f"{POISON} one" in letters(office)[-1].raw
    assert office.channel.trouble is None


def test_it_is_kept_whole_and_known_when_the_network_posts_it_again(hub: Hub, fake: FakeNetwork) -> None:
    office = PostOffice(hub, fake)
    long = f"{POISON} {'x' * 50_000}"
    office.is_sent(long, name="d1")
    office.works_until_quiet()
    assert not office.is_sent(long, name="d1").is_new
    with hub.database.reading() as session:
        (kept,) = session.all("SELECT body FROM deliveries WHERE delivery_id = 'd1'")
    assert "x" * 50_000 in kept["body"]


def test_it_comes_in_once_when_the_plugin_is_mended_and_somebody_wants_it_read_again(
    hub: Hub, fake: FakeNetwork
) -> None:
    office = PostOffice(hub, fake)
    office.is_sent(f"{POISON} one")
    office.works_until_quiet()
    assert len(letters(office)) == 1
    office.is_mended = True
    assert [read_again(hub, office.channel_id, by=office.agent) for _ in range(2)] == [1, 0]
    office.works_until_quiet(pulls=2)
    assert office.texts() == [f"{POISON} one"]
    assert letters(office) == []


def test_nothing_is_put_aside_before_its_fifth_try(hub: Hub, fake: FakeNetwork) -> None:
    office = PostOffice(hub, fake)
    office.is_sent(POISON)
    assert len(office.works_until_quiet(pulls=4)) == 4
    assert (letters(office), office.waiting()) == ([], 1)
    office.works_until_quiet(pulls=1)
    assert (len(letters(office)), office.waiting()) == (1, 0)


def test_a_plugin_that_fails_whatever_it_is_asked_loses_nothing_and_goes_on_when_it_is_mended(
    hub: Hub, fake: FakeNetwork
) -> None:
    office = PostOffice(hub, fake)
    office.is_broken = True
    office.is_sent("one")
    office.is_sent("two")
    office.works_until_quiet()
    assert (letters(office), office.waiting()) == ([], 2)
    assert office.channel.trouble is not None
    office.is_broken = False
    office.works_until_quiet(pulls=3)
    assert sorted(office.texts()) == ["one", "two"]
