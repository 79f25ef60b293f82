"""Idempotency-Key: the same request twice is done once and answered alike, on both engines and by many at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from hub.api import store
from hub.connector import Check
from hub.people import teams
from hub.people.model import OPERATOR, Role
from tests.api.client import Program, Programs
from tests.api.test_work import hand_in, picture
from tests.desk import plug_in

REPLIES = "/conversations/1/replies"
GLAD = {"text": "Glad to help"}


@pytest.fixture
def program(programs: Programs) -> Program:
    programs.fake.says("is the light normal?")
    programs.desk.pulls()
    return programs.start(Role.ADMIN)


def sent(programs: Programs) -> list[str]:
    """What arrived at the network, once everything queued has left."""
    for _ in range(5):
        programs.desk.waits(60)
    return [arrival.text for arrival in programs.fake.arrivals]


def test_the_same_request_twice_is_one_reply_and_the_same_answer(program: Program, programs: Programs) -> None:
    first = program.post(REPLIES, GLAD, key='"4f1e"')
    again = program.post(REPLIES, GLAD, key="4f1e")
    assert (first.status_code, again.status_code) == (202, 202)
    assert (first.data, first.headers["Location"]) == (again.data, again.headers["Location"])
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert sent(programs) == ["Glad to help"]


def test_the_answer_stays_the_same_when_the_reply_has_left(program: Program, programs: Programs) -> None:
    first = program.post(REPLIES, GLAD, key="k")
    assert sent(programs) == ["Glad to help"]
    assert program.post(REPLIES, GLAD, key="k").data == first.data
    assert sent(programs) == ["Glad to help"]


def test_a_key_used_for_another_request_is_refused(program: Program, programs: Programs) -> None:
    program.post(REPLIES, GLAD, key="k")
    for path, body in [
        (REPLIES, {"text": "Another"}),
        (REPLIES, {**GLAD, "content_warning": "spoiler"}),
        ("/conversations/1/notes", GLAD),
    ]:
        refused = program.post(path, body, key="k")
        assert (refused.status_code, refused.json["code"]) == (422, "key_reused")
    assert sent(programs) == ["Glad to help"]


def test_the_same_request_written_differently_is_the_same(program: Program, programs: Programs) -> None:
    first = program.post(REPLIES, {"text": "Glad to help", "language": "en"}, key="k")
    spelled = b' { "language":"en", "text":"Glad \\u0074o help" } '
    again = program.send(
        "POST", REPLIES, data=spelled, content_type="application/json", headers={"Idempotency-Key": "k"}
    )
    assert again.data == first.data


def test_a_request_without_a_key_is_done_each_time(program: Program, programs: Programs) -> None:
    program.post(REPLIES, GLAD)
    program.post(REPLIES, GLAD)
    assert sent(programs) == ["Glad to help", "Glad to help"]


def test_keys_of_two_programs_have_nothing_to_do_with_each_other(program: Program, programs: Programs) -> None:
    program.post(REPLIES, GLAD, key="k")
    programs.start(Role.ADMIN).post(REPLIES, {"text": "Me too"}, key="k")
    assert sorted(sent(programs)) == ["Glad to help", "Me too"]


def test_many_at_once_are_one(program: Program, programs: Programs) -> None:
    """Whoever comes while the first is worked on is told so, or gets its answer; never a second reply."""
    answers: list[TestResponse] = []
    ready = threading.Barrier(50)

    def ask() -> None:
        ready.wait()
        answers.append(Program(programs.app, program.base_url, program.token).post(REPLIES, GLAD, key="k"))

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [answer for answer in answers if answer.status_code == 202]
    assert done
    assert len({answer.data for answer in done}) == 1
    waiting = [answer for answer in answers if answer.status_code != 202]
    assert {(answer.status_code, answer.json["code"]) for answer in waiting} <= {(409, "under_way")}
    assert sent(programs) == ["Glad to help"]


def test_a_request_that_is_worked_on_is_told_to_wait(program: Program, programs: Programs) -> None:
    new = {"kind": "slow", "settings": {}, "team_id": programs.team.id}
    meanwhile: list[TestResponse] = []
    plug_in_slow(programs, lambda: meanwhile.append(program.post("/channels", new, key="k")))
    first = program.post("/channels", new, key="k")
    assert first.status_code == 201
    assert [(answer.status_code, answer.json["code"]) for answer in meanwhile] == [(409, "under_way")]
    assert meanwhile[0].headers["Retry-After"] == "1"
    assert program.post("/channels", new, key="k").data == first.data


def plug_in_slow(programs: Programs, meanwhile: Callable[[], None]) -> None:
    """A network whose connection test takes so long that something happens meanwhile."""
    connector = programs.fake.connector_class(kind="slow")

    class Slow(connector):  # type: ignore[misc, valid-type]
        def check(self) -> Check:
            meanwhile()
            return super().check()

    plug_in(programs.hub.plugins, Slow)


def test_a_request_that_was_refused_leaves_its_key_free(program: Program, programs: Programs) -> None:
    assert program.post(REPLIES, {"text": " "}, key="k").status_code == 422
    assert program.post("/conversations/4711/replies", GLAD, key="k").status_code == 404
    assert program.post(REPLIES, GLAD, key="k").status_code == 202
    assert sent(programs) == ["Glad to help"]


def test_a_request_whose_process_died_is_done_again_and_sends_nothing_twice(
    program: Program, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It died after the reply was queued, before its answer was kept."""

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "finish", die)
    with pytest.raises(KeyboardInterrupt):
        program.post(REPLIES, GLAD, key="k")
    monkeypatch.undo()
    assert program.post(REPLIES, GLAD, key="k").json["code"] == "under_way"
    programs.hub.clock.tick(61)  # type: ignore[attr-defined]
    again = program.post(REPLIES, GLAD, key="k")
    assert again.status_code == 202
    assert again.data == program.post(REPLIES, GLAD, key="k").data
    assert sent(programs) == ["Glad to help"]


def test_a_note_whose_process_died_is_written_once(
    program: Program, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "finish", die)
    with pytest.raises(KeyboardInterrupt):
        program.post("/conversations/1/notes", {"text": "Call her back"}, key="k")
    monkeypatch.undo()
    programs.hub.clock.tick(61)  # type: ignore[attr-defined]
    assert program.post("/conversations/1/notes", {"text": "Call her back"}, key="k").status_code == 201
    said = program.get("/conversations/1/messages").json["items"]
    assert [each["text"] for each in said if each["direction"] == "note"] == ["Call her back"]


def test_a_key_is_kept_for_a_day_and_even_then_nothing_is_sent_twice(program: Program, programs: Programs) -> None:
    program.post(REPLIES, GLAD, key="k")
    programs.hub.clock.tick(timedelta(hours=25).total_seconds())  # type: ignore[attr-defined]
    program.post("/conversations/1/notes", {"text": "x"}, key="other")
    assert keys(programs) == 1
    again = program.post(REPLIES, GLAD, key="k")
    assert again.status_code == 202
    assert "Idempotent-Replayed" not in again.headers
    assert sent(programs) == ["Glad to help"]


def test_anything_else_under_a_key_that_was_forgotten_is_refused(program: Program, programs: Programs) -> None:
    """The reply is known by its key for longer than the request: then all of it is compared, not its text alone."""
    asked = {**GLAD, "language": "en"}
    first = program.post(REPLIES, asked, key="k")
    programs.hub.clock.tick(timedelta(hours=25).total_seconds())  # type: ignore[attr-defined]
    media = hand_in(program, picture()).json["id"]
    for other in (
        {"text": "Another"},
        {"visibility": "direct"},
        {"content_warning": "spoiler"},
        {"language": "de"},
        {"attachments": [media]},
        {"send_at": "2099-01-01T00:00:00Z"},
    ):
        refused = program.post(REPLIES, {**asked, **other}, key="k")
        assert (refused.status_code, refused.json["code"], refused.json["reason"]) == (
            409,
            "conflict",
            "already_sent",
        ), other
    assert program.post(REPLIES, asked, key="k").json["id"] == first.json["id"]
    assert sent(programs) == ["Glad to help"]


def keys(programs: Programs) -> int:
    with programs.hub.database.reading() as session:
        row = session.one("SELECT count(*) AS found FROM idempotency_keys")
    return int(row["found"]) if row else 0


def test_an_answer_is_not_repeated_to_somebody_who_may_no_longer_see_it(program: Program, programs: Programs) -> None:
    ana = programs.hire(Role.AGENT)
    hers = programs.of(ana)
    first = hers.post(REPLIES, GLAD, key="k")
    teams.remove_member(programs.hub, OPERATOR, programs.team.id, ana.id)
    assert hers.post(REPLIES, GLAD, key="k").status_code == 404
    teams.add_member(programs.hub, OPERATOR, programs.team.id, ana.email)
    assert hers.post(REPLIES, GLAD, key="k").data == first.data
    assert sent(programs) == ["Glad to help"]


def test_a_key_shows_nothing_of_a_team_that_was_left(program: Program, programs: Programs) -> None:
    """With other rights the request is judged anew, and what the key did then is not theirs to see any more."""
    plug_in(programs.hub.plugins, programs.fake.connector_class(kind="shop"))
    mia = programs.hire(Role.SUPERVISOR)
    hers, mine, theirs = programs.of(mia), programs.team.id, programs.other_team.id
    connected = {"kind": "shop", "settings": {"handle": "@mias"}}
    assert hers.post("/channels", {**connected, "team_id": mine}, key="k").status_code == 201
    teams.remove_member(programs.hub, OPERATOR, mine, mia.id)
    teams.add_member(programs.hub, OPERATOR, theirs, mia.email)
    assert hers.post("/channels", {**connected, "team_id": theirs}, key="k").status_code == 404


def test_what_is_no_key_is_refused(program: Program, programs: Programs) -> None:
    for key in ("", "x" * 201, "two words", 'half"', "ümlaut", '"'):
        refused = program.post(REPLIES, GLAD, key=key)
        assert (refused.status_code, refused.json["code"]) == (400, "key_malformed"), key
    assert sent(programs) == []


def test_a_retry_under_a_key_is_one_retry(program: Program, programs: Programs) -> None:
    programs.fake.fails("refuse")
    failed = program.post(REPLIES, GLAD).json["id"]
    programs.desk.works()
    assert program.get(f"/outbox/{failed}").json["state"] == "failed"
    first = program.post(f"/outbox/{failed}/retry", key="again")
    programs.desk.works()
    assert program.post(f"/outbox/{failed}/retry", key="again").data == first.data
    assert program.post(f"/outbox/{failed}/retry").status_code == 409
    assert sent(programs) == ["Glad to help"]
