"""What programs do all day: read on where a page ended, answer what they have seen, decide about the outbox."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from hub.channels import connect
from hub.connector import Attachment, Author, DeletedBy, Features, ReplyRules, Visibility
from hub.errors import AuthExpired
from hub.inbox.follow import follow_outbox
from hub.inbox.read import mark_read
from hub.inbox.store import conversations
from hub.kernel import log
from hub.outbox import store as outbox
from hub.people.model import Role
from tests.api.client import Program, Programs
from tests.desk import plug_in

REPLIES = "/conversations/1/replies"


@pytest.fixture
def program(programs: Programs) -> Program:
    programs.fake.says("is the light normal?")
    programs.desk.pulls()
    return programs.start(Role.ADMIN)


def people(programs: Programs, count: int) -> None:
    """So many people say something, each in a conversation of their own."""
    for number in range(count):
        programs.fake.says(f"question {number}", by=Author(id=f"p{number}", handle=f"@p{number}", name=f"P{number}"))
    programs.desk.pulls()


def walk(program: Program, path: str, **query: Any) -> list[dict[str, Any]]:
    """Everything a list holds, page by page."""
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = told(program.get(path, limit=2, **query, **after))
        assert len(page["items"]) <= 2
        found += page["items"]
        if page["next"] is None:
            return found
        after = {"after": page["next"]}


def told(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code < 300, answer.text
    found: dict[str, Any] = answer.json or {}
    return found


# Reading


def test_conversations_are_listed_newest_first_and_page_by_page(program: Program, programs: Programs) -> None:
    people(programs, 4)
    snippets = [each["snippet"] for each in walk(program, "/conversations")]
    assert snippets == ["question 3", "question 2", "question 1", "question 0", "is the light normal?"]
    of_channel = walk(program, "/conversations", channel=programs.desk.channel_id)
    assert len(of_channel) == 5


def test_conversations_are_listed_by_their_state(program: Program, programs: Programs) -> None:
    people(programs, 2)
    program.post(REPLIES, {"text": "Yes."})
    assert [each["id"] for each in walk(program, "/conversations", state="waiting")] == [1]
    assert {each["id"] for each in walk(program, "/conversations", state="open")} == {2, 3}
    assert walk(program, "/conversations", state="resolved") == []
    lead = programs.start(Role.SUPERVISOR)
    assert [each["id"] for each in walk(lead, "/conversations", state="waiting")] == [1]


def test_conversations_are_found_by_what_was_said(program: Program, programs: Programs) -> None:
    people(programs, 5)
    assert [each["snippet"] for each in walk(program, "/conversations", q="question 3")] == ["question 3"]
    assert len(walk(program, "/conversations", q="question")) == 5
    assert walk(program, "/conversations", q="nobody said this") == []


def test_a_conversation_tells_whether_and_how_it_can_be_answered(program: Program) -> None:
    found = told(program.get("/conversations/1"))
    author = {"name": "Lena Brandt", "emoji": [], "handle": "@lena", "trust": "network"}
    assert found["conversation"]["author"] == author
    assert found["conversation"]["last_at"].endswith("Z")
    assert found["answerable"]["allowed"] is True
    assert found["answerable"]["visibilities"] == ["public"]
    assert found["post"] is None


def test_reading_through_the_api_leaves_the_unread_mark(program: Program) -> None:
    program.get("/conversations/1")
    program.get("/conversations/1/messages")
    assert told(program.get("/conversations/1"))["conversation"]["unread"] == 1


def test_messages_are_listed_newest_first_and_page_by_page(program: Program, programs: Programs) -> None:
    for number in range(3):
        programs.fake.says(f"and {number}?", parent="m1", root="m1")
    programs.desk.pulls()
    program.post(REPLIES, {"text": "One moment."})
    program.post("/conversations/1/notes", {"text": "Call her."})
    said = walk(program, "/conversations/1/messages")
    assert [each["text"] for each in reversed(said)] == [
        "is the light normal?",
        "and 0?",
        "and 1?",
        "and 2?",
        "One moment.",
        "Call her.",
    ]
    assert [each["direction"] for each in said[:3]] == ["note", "out", "in"]


def test_a_channel_that_changed_its_team_shows_no_conversation_of_the_old_one(
    program: Program, programs: Programs
) -> None:
    desk = programs.desk
    connect.change_channel(
        programs.hub, desk.connectors, desk.channel_id, name="@bw", team_id=programs.other_team.id, values={}
    )
    programs.fake.says("new here", by=Author(id="x", handle="@x", name="X"))
    desk.pulls()
    stranger = programs.stranger(Role.SUPERVISOR)
    assert [each["snippet"] for each in walk(stranger, "/conversations", channel=desk.channel_id)] == ["new here"]
    assert [each["snippet"] for each in walk(stranger, "/conversations")] == ["new here"]
    assert len(walk(program, "/conversations", channel=desk.channel_id)) == 2


def test_a_link_that_would_run_something_is_no_link(program: Program, programs: Programs) -> None:
    programs.fake.says("look", by=Author(id="x", handle="@x", name="X"))
    bad = Attachment(kind="file", url="javascript:alert(1)", alt="a")
    programs.fake.feed[-1] = replace(programs.fake.feed[-1], attachments=(bad,), permalink="javascript:alert(1)")
    programs.desk.pulls()
    [message] = told(program.get("/conversations/2/messages"))["items"]
    assert (message["permalink"], message["attachments"][0]["url"]) == (None, None)


# Answering


def test_an_answer_to_what_has_gone_on_is_refused_with_what_is_new(program: Program, programs: Programs) -> None:
    seen = told(program.get("/conversations/1"))["conversation"]["version"]
    programs.fake.says("never mind, solved", parent="m1", root="m1")
    programs.desk.pulls()
    refused = program.post(REPLIES, {"text": "Yes.", "seen_version": seen})
    assert (refused.status_code, refused.json["code"]) == (409, "stale")
    assert [each["text"] for each in refused.json["messages"]] == ["never mind, solved"]
    again = program.post(REPLIES, {"text": "Great!", "seen_version": refused.json["version"]})
    assert again.status_code == 202


def test_an_edit_and_a_note_are_new_too_and_looking_is_not(program: Program, programs: Programs) -> None:
    def version() -> str:
        return str(told(program.get("/conversations/1/messages"))["version"])

    def answer(seen: str) -> int:
        return program.post(REPLIES, {"text": "Yes.", "seen_version": seen}).status_code

    seen = version()
    programs.fake.says("is the RED light normal?", id="m1", revision="2")
    programs.desk.pulls()
    assert answer(seen) == 409
    seen = version()
    program.post("/conversations/1/notes", {"text": "She called."})
    assert answer(seen) == 409
    seen = version()
    with programs.hub.database.transaction() as session:
        mark_read(programs.hub, session, conversations.conversation(session, 1))
    assert version() == seen
    assert answer(seen) == 202


def test_the_delivery_of_an_answer_does_not_make_a_version_old(program: Program, programs: Programs) -> None:
    program.post(REPLIES, {"text": "Yes."})
    seen = told(program.get("/conversations/1"))["conversation"]["version"]
    programs.desk.works()
    follow_outbox(programs.hub)
    assert told(program.get("/conversations/1"))["conversation"]["version"] == seen


def test_an_answer_leaves_when_it_is_meant_to_and_holds_no_other_back(program: Program, programs: Programs) -> None:
    later = programs.hub.clock() + timedelta(hours=5)
    put_off = told(program.post(REPLIES, {"text": "Later.", "send_at": later.isoformat()}))
    assert put_off["due_at"] == later.isoformat().replace("+00:00", "Z")
    program.post(REPLIES, {"text": "At once."})
    programs.desk.works()
    assert [arrival.text for arrival in programs.fake.arrivals] == ["At once."]
    programs.desk.waits(5 * 3600 - 1)
    assert len(programs.fake.arrivals) == 1
    programs.desk.waits(1)
    assert [arrival.text for arrival in programs.fake.arrivals] == ["At once.", "Later."]


def test_an_answer_put_off_waits_for_its_time_though_the_clock_was_set_back(
    program: Program, programs: Programs
) -> None:
    programs.hub.clock.tick(86_400)  # type: ignore[attr-defined]
    later = programs.hub.clock() + timedelta(hours=1)
    sent = told(program.post(REPLIES, {"text": "Later.", "send_at": later.isoformat()}))
    programs.hub.clock.tick(-86_400)  # type: ignore[attr-defined]
    with programs.hub.database.transaction() as session:
        outbox.bring_forward(session, now=programs.hub.clock())
    programs.desk.works()
    assert programs.fake.arrivals == []
    assert told(program.get(f"/outbox/{sent['id']}"))["due_at"] == sent["due_at"]


def test_a_time_that_is_past_means_at_once(program: Program, programs: Programs) -> None:
    program.post(REPLIES, {"text": "Yes.", "send_at": "2020-01-01T00:00:00+01:00"})
    programs.desk.works()
    assert [arrival.text for arrival in programs.fake.arrivals] == ["Yes."]


def test_an_answer_never_reaches_more_people_than_the_question(program: Program, programs: Programs) -> None:
    programs.fake.says("psst", by=Author(id="x", handle="@x", name="X"), visibility=Visibility.DIRECT)
    programs.desk.pulls()
    refused = program.post("/conversations/2/replies", {"text": "Yes.", "visibility": "public"})
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json["errors"]] == ["visibility"]


def test_what_cannot_be_answered_says_why(program: Program, programs: Programs) -> None:
    programs.fake.deletes("m1")
    programs.desk.pulls()
    refused = program.post(REPLIES, {"text": "Yes."})
    assert (refused.status_code, refused.json["reason"]) == (409, "deleted")


def test_why_a_message_is_gone_is_told_with_it_and_to_who_answers_it(program: Program, programs: Programs) -> None:
    programs.fake.deletes("m1", by=DeletedBy.BLOCKED)
    programs.desk.pulls()
    (told,) = program.get("/conversations/1/messages").json["items"]
    assert told["deleted_by"] == "blocked"
    refused = program.post(REPLIES, {"text": "Yes."})
    assert (refused.status_code, refused.json["reason"]) == (409, "blocked_by_author")


# Pictures


def picture(color: str = "teal") -> io.BytesIO:
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(drawn, "PNG")
    drawn.seek(0)
    return drawn


def hand_in(program: Program, body: io.BytesIO, *, key: str | None = None, **fields: Any) -> TestResponse:
    headers = {} if key is None else {"Idempotency-Key": key}
    return program.send("POST", "/media", data={"file": (body, "light.png"), **fields}, headers=headers)


def test_a_picture_is_handed_in_and_goes_with_the_answer(program: Program, programs: Programs) -> None:
    features = programs.hub.plugins.connectors["fake"].features
    programs.hub.plugins.connectors["fake"].features = with_pictures(features)
    media = told(hand_in(program, picture(), description="A red light"))
    assert (media["description"], media["media_type"], media["width"]) == ("A red light", "image/png", 8)
    sent = program.post(REPLIES, {"text": "Like this?", "attachments": [media["id"]]})
    assert sent.status_code == 202, sent.text
    [message] = told(program.get("/conversations/1/messages", limit=1))["items"]
    assert [each["description"] for each in message["attachments"]] == ["A red light"]
    refused = program.post(REPLIES, {"text": "Again", "attachments": [media["id"]]})
    assert refused.status_code == 422


def with_pictures(features: Features) -> Features:
    return replace(features, attachments=4)


def test_another_s_picture_cannot_be_sent(program: Program, programs: Programs) -> None:
    programs.hub.plugins.connectors["fake"].features = with_pictures(programs.hub.plugins.connectors["fake"].features)
    media = told(hand_in(programs.start(Role.AGENT), picture()))
    refused = program.post(REPLIES, {"text": "Mine?", "attachments": [media["id"]]})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "attachments")


def test_a_quote_and_pictures_that_a_message_does_not_take_are_refused_before_anything_is_queued(
    program: Program, programs: Programs
) -> None:
    rules = ReplyRules(impossible=("quote", "pictures"))
    programs.fake.says("between us", parent="m1", at=programs.fake.clock(), reply=rules)
    programs.desk.pulls()
    media = told(hand_in(program, picture()))
    for asked, field in [({"quote": True}, "quote"), ({"attachments": [media["id"]]}, "attachments")]:
        refused = program.post(REPLIES, {"text": "Like this", **asked})
        assert (refused.status_code, [each["field"] for each in refused.json["errors"]]) == (422, [field])
    assert told(program.get("/outbox"))["items"] == []


def test_what_is_no_picture_is_refused_at_the_file(program: Program) -> None:
    for body, fields, field in [
        (io.BytesIO(b"<svg/>"), {}, "file"),
        (picture(), {"description": "x" * 1501}, "description"),
        (picture(), {"alt": "x"}, "alt"),
    ]:
        refused = hand_in(program, body, **fields)
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, field)
    missing = program.send("POST", "/media", data={"description": "x"}, content_type="multipart/form-data")
    assert missing.json["errors"][0] | {"detail": ""} == {"field": "file", "reason": "missing", "detail": ""}


def test_a_form_that_is_far_too_large_is_not_even_read(program: Program) -> None:
    form = {"data": b"x" * 11_000_000, "content_type": "multipart/form-data; boundary=x"}
    assert program.send("POST", "/media", **form).json["code"] == "too_large"


def test_the_same_picture_under_a_key_is_one(program: Program) -> None:
    first = hand_in(program, picture(), key="k")
    assert hand_in(program, picture(), key="k").data == first.data
    assert hand_in(program, picture("red"), key="k").json["code"] == "key_reused"


# The outbox


def test_the_outbox_is_listed_by_state_and_decided_about(program: Program, programs: Programs) -> None:
    programs.fake.fails("refuse", "mute")
    for text in ("one", "two", "three"):
        program.post(REPLIES, {"text": text})
        programs.desk.works()
    ids = [each["id"] for each in walk(program, "/outbox")]
    assert ids == sorted(ids, reverse=True)
    [failed] = walk(program, "/outbox", state="failed")
    assert failed["text"] == "one"
    assert failed["trouble"]["detail"]
    assert told(program.post(f"/outbox/{failed['id']}/cancel"))["state"] == "cancelled"
    assert program.post(f"/outbox/{failed['id']}/cancel").json["reason"] == "wrong_state"
    assert walk(program, "/outbox", state="failed") == []


def test_a_reply_that_somebody_has_seen_there_is_marked(program: Program, programs: Programs) -> None:
    programs.fake.fails("refuse")
    failed = told(program.post(REPLIES, {"text": "one"}))["id"]
    programs.desk.works()
    assert told(program.post(f"/outbox/{failed}/mark-sent"))["state"] == "sent"


def test_nothing_is_sent_again_through_a_channel_that_is_gone(program: Program, programs: Programs) -> None:
    programs.fake.fails("refuse")
    failed = told(program.post(REPLIES, {"text": "one"}))["id"]
    programs.desk.works()
    connect.remove_channel(programs.hub, programs.desk.channel_id)
    refused = program.post(f"/outbox/{failed}/retry")
    assert (refused.status_code, refused.json["reason"]) == (409, "removed")
    assert told(program.get(f"/outbox/{failed}"))["state"] == "failed"


# Events


def test_events_are_told_from_where_one_left_off(program: Program, programs: Programs) -> None:
    start = told(program.get("/events"))
    assert start["items"] == []
    programs.fake.says("and now?", parent="m1", root="m1")
    programs.desk.pulls()
    program.post("/conversations/1/notes", {"text": "Call her."})
    first = told(program.get("/events", after=start["next"], limit=1))
    assert first["more"] is True
    rest = told(program.get("/events", after=first["next"]))
    events = first["items"] + rest["items"]
    assert [each["kind"] for each in events] == ["message_received", "note_written"]
    assert {each["conversation_id"] for each in events} == {1}
    assert events[0]["data"]["direction"] == "in"
    assert "and now?" not in str(events)
    end = told(program.get("/events", after=rest["next"]))
    assert (end["items"], end["next"], end["more"]) == ([], rest["next"], False)


def test_events_of_other_teams_are_passed_over(program: Program, programs: Programs) -> None:
    start = told(program.get("/events"))["next"]
    program.post("/conversations/1/notes", {"text": "Call her."})
    stranger = programs.stranger(Role.SUPERVISOR)
    page = told(stranger.get("/events", after=start))
    assert page["items"] == []
    assert page["next"] == told(program.get("/events", after=start))["next"]


def test_a_position_that_is_no_longer_kept_is_gone(program: Program, programs: Programs) -> None:
    with programs.hub.database.transaction() as session:
        log.forget(session, before=programs.hub.clock() + timedelta(seconds=1))
    program.post("/conversations/1/notes", {"text": "Call her."})
    gone = program.get("/events", after="0.0")
    assert (gone.status_code, gone.json["code"]) == (410, "forgotten")
    assert program.get("/events", after="nowhere").json["errors"][0]["reason"] == "not_a_position"


# Channels


def test_a_channel_is_connected_tested_looked_at_paused_and_resumed(program: Program, programs: Programs) -> None:
    plug_in(programs.hub.plugins, programs.fake.connector_class(kind="shop"))
    [kind] = [each for each in told(program.get("/channel-kinds"))["items"] if each["kind"] == "shop"]
    assert [(each["name"], each["secret"]) for each in kind["settings"]] == [("handle", False), ("token", True)]
    new = {"kind": "shop", "name": "Shop", "team_id": programs.team.id, "settings": {"token": "hush-hush"}}
    made = program.post("/channels", new)
    assert made.status_code == 201, made.text
    assert made.headers["Location"] == f"/api/v1/channels/{made.json['id']}"
    assert "hush-hush" not in made.text
    path = made.headers["Location"].removeprefix("/api/v1")
    assert told(program.get(path))["name"] == "Shop"
    assert told(program.post(f"{path}/pause"))["state"] == "paused"
    assert told(program.post(f"{path}/resume"))["state"] == "active"
    assert program.post(f"{path}/pull").status_code == 202
    assert told(program.post(f"{path}/check"))["trouble"] is None
    assert [each["name"] for each in told(program.get("/channels"))["items"]] == ["@brightwater", "Shop"]


def test_a_connection_that_fails_its_test_says_why(
    program: Program, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise AuthExpired("revoked")

    monkeypatch.setattr(programs.hub.plugins.connectors["fake"], "check", refuse)
    checked = told(program.post(f"/channels/{programs.desk.channel_id}/check"))
    assert (checked["state"], checked["trouble"]["reason"]) == ("signed_out", "revoked")
