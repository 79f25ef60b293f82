"""What programs and colleagues leave on the page of a conversation: notes, and answers put off until a time."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from hub.inbox.reply import Draft, queue_reply
from hub.kernel.hub import Hub
from hub.people.model import Role
from hub.testing.fake import FakeNetwork
from tests.web.browser import Browser
from tests.web.office import Office, words_of


@pytest.fixture
def office(hub: Hub, fake: FakeNetwork) -> Office:
    return Office(hub, fake)


def form_of(browser: Browser, path: str) -> tuple[str, str]:
    """Where the form of a note goes and its key, as the page has them."""
    found = re.search(r'action="([^"]+/notes[^"]*)">.*?name="client_key" value="([^"]+)"', browser.get(path).text, re.S)
    assert found is not None
    return found[1], found[2]


def test_a_writer_leaves_a_note_that_the_team_reads(office: Office) -> None:
    office.desk.fake.says("is the light normal?")
    office.desk.pulls()
    path = f"/conversations/{office.desk.lines()[0].conversation.id}"
    writer = office.enter(Role.WRITER)
    action, key = form_of(writer, path)
    saved = writer.submit(action, text="20 °dH <b>there</b>", client_key=key)
    assert saved.status_code == 303
    assert "done=note_saved" in saved.headers["Location"]
    assert writer.submit(action, text="20 °dH <b>there</b>", client_key=key).status_code == 303
    page = office.enter(Role.AGENT).get(path).text
    notes = re.findall(r'<article class="msg note".*?</article>', page, re.S)
    assert len(notes) == 1
    assert "note, only your team sees it" in words_of(notes[0])
    assert "20 °dH &lt;b&gt;there&lt;/b&gt;" in notes[0]
    assert "The note was saved." in writer.get(saved.headers["Location"]).text


def test_nobody_of_another_team_reads_or_writes_one(office: Office) -> None:
    office.desk.fake.says("is the light normal?")
    office.desk.pulls()
    path = f"/conversations/{office.desk.lines()[0].conversation.id}"
    stranger = office.stranger(Role.SUPERVISOR)
    assert stranger.get(path).status_code == 404
    assert stranger.submit(f"{path}/notes", text="x", client_key="k" * 43).status_code == 404


def test_an_answer_put_off_says_when_it_leaves_and_can_be_taken_back(office: Office) -> None:
    desk = office.desk
    desk.fake.says("is the light normal?")
    desk.pulls()
    conversation_id = desk.lines()[0].conversation.id
    later = office.hub.clock() + timedelta(days=3)
    draft = Draft(
        conversation_id=conversation_id, agent_id=desk.agent, text="Better by now?", client_key="k", send_at=later
    )
    queue_reply(office.hub, draft)
    agent = office.enter(Role.AGENT)
    page = agent.get(f"/conversations/{conversation_id}").text
    assert "leaves on 5 Mar 2026" in words_of(page)
    assert "data-due" not in page
    undo = re.search(r'action="([^"]+/undo/\d+)"', page)
    assert undo is not None
    assert "Better by now?" in agent.submit(undo[1]).text
