"""The thin line: a token lists conversations, answers one and sees in the outbox what became of it."""

from __future__ import annotations

from tests.api.client import Programs


def test_a_program_reads_answers_and_learns_what_became_of_it(programs: Programs) -> None:
    desk = programs.desk
    programs.fake.says("is the red light normal?")
    desk.pulls()
    program = programs.start()
    listed = program.get("/conversations", state="open").json
    assert [each["snippet"] for each in listed["items"]] == ["is the red light normal?"]
    conversation = listed["items"][0]
    sent = program.post(
        f"/conversations/{conversation['id']}/replies",
        {"text": "Yes, after ten weeks it is.", "seen_version": conversation["version"]},
        key="answer-1",
    )
    assert sent.status_code == 202, sent.text
    assert sent.json["state"] == "queued"
    desk.works()
    settled = program.send("GET", sent.headers["Location"].removeprefix("/api/v1")).json
    assert (settled["state"], settled["trouble"]) == ("sent", None)
    assert [arrival.text for arrival in programs.fake.arrivals] == ["Yes, after ten weeks it is."]
    said = program.get(f"/conversations/{conversation['id']}/messages").json
    assert [each["direction"] for each in said["items"]] == ["out", "in"]
