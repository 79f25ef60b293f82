"""What people see of replies that did not go out, and what they can do about it, on both engines."""

from __future__ import annotations

import re

import pytest

from hub.channels.connect import pause_channel, remove_channel
from hub.channels.model import Trouble
from hub.inbox.model import ConversationState
from hub.kernel.hub import Hub
from hub.outbox import store
from hub.outbox.model import State
from hub.outbox.settle import hold_what_is_open, settle
from hub.people.model import Role
from hub.testing.fake import FakeNetwork
from tests.web.browser import Browser
from tests.web.office import Office, words_of

ACTIONS = ("retry", "mark-sent", "cancel")


@pytest.fixture
def office(hub: Hub, fake: FakeNetwork) -> Office:
    found = Office(hub, fake)
    fake.says("Is ten weeks normal?")
    found.desk.pulls()
    return found


def failed(office: Office, text: str = "Yes, it is.") -> int:
    office.desk.fake.fails("refuse")
    outbox_id = office.desk.answers(text)
    office.desk.waits(11)
    assert office.desk.item(outbox_id).state is State.FAILED
    return outbox_id


def moved(office: Office, state: State, text: str = "Yes, it is.", trouble: Trouble | None = None) -> int:
    """A reply brought into a state as the worker would."""
    outbox_id = office.desk.answers(text)
    with office.hub.database.transaction() as session:
        if state is State.UNKNOWN:
            store.move(session, outbox_id, State.SENDING, now=office.hub.clock())
        settle(session, store.locked(session, outbox_id), state, now=office.hub.clock(), trouble=trouble)
    return outbox_id


def unknown(office: Office) -> int:
    return moved(office, State.UNKNOWN, trouble=Trouble(code="ambiguous", reason="timeout"))


def tabs(browser: Browser) -> dict[str, str]:
    """How many items each tab says it has."""
    found = re.findall(r'id="tab-(\w+)".*?<b>(\S+)</b>', browser.get("/outbox").text)
    return dict(found)


def test_a_failed_reply_is_shown_with_its_text_its_reason_and_what_to_do(office: Office) -> None:
    failed(office, "Yes <b>it</b> is\nat 20 °dH.")
    page = office.enter(Role.AGENT).get("/outbox").text
    assert '<p class="kept" dir="auto">Yes &lt;b&gt;it&lt;/b&gt; is\nat 20 °dH.</p>' in page
    shown = words_of(page)
    for words in ("Lena Brandt", "@brightwater", "Ana Kovač", "takes it for spam (“no, thank you”)", "Change it and"):
        assert words in shown
    assert f'href="/conversations/{office.desk.lines()[0].conversation.id}"' in page


def test_each_state_has_its_tab(office: Office) -> None:
    failed(office, "one")
    unknown(office)
    moved(office, State.HELD, "three")
    office.desk.answers("four")
    browser = office.enter()
    assert tabs(browser) == {"failed": "1", "unknown": "1", "held": "1", "queued": "1"}
    for state, text in (("failed", "one"), ("unknown", "Yes, it is."), ("held", "three"), ("queued", "four")):
        assert re.findall(r'class="kept"[^>]*>(.*?)</p>', browser.get(f"/outbox?state={state}").text) == [text]
        assert re.findall(r'class="kept"[^>]*>(.*?)</p>', browser.get(f"/outbox/rows?state={state}").text) == [text]


def test_a_tab_that_does_not_exist_is_the_first(office: Office) -> None:
    failed(office)
    assert "Yes, it is." in office.enter().get("/outbox?state=nonsense").text


def test_a_full_tab_goes_on_below(office: Office) -> None:
    for number in range(51):
        moved(office, State.HELD, f"reply {number}")
    browser = office.enter()
    page = browser.get("/outbox?state=held").text
    assert re.findall(r"reply (\d+)<", page) == [str(number) for number in range(50, 0, -1)]
    further = re.search(r'href="([^"]*before=\d+)"', page)
    assert further is not None
    assert re.findall(r"reply (\d+)<", browser.get(further[1].replace("&amp;", "&")).text) == ["0"]


def test_what_is_being_sent_stands_with_what_waits_and_offers_nothing(office: Office) -> None:
    outbox_id = office.desk.answers("On my way")
    with office.hub.database.transaction() as session:
        store.move(session, outbox_id, State.SENDING, now=office.hub.clock())
    page = office.enter().get("/outbox?state=queued").text
    assert "On my way" in page
    assert f"/outbox/{outbox_id}/" not in page


def test_a_reply_that_waits_for_its_channel_says_so(office: Office) -> None:
    office.desk.answers("Later")
    pause_channel(office.hub, office.desk.channel_id)
    page = words_of(office.enter().get("/outbox?state=queued").text)
    assert "The channel is paused. Resume it to receive and send." in page


def test_replies_of_other_teams_are_in_no_list(office: Office) -> None:
    outbox_id = failed(office)
    stranger = office.stranger(Role.SUPERVISOR)
    for path in ("/outbox", "/outbox/rows"):
        assert "Yes, it is." not in stranger.get(path).text
    assert tabs(stranger)["failed"] == "0"
    for action in ACTIONS:
        assert stranger.submit(f"/outbox/{outbox_id}/{action}").status_code == 404
    assert office.desk.item(outbox_id).state is State.FAILED


def test_every_page_says_when_something_was_not_sent(office: Office) -> None:
    browser, stranger = office.enter(Role.AGENT), office.stranger(Role.AGENT)
    called = 'aria-label="Outbox: something was not sent"'
    moved(office, State.HELD)
    assert called not in browser.get("/inbox").text
    outbox_id = failed(office)
    assert called in browser.get("/inbox").text
    assert called in browser.get("/account").text
    assert called not in stranger.get("/inbox").text
    assert browser.submit(f"/outbox/{outbox_id}/mark-sent").status_code == 303
    assert called not in browser.get("/inbox").text
    unknown(office)
    assert called in browser.get("/inbox").text


def test_a_failed_reply_is_sent_again_and_arrives_once(office: Office) -> None:
    outbox_id = failed(office)
    browser = office.enter(Role.AGENT)
    answer = browser.submit(f"/outbox/{outbox_id}/retry")
    assert answer.status_code == 303
    assert answer.location == "/outbox?state=failed&done=reply_retried"
    assert "on its way again" in browser.get(answer.location).text
    office.desk.works()
    assert office.desk.item(outbox_id).state is State.SENT
    assert [arrival.text for arrival in office.desk.fake.arrivals] == ["Yes, it is."]


def test_a_reply_that_somebody_saw_there_counts_as_sent(office: Office) -> None:
    outbox_id = unknown(office)
    browser = office.enter(Role.SUPERVISOR)
    assert "They are never sent again by themselves" in browser.get("/outbox?state=unknown").text
    browser.submit(f"/outbox/{outbox_id}/mark-sent")
    assert office.desk.item(outbox_id).state is State.SENT
    office.desk.waits(60)
    assert office.desk.fake.arrivals == []


def restored(office: Office) -> int:
    """A reply that had not left when its installation came back from a backup."""
    outbox_id = office.desk.answers("Yes, it is.")
    with office.hub.database.transaction() as session:
        hold_what_is_open(session, now=office.hub.clock())
    return outbox_id


def test_after_a_restore_the_page_says_to_look_there_first_and_what_was_seen_there_counts_as_sent(
    office: Office,
) -> None:
    outbox_id = restored(office)
    browser = office.enter(Role.SUPERVISOR)
    page = browser.get("/outbox?state=held").text
    assert "brought back from a backup" in page
    assert "Look there first" in page
    assert "It is there" in page
    assert "It is there" in browser.get(f"/conversations/{office.desk.lines()[0].conversation.id}").text
    browser.submit(f"/outbox/{outbox_id}/mark-sent")
    assert office.desk.item(outbox_id).state is State.SENT
    office.desk.waits(60)
    assert office.desk.fake.arrivals == []


def test_after_a_restore_a_reply_that_is_not_there_is_sent_once(office: Office) -> None:
    outbox_id = restored(office)
    office.desk.waits(3600)
    assert office.desk.fake.arrivals == []
    office.enter(Role.AGENT).submit(f"/outbox/{outbox_id}/retry")
    office.desk.waits(11)
    assert office.desk.item(outbox_id).state is State.SENT
    assert len(office.desk.fake.arrivals) == 1


def test_a_reply_that_waits_for_somebody_before_its_first_try_cannot_be_there(office: Office) -> None:
    outbox_id = moved(office, State.HELD)
    browser = office.enter(Role.SUPERVISOR)
    assert "It is there" not in browser.get("/outbox?state=held").text
    browser.submit(f"/outbox/{outbox_id}/mark-sent")
    assert office.desk.item(outbox_id).state is State.HELD


def test_a_reply_given_up_is_not_sent_and_its_conversation_is_open_again(office: Office) -> None:
    outbox_id = failed(office)
    assert office.desk.lines()[0].conversation.state is ConversationState.WAITING
    office.enter(Role.AGENT).submit(f"/outbox/{outbox_id}/cancel")
    assert office.desk.item(outbox_id).state is State.CANCELLED
    assert office.desk.lines()[0].conversation.state is ConversationState.OPEN
    assert office.desk.lines()[0].conversation.snippet == "Is ten weeks normal?"


@pytest.mark.parametrize(
    ("following", "leads"),
    [
        ("/conversations/1", "/conversations/1"),
        ("//evil.example/x", "/outbox?state=failed&done=reply_retried"),
        ("https://evil.example", "/outbox?state=failed&done=reply_retried"),
        ("/\\evil.example", "/outbox?state=failed&done=reply_retried"),
    ],
)
def test_a_button_leads_back_to_its_page_and_never_away(office: Office, following: str, leads: str) -> None:
    path = f"/outbox/{failed(office)}/retry"
    browser = office.enter()
    fields, headers = {"csrf_token": browser.form_token()}, {"Sec-Fetch-Site": "same-origin"}
    assert browser.send(path, fields, headers, query_string={"next": following}).location == leads


@pytest.mark.parametrize("action", ACTIONS)
def test_what_changed_meanwhile_is_said_and_left_alone(office: Office, action: str) -> None:
    outbox_id = moved(office, State.CANCELLED)
    answer = office.enter().submit(f"/outbox/{outbox_id}/{action}")
    assert answer.status_code == 409
    assert "It no longer stands as it did" in answer.text
    assert 'id="outbox"' in answer.text
    assert office.desk.item(outbox_id).state is State.CANCELLED


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.WRITER, set()),
        (Role.AGENT, set(ACTIONS)),
        (Role.SUPERVISOR, set(ACTIONS)),
        (Role.ADMIN, set(ACTIONS)),
    ],
)
def test_a_role_is_offered_what_it_may_do_and_can_do_no_more(office: Office, role: Role, allowed: set[str]) -> None:
    browser = office.enter(role)
    ids = [failed(office, f"reply {number}") for number in range(3)]
    shown = browser.get("/outbox")
    assert shown.status_code == (200 if allowed else 404)
    assert set(re.findall(rf'action="/outbox/{ids[0]}/([\w-]+)"', shown.text)) == allowed
    done = {
        action for outbox_id, action in zip(ids, ACTIONS, strict=True) if _did(browser, f"/outbox/{outbox_id}/{action}")
    }
    assert done == allowed


def _did(browser: Browser, path: str) -> bool:
    status = browser.submit(path).status_code
    assert status in (303, 404)
    return status == 303


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_is_decided_without_the_token_of_the_form(office: Office, action: str) -> None:
    outbox_id = failed(office)
    answer = office.enter().send(f"/outbox/{outbox_id}/{action}", {}, {"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 403
    assert office.desk.item(outbox_id).state is State.FAILED


def test_a_reply_of_a_removed_channel_can_be_given_up_but_not_sent_again(office: Office) -> None:
    outbox_id = failed(office)
    remove_channel(office.hub, office.desk.channel_id)
    browser = office.enter(Role.AGENT)
    page = browser.get("/outbox").text
    assert "removed channel" in page
    assert f"/outbox/{outbox_id}/retry" not in page
    answer = browser.submit(f"/outbox/{outbox_id}/retry")
    assert answer.status_code == 409
    assert "The channel was removed" in answer.text
    assert browser.submit(f"/outbox/{outbox_id}/cancel").status_code == 303


def test_parts_that_arrived_are_told(office: Office) -> None:
    office.desk.fake.fails("ok", "refuse")
    office.desk.answers("one\n---\ntwo\n---\nthree")
    office.desk.waits(11)
    assert "1 of 3 parts has arrived; it is not sent again." in office.enter().get("/outbox").text
