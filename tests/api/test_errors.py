"""What is wrong with a request is said as problem details (RFC 9457), with the field at fault, and no more."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from hub.channels import connect
from hub.people import tokens
from hub.people.model import Role, TokenScope
from tests.api.client import Program, Programs


@pytest.fixture
def programs(on_sqlite: Programs) -> Programs:
    return on_sqlite


@pytest.fixture
def program(programs: Programs) -> Program:
    programs.fake.says("is the light normal?")
    programs.desk.pulls()
    return programs.start(Role.ADMIN)


def problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The problem an answer is, as every one has to be."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    found: dict[str, Any] = answer.json or {}
    assert (found["status"], found["code"], found["type"]) == (status, code, f"urn:problem-type:hubbub:{code}")
    assert found["title"]
    assert found["detail"]
    assert found["request_id"] == answer.headers["X-Request-Id"]
    return found


def at(answer: TestResponse, status: int = 422) -> tuple[str, str]:
    """Which field is at fault and why."""
    [error] = problem(answer, status, "invalid")["errors"]
    assert error["detail"]
    return error["field"], error["reason"]


REPLIES = "/conversations/1/replies"


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({}, "text", "missing"),
        ({"text": ""}, "text", "empty"),
        ({"text": "   "}, "text", "empty"),
        ({"text": 5}, "text", "wrong_type"),
        ({"text": None}, "text", "wrong_type"),
        ({"text": "x" * 100_001}, "text", "too_long"),
        ({"text": "x", "colour": "red"}, "colour", "unknown_member"),
        ({"text": "x", "visibility": "secret"}, "visibility", "not_a_choice"),
        ({"text": "x", "language": "not a language"}, "language", "wrong_form"),
        ({"text": "x", "content_warning": "x" * 501}, "content_warning", "too_long"),
        ({"text": "x", "attachments": [1]}, "attachments[0]", "wrong_type"),
        ({"text": "x", "attachments": ["x"] * 21}, "attachments", "wrong_number"),
        ({"text": "x", "attachments": ["unknown"]}, "attachments", "not_a_choice"),
        ({"text": "x", "send_at": "tomorrow"}, "send_at", "not_an_instant"),
        ({"text": "x", "send_at": "2026-03-02T09:00:00"}, "send_at", "not_an_instant"),
        ({"text": "x", "send_at": "2036-03-02T09:00:00Z"}, "send_at", "too_far"),
        ({"text": "x", "seen_version": "seven"}, "seen_version", "not_a_version"),
        ([], "", "wrong_type"),
    ],
)
def test_a_body_is_refused_at_the_field(
    body: Any, field: str, reason: str, program: Program, programs: Programs
) -> None:
    answer = program.post(REPLIES, body)
    if field:
        assert at(answer) == (field, reason)
    else:
        assert problem(answer, 422, "invalid")["reason"] == reason
    assert program.get("/outbox").json["items"] == []


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        ("limit=0", "limit", "out_of_range"),
        ("limit=201", "limit", "out_of_range"),
        ("limit=x", "limit", "wrong_type"),
        ("limit=", "limit", "wrong_type"),
        ("limit=" + "9" * 5000, "limit", "out_of_range"),
        ("state=closed", "state", "not_a_choice"),
        ("state=open&state=open", "state", "repeated_parameter"),
        ("sort=name", "sort", "unknown_parameter"),
        ("channel=0", "channel", "out_of_range"),
        ("after=%27%3B--", "after", "not_a_place"),
        ("after=" + "9" * 61, "after", "too_long"),
        ("q=" + "x" * 201, "q", "too_long"),
        ("q=x&after=5.5", "after", "not_a_place"),
    ],
)
def test_a_query_is_refused_at_the_parameter(query: str, field: str, reason: str, program: Program) -> None:
    assert at(program.send("GET", "/conversations", query_string=query)) == (field, reason)


def test_a_word_that_is_no_choice_is_answered_with_those_there_are(program: Program) -> None:
    visibility = problem(program.post(REPLIES, {"text": "x", "visibility": "secret"}), 422, "invalid")
    state = problem(program.get("/outbox", state="lost"), 422, "invalid")
    assert visibility["detail"].endswith("Choose one of these: public, unlisted, followers, direct")
    assert state["errors"][0]["detail"].endswith(": queued, sending, sent, failed, unknown, held, cancelled")


@pytest.mark.parametrize(
    "q", ['"', 'hello"', "AND", "a:b", "*", "x NEAR(", "^", "-x", "'", "%", "\\", "({[", "b:secret"]
)
def test_whatever_is_looked_for_is_taken_literally(q: str, program: Program) -> None:
    assert program.get("/conversations", q=q).status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{'text': 'x'}", b'{"text": "\\ud800"}', b"\xff", b"[" * 100_000, b'{"text": NaN}']
)
def test_what_is_no_json_cannot_be_read(body: bytes, program: Program) -> None:
    answer = program.send("POST", REPLIES, data=body, content_type="application/json")
    assert answer.status_code in (400, 422)
    problem(answer, answer.status_code, "malformed" if answer.status_code == 400 else "invalid")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_another_kind_of_body_is_not_read(content_type: str, program: Program) -> None:
    answer = program.send("POST", REPLIES, data=b'{"text": "x"}', content_type=content_type)
    assert "application/json" in problem(answer, 415, "unsupported_media_type")["detail"]


def test_a_picture_comes_in_a_form_and_nothing_else(program: Program) -> None:
    answer = program.post("/media", {"file": "x"})
    assert "multipart/form-data" in problem(answer, 415, "unsupported_media_type")["detail"]


def test_a_body_that_is_too_large_is_refused(program: Program) -> None:
    answer = program.post(REPLIES, {"text": "x" * 1_100_000})
    problem(answer, 413, "too_large")


@pytest.mark.parametrize("path", ["/", "/nothing", "/conversations/x", "/conversations/1/", "/v2/conversations", "//"])
def test_an_unknown_address_is_a_problem_too(path: str, program: Program) -> None:
    problem(program.send("GET", path), 404, "absent")


def test_below_api_everything_answers_as_an_api(program: Program) -> None:
    answer = program.client.get("/api/v2/conversations", base_url=program.base_url)
    problem(answer, 404, "absent")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "POST"])
def test_a_method_that_is_not_taken_is_said_with_those_that_are(method: str, program: Program) -> None:
    answer = program.send(method, "/conversations")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD"


def test_another_host_is_not_answered(program: Program) -> None:
    problem(program.send("GET", "/conversations", base_url="http://evil.example"), 400, "wrong_host")


def test_a_fault_of_ours_tells_nothing_of_our_inside(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("SELECT secret FROM tokens")

    monkeypatch.setattr(tokens, "find", broken)
    answer = program.get("/conversations")
    problem(answer, 500, "broken")
    assert "secret" not in answer.text
    assert "Runtime" not in answer.text


def test_a_token_is_asked_for_as_its_scheme_wants(programs: Programs, program: Program) -> None:
    nobody = programs.with_token("")
    asked = nobody.get("/conversations")
    problem(asked, 401, "no_token")
    assert asked.headers["WWW-Authenticate"] == 'Bearer realm="hubbub"'
    basic = nobody.send("GET", "/conversations", headers={"Authorization": "Basic YTpi"})
    problem(basic, 401, "no_token")
    wrong = programs.with_token("hub_wrong").get("/conversations")
    problem(wrong, 401, "wrong_token")
    assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]
    narrow = programs.start(Role.ADMIN, TokenScope.READ).post(REPLIES, {"text": "x"})
    problem(narrow, 403, "insufficient_scope")
    assert 'scope="reply"' in narrow.headers["WWW-Authenticate"]


def test_guessing_tokens_is_slowed_down_and_good_ones_go_on(programs: Programs, program: Program) -> None:
    guesser = programs.with_token("hub_guess")
    for _ in range(tokens.WRONG_TOKENS.burst):
        assert guesser.get("/conversations").status_code == 401
    refused = guesser.get("/conversations")
    problem(refused, 429, "too_many")
    assert int(refused.headers["Retry-After"]) == 10
    assert program.get("/conversations").status_code == 200


def test_an_error_is_worded_in_the_language_asked_for(program: Program) -> None:
    said = program.send("GET", "/nothing", headers={"Accept-Language": "de-AT, en;q=0.5"}).json
    assert said["title"] == "Hier ist nichts"


def test_every_answer_carries_what_protects_it(program: Program) -> None:
    for answer in (program.get("/conversations"), program.get("/nothing"), program.get("/openapi.json")):
        headers = answer.headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Authorization" in headers["Vary"]
        assert not [name for name, _ in headers if name.startswith("Access-Control-") or name == "Set-Cookie"]


def test_the_description_is_for_everybody(programs: Programs) -> None:
    answer = programs.with_token("").get("/openapi.json")
    assert (answer.status_code, answer.json["openapi"]) == (200, "3.1.0")


def test_a_channel_that_cannot_be_connected_says_at_which_setting(programs: Programs, program: Program) -> None:
    def connect_with(**body: Any) -> TestResponse:
        return program.post("/channels", {"kind": "fake", "settings": {}, "team_id": programs.team.id, **body})

    assert at(connect_with(settings={"handel": "@x"})) == ("settings.handel", "unknown_field")
    assert at(connect_with(settings={"handle": "x" * 2001})) == ("settings.handle", "too_long")
    assert at(connect_with(settings={"handle": None})) == ("settings", "wrong_type")
    assert at(connect_with(kind="telex")) == ("kind", "unknown_kind")
    assert at(connect_with(team_id=None)) == ("team_id", "missing")
    problem(connect_with(team_id=4711), 404, "absent")


def test_a_channel_that_is_gone_or_rests_says_so(programs: Programs, program: Program) -> None:
    path = f"/channels/{programs.desk.channel_id}"
    assert program.post(f"{path}/pause").json["state"] == "paused"
    assert problem(program.post(f"{path}/pull"), 409, "conflict")["reason"] == "paused"
    connect.remove_channel(programs.hub, programs.desk.channel_id)
    problem(program.get(path), 404, "absent")
