"""What reading programs ask for beside plain lists: what changed, what they look for, and who is to be named."""

from __future__ import annotations

import pytest

from hub.channels.webhook import store as hooks
from hub.connector import Author, ReplyRules
from hub.inbox.model import ConversationState
from hub.people.model import Role, TokenScope
from tests.api.client import Program, Programs

LENA = Author(id="lena", handle="@lena", name="Lena Brandt")
HOOK = "nobody-guesses-this-" + "x" * 23
JONAS = Author(id="jonas", handle="@jonas", name="Jonas")


@pytest.fixture
def program(programs: Programs) -> Program:
    programs.fake.says("is the light normal?", reply=ReplyRules(must_mention=(LENA, JONAS)))
    programs.desk.pulls()
    return programs.start(Role.ADMIN)


@pytest.mark.parametrize("path", ["/conversations/1", "/conversations/1/messages", "/conversations", "/openapi.json"])
def test_what_a_program_has_already_is_not_sent_again(program: Program, programs: Programs, path: str) -> None:
    first = program.get(path)
    etag = first.headers["ETag"]
    for known in (etag, f'"another", {etag}', "*", f"W/{etag}"):
        same = program.send("GET", path, headers={"If-None-Match": known})
        assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", etag)
    assert program.send("GET", path, headers={"If-None-Match": '"another"'}).data == first.data
    program.post("/conversations/1/replies", {"text": "Glad to help"})
    after = program.send("GET", path, headers={"If-None-Match": etag})
    assert after.status_code == (304 if path == "/openapi.json" else 200)
    assert not programs.start(Role.ADMIN).get("/conversations/4711").headers.get("ETag")


def test_a_foreign_conversation_says_nothing_whatever_one_has_of_it(program: Program, programs: Programs) -> None:
    etag = program.get("/conversations/1").headers["ETag"]
    asked = programs.stranger().send("GET", "/conversations/1", headers={"If-None-Match": etag})
    assert asked.status_code == 404


@pytest.mark.parametrize("searched", [{}, {"q": "light"}], ids=["listed", "searched"])
def test_conversations_are_listed_by_every_state_and_by_channel(
    program: Program, programs: Programs, searched: dict[str, str]
) -> None:
    for state in ConversationState:
        with programs.hub.database.transaction() as session:
            session.run("UPDATE conversations SET state = :state", state=state.value)
        found = {
            other: [each["id"] for each in program.get("/conversations", state=other.value, **searched).json["items"]]
            for other in ConversationState
        }
        assert found == {other: [1] if other is state else [] for other in ConversationState}
    mine = programs.desk.channel_id
    assert program.get("/conversations", channel=mine, **searched).json["items"]
    assert program.get("/conversations", channel=mine + 1, **searched).status_code == 404
    assert programs.stranger().get("/conversations", channel=mine, **searched).status_code == 404


WRONG: list[tuple[str, dict[str, object], str]] = [
    ("/conversations", {"state": "done"}, "state"),
    ("/conversations", {"channel": "shop"}, "channel"),
    ("/conversations", {"channel": 0}, "channel"),
    ("/conversations", {"q": "x" * 201}, "q"),
    ("/conversations", {"after": "nowhere"}, "after"),
    ("/conversations", {"after": "nowhere", "q": "light"}, "after"),
    ("/conversations", {"limit": 201}, "limit"),
    ("/conversations", {"limit": "many"}, "limit"),
    ("/conversations", {"colour": "red"}, "colour"),
    ("/conversations/1/messages", {"after": "nowhere"}, "after"),
    ("/outbox", {"state": "lost"}, "state"),
    ("/outbox", {"after": "nowhere"}, "after"),
    ("/events", {"after": "nowhere"}, "after"),
    ("/events", {"after": "1." + "9" * 30}, "after"),
    ("/events", {"limit": 0}, "limit"),
]


def test_what_cannot_be_looked_for_is_said_at_its_field(program: Program) -> None:
    for path, asked, field in WRONG:
        refused = program.get(path, **asked)
        assert (refused.status_code, refused.json["code"]) == (422, "invalid"), (path, asked)
        assert [error["field"] for error in refused.json["errors"]] == [field], (path, asked)


def test_a_message_tells_whom_an_answer_names_and_an_answer_may_leave_them_out(
    program: Program, programs: Programs
) -> None:
    [asked] = program.get("/conversations/1/messages").json["items"]
    assert [mention["id"] for mention in asked["mentions"]] == ["lena", "jonas"]
    assert asked["quote"] is False
    answered = program.post("/conversations/1/replies", {"text": "Yes", "mentions": [], "quote": True})
    assert answered.status_code == 202, answered.text
    programs.desk.waits(1)
    sent = programs.fake.sent[-1]
    assert sent.quote
    assert sent.mentions is not None
    assert "jonas" not in [author.id for author in sent.mentions]
    ours = program.get("/conversations/1/messages").json["items"][0]
    assert (ours["text"], ours["quote"]) == ("Yes", True)


def test_the_address_of_a_webhook_is_told_to_who_may_set_it_up(program: Program, programs: Programs) -> None:
    with programs.hub.database.transaction() as session:
        hooks.add_hook(session, HOOK, programs.desk.channel_id)
    place = f"/channels/{programs.desk.channel_id}"
    address = f"{programs.hub.config.base_url}/hooks/{HOOK}"
    for asked in (program, programs.start(Role.SUPERVISOR)):
        assert asked.get(place).json["webhook_address"] == address
        assert asked.get("/channels").json["items"][0]["webhook_address"] == address
    for asked in (programs.start(Role.AGENT), programs.start(Role.SUPERVISOR, TokenScope.READ)):
        assert asked.get(place).json["webhook_address"] is None
        assert HOOK not in asked.get("/channels").text
