"""Whatever a network's JSON may hold crosses the pipe and comes to the disk: one odd number is no fault of a plugin."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.channels import wire
from hub.channels.wire import Answer
from hub.connector import Author, Incoming, Kind, Page, Visibility
from hub.inbox.store.intake import to_json
from hub.kernel.http import Response

TEXT = st.text(st.characters(codec=None), max_size=20)  # lone surrogates and NUL are among them
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(-(10**30), 10**30) | st.floats() | TEXT,
    lambda each: st.lists(each, max_size=4) | st.dictionaries(TEXT, each, max_size=4),
    max_leaves=20,
)


def crossed(raw: dict[str, Any]) -> dict[str, Any]:
    """What is told on the other side of a message with this raw form."""
    message = Incoming(
        remote_id="1",
        revision="1",
        kind=Kind.COMMENT,
        author=Author(id="lena"),
        text="hello",
        created_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        visibility=Visibility.PUBLIC,
        raw=raw,
    )
    page = wire.read_answer("pull", Answer(id=1, result=wire.encode(Page(cursor="0", messages=(message,)))))
    (told,) = page.messages
    found: dict[str, Any] = dict(told.raw)
    return found


@given(VALUES)
def test_any_json_crosses_the_pipe_and_can_be_stored(value: Any) -> None:
    stored = to_json(crossed({"value": value}))
    stored.encode()
    assert json.loads(stored).keys() == {"value"}


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**30, 2**64 - 1, -(2**63)])
def test_a_number_of_any_size_keeps_its_digits(number: int) -> None:
    assert str(crossed({"of": [number]})["of"][0]) == str(number)


@pytest.mark.parametrize("inside", ["1", '"\\ud800"', "9" * 30])
def test_what_a_door_reads_of_any_depth_crosses_the_pipe(inside: str) -> None:
    for depth in (10, 99, 100, 101, 300, 500, 700, 900):
        answer = Response(status=200, body=('{"a":' * depth + inside + "}" * depth).encode())
        told: Any = crossed(answer.json())
        for _ in range(9):
            told = told["a"]
        to_json(told)
