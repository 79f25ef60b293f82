"""Ids of another team's objects where an address or a form names a second one: they show nothing and do nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from hub.channels.connect import add_channel
from hub.inbox.pull import pull_now
from hub.inbox.reply import Draft, queue_reply
from hub.inbox.store import conversations, messages
from hub.inbox.uploads import store_upload
from hub.kernel.hub import Hub
from hub.people.model import Role
from hub.testing.fake import FakeNetwork
from tests.desk import plug_in
from tests.kernel.test_images import picture
from tests.web.office import Office

THEIRS = "the kettle of the Balkans"
OURS = "a kettle of ours"


@pytest.fixture
def engine_url() -> str:
    """On SQLite: the pages do not know the engine, and what they call is tested on both."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """What the other team has, and the conversation of ours that somebody looks at."""

    office: Office
    ours: int
    conversation: int
    message: int
    reply: int
    upload: str


@pytest.fixture
def foreign(hub: Hub, fake: FakeNetwork) -> Foreign:
    office = Office(hub, fake)
    fake.says(OURS)
    office.desk.pulls()
    ours = office.desk.lines()[0].conversation.id
    there = FakeNetwork(hub.clock)  # type: ignore[arg-type]
    plug_in(hub.plugins, there.connector_class(kind="there"))
    connectors = office.desk.connectors
    channel = add_channel(
        hub, connectors, kind="there", name="There", team_id=office.other_team.id, values={"token": "s3cret"}
    )
    there.says(THEIRS)
    pulled = pull_now(hub, connectors, "tests", channel.id)
    assert pulled.new == 1
    ben = office.crew.hire("Ben", Role.AGENT, office.other_team)
    with hub.database.reading() as session:
        line = next(line for line in conversations.lines(session, teams=[office.other_team.id]))
        message = messages.of_conversation(session, line.conversation.id)[0]
    draft = Draft(conversation_id=line.conversation.id, agent_id=ben.id, text=f"about {THEIRS}", client_key="b" * 43)
    return Foreign(
        office=office,
        ours=ours,
        conversation=line.conversation.id,
        message=message.id,
        reply=queue_reply(hub, draft),
        upload=store_upload(hub, ben.id, picture("JPEG"), "kettle.jpg").id,
    )


def outbox(hub: Hub) -> list[tuple[Any, ...]]:
    with hub.database.reading() as session:
        found = session.all("SELECT id, conversation_id, state, act FROM outbox ORDER BY id")
    return [tuple(row[name] for name in ("id", "conversation_id", "state", "act")) for row in found]


def test_an_address_shows_nothing_of_a_second_object_that_is_another_teams(foreign: Foreign) -> None:
    browser = foreign.office.enter(Role.SUPERVISOR)
    for query in (
        *(f"quote={foreign.message}", f"edit={foreign.message}", f"before={foreign.message}", f"edit={foreign.reply}"),
        *(f"channel={foreign.conversation + 1}", f"current={foreign.conversation}", "channel=2", "channel=3"),
    ):
        for path in (f"/conversations/{foreign.ours}", "/inbox", "/inbox/rows", "/outbox"):
            answer = browser.get(f"{path}?{query}")
            assert answer.status_code in (200, 404), (path, query)
            assert "Balkans" not in answer.text, (path, query)


def test_a_form_does_nothing_with_a_second_object_that_is_another_teams(hub: Hub, foreign: Foreign) -> None:
    browser = foreign.office.enter(Role.SUPERVISOR)
    good = {"text": "hello", "client_key": "k" * 43}
    before = outbox(hub)
    conversation = f"/conversations/{foreign.ours}"
    tried: list[tuple[str, dict[str, str]]] = [
        *((f"{conversation}/{form}", {**good, "target": str(foreign.message)}) for form in ("replies", "draft")),
        (f"{conversation}/measure", {**good, "edit": str(foreign.message)}),
        (f"{conversation}/replies", {**good, "target": str(foreign.message), "quote": "1"}),
        (f"{conversation}/undo/{foreign.reply}", {}),
        (f"{conversation}/messages/{foreign.message}/like", {"client_key": "k" * 43}),
        (f"{conversation}/messages/{foreign.message}/text", good),
        (f"/outbox/{foreign.reply}/cancel", {}),
        (f"/outbox/{foreign.reply}/retry", {}),
        (f"/uploads/{foreign.upload}/remove", {}),
    ]
    for path, fields in tried:
        answer = browser.submit(path, **fields)
        assert answer.status_code in (404, 405, 409, 422), (path, fields, answer.status_code)
        assert "Balkans" not in answer.text, (path, fields)
    assert outbox(hub) == before
