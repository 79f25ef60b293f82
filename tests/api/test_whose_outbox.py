"""Whose a reply on its way is: its conversation's team's, whichever channel posts it."""

from __future__ import annotations

from hub.people.model import Role
from tests.api.client import Program, Programs


def listed(program: Program) -> list[int]:
    return [item["id"] for item in program.get("/outbox").json["items"]]


def test_a_reply_stays_with_its_conversation_when_the_channel_goes_to_another_team(programs: Programs) -> None:
    programs.fake.says("is the light normal?")
    programs.desk.pulls()
    programs.fake.fails("refuse")
    outbox_id = programs.desk.answers("Glad to help")
    programs.desk.waits(11)
    with programs.hub.database.transaction() as session:
        session.run("UPDATE channels SET team_id = :team_id", team_id=programs.other_team.id)
    ours, theirs = programs.start(Role.AGENT), programs.stranger()
    assert (listed(ours), listed(theirs)) == ([outbox_id], [])
    assert ours.get("/outbox", state="failed").json["items"]
    assert not theirs.get("/outbox", state="failed").json["items"]
    for ask in (theirs.get(f"/outbox/{outbox_id}"), theirs.post(f"/outbox/{outbox_id}/retry")):
        assert ask.status_code == 404
    assert ours.post(f"/outbox/{outbox_id}/retry").status_code == 200
