"""Full-text search: what is found, at once and for whom, whatever is typed; the same on both engines."""

from __future__ import annotations

from hub.inbox.indexing import sweep
from hub.inbox.search import Found, search_conversations
from hub.people.model import OPERATOR
from tests.desk import Desk

EVERYWHERE = OPERATOR


def found(desk: Desk, typed: str, **where: object) -> list[str]:
    """The snippets of what is found."""
    return [hit.line.conversation.snippet for hit in finding(desk, typed, **where).hits]


def finding(desk: Desk, typed: str, **where: object) -> Found:
    with desk.hub.database.reading() as session:
        return search_conversations(session, where.pop("who", EVERYWHERE), typed, **where)  # type: ignore[arg-type]


def test_a_message_is_found_at_once_and_after_the_sweep(desk: Desk) -> None:
    desk.fake.says("The Crème brûlée was late", id="a").says("Nothing to see", id="b")
    desk.pulls()
    assert found(desk, "creme brul") == ["The Crème brûlée was late"]
    assert sweep(desk.hub) == 2
    assert found(desk, "creme brul") == ["The Crème brûlée was late"]
    assert found(desk, "late creme") == ["The Crème brûlée was late"]
    assert found(desk, '"creme brulee"') == ["The Crème brûlée was late"]
