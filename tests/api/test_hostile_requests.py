"""Whatever stands in the body or the query of a request: it is refused by name, changes nothing, and breaks nothing.

Every operation is walked, so that a new one is tried as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from hub.people.model import Role
from tests.api.client import Program, Programs
from tests.api.routes import ASKED
from tests.api.test_routes import BY_NAME, Place, contents, place

__all__ = ["place"]

TAKES_JSON = [route for route, asked in ASKED.items() if asked.body is not None]
TAKES_QUERY = [route for route, each in BY_NAME.items() if each.query is not None]

NOT_THEIRS = (
    *("role", "is_admin", "verified", "created_at", "updated_at", "id", "remote_id", "status", "state", "agent_id"),
    *("token_id", "scopes", "author", "__class__", "__proto__", "constructor", "Text", "text ", "te\u200bxt", ""),
)
"""Members that nobody may set (OWASP ASVS 5.0, 15.3.3)."""

WORDS = (
    *("'", "')", '"', "';--", "\u2019", "\uff07", "\u02bc", "0) UNION SELECT 1--", "CASE WHEN 1=1 THEN 1 ELSE 0 END"),
    *("-1", "1e3", "0x1", "1_000", "٣", "NaN", "inf", "5.5.5", "%00", "\0", "\u202e", "null", "[]", "{}"),
    *("9" * 30, "9" * 5000, "x" * 5000, "*", "a:b", "NEAR(", "1 OR 1=1", "pg_sleep(1)", "../", "\x1b[31m"),
)
UNKNOWN = ("sort", "order", "fields", "filter[name]", "where", "offset", "page", "debug", "_trace", "scope", "Limit")


def spoilt(body: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """A good body made bad in every way JSON can be."""
    good = json.dumps(body)
    name, value = next(iter(body.items()))
    member = json.dumps(name).encode()
    yield "a member twice", f"{good[:-1]}, {json.dumps(name)}: {json.dumps(value)}}}".encode()
    yield "a member twice, once escaped", f'{good[:-1]}, "\\u{ord(name[0]):04x}{name[1:]}": null}}'.encode()
    for odd in (b"NaN", b"Infinity", b"-Infinity", b"9" * 1_000_000, b"1e400", b"-0", b"0x10", b"01", b"1_0", b"'x'"):
        yield odd[:10].decode(), b"{" + member + b": " + odd + b"}"
    for depth, ends in ((100_000, b"[]"), (100_000, b"[")):
        yield f"{depth} deep {ends.decode()}", b"{" + member + b": " + ends[:1] * depth + ends[1:] * depth + b"}"
    yield "deep objects", b'{"a":' * 50_000 + b"1" + b"}" * 50_000
    for raw in (b'"\\ud800"', b'"\\udc00\\ud800"', b'"\xed\xa0\x80"', b'"\xff"', b'"a\x00b"', b'"a\nb"', b'"\\x41"'):
        yield repr(raw), b"{" + member + b": " + raw + b"}"
    yield "a mark of the byte order", b"\xef\xbb\xbf" + good.encode()
    yield "another encoding", good.encode("utf-16")
    yield "something behind it", good.encode() + b" {}"
    yield "a comment", good.encode() + b"// x"
    yield "a comma too many", good[:-1].encode() + b",}"
    yield "a list", f"[{good}]".encode()
    yield "nothing", b"null"
    yield "ten thousand members", json.dumps({**body, **{f"m{number}": number for number in range(10_000)}}).encode()
    yield "a name of a million", json.dumps({**body, "x" * 900_000: 1}).encode()
    for odd_name in NOT_THEIRS:
        yield f"{odd_name!r} as well", json.dumps({**body, odd_name: 1}).encode()
    for odd_value in ([value], {"a": value}, True, None):
        if not isinstance(odd_value, type(value)):
            yield f"{odd_value!r} in its place"[:60], json.dumps({**body, name: odd_value}).encode()


@pytest.mark.parametrize("route", TAKES_JSON)
def test_a_body_that_is_not_exactly_what_is_asked_for_changes_nothing(route: str, place: Place) -> None:
    program = place.programs.start(Role.ADMIN)
    before = contents(place)
    for what, body in spoilt(ASKED[route].body or {}):
        answer = program.send("POST", place.path(route), data=body, content_type="application/json")
        assert (answer.status_code, (answer.json or {}).get("code")) in ((400, "malformed"), (422, "invalid")), what
        assert len(answer.data) < 2000, what
        assert contents(place) == before, what


def test_a_member_that_came_twice_is_named(place: Place) -> None:
    program = place.programs.start(Role.ADMIN)
    body = b'{"text": "x", "attachments": [], "text": "y"}'
    answer = program.send("POST", "/conversations/1/replies", data=body, content_type="application/json")
    [error] = (answer.json or {})["errors"]
    assert (error["field"], error["reason"]) == ("text", "repeated_member")


def test_nul_and_other_controls_in_what_somebody_writes_are_no_trouble(program: Program, programs: Programs) -> None:
    note = {"text": "a\0b\x1b[31m\u202e\x85\ufeff" + "Z" + "\u0301" * 2000}
    assert program.post("/conversations/1/notes", note).status_code == 201
    found = program.get("/conversations/1").json or {}
    assert "\0" not in json.dumps(found, ensure_ascii=False)


@pytest.fixture
def program(programs: Programs) -> Program:
    programs.fake.says("is the light normal?")
    programs.desk.pulls()
    return programs.start(Role.ADMIN)


def test_nothing_in_a_query_breaks_a_list_on_either_engine(program: Program, programs: Programs) -> None:
    for route in TAKES_QUERY:
        query = BY_NAME[route].query
        assert query is not None
        path = route.partition(" ")[2].replace("{conversation_id}", "1")
        for field in msgspec.structs.fields(query):
            for word in WORDS:
                answer = program.send("GET", path, query_string={field.encode_name: word})
                said = (route, field.name, word[:20], answer.text[:200])
                assert answer.status_code in ((200, 404, 422) if field.name == "q" else (404, 422)), said
        for name in UNKNOWN:
            answer = program.send("GET", path, query_string={name: "1"})
            assert (answer.json or {})["errors"][0]["reason"] == "unknown_parameter", (route, name)


def test_a_query_in_no_encoding_is_no_trouble(program: Program) -> None:
    for query in ("q=%ff%fe", "after=%ff", "%ff=%ff", "q=%ed%a0%80", "q", "=", "&&", "q=%", "q[]=x", "q=x;q=y"):
        assert program.send("GET", "/conversations", query_string=query).status_code in (200, 422), query


def test_every_struct_that_is_read_refuses_what_it_does_not_know() -> None:
    for route, each in BY_NAME.items():
        for kind in filter(None, (each.query, each.body)):
            for struct in structs_in(kind):
                assert struct.__struct_config__.forbid_unknown_fields, (route, struct)


def structs_in(kind: Any) -> Iterator[type[Struct]]:
    """A struct and those in its fields."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from structs_in(field.type)
    for inner in getattr(kind, "__args__", ()):
        yield from structs_in(inner)
