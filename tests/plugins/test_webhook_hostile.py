"""Bodies that are signed and strange: each becomes a message or is kept as unreadable, and none holds others up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.channels import store as channels
from hub.kernel.hub import Hub
from tests.plugins.webhook_desk import WebhookDesk

AUTHOR = '"author": {"id": "lena", "name": "Lena"}'


def with_member(member: str) -> bytes:
    return f'{{"text": "hello", {AUTHOR}, {member}}}'.encode()


def deep(levels: int) -> bytes:
    return with_member(f'"n": {"[" * levels}{"]" * levels}')


READ: dict[str, bytes] = {
    "a member twice": with_member('"text": "hello"'),
    "an integer beyond 64 bits": with_member('"n": 99999999999999999999999999'),
    "an integer below them": with_member('"n": {"of": [-99999999999999999999999999]}'),
    "an integer of 4000 digits": with_member(f'"n": {"9" * 4000}'),
    "a number beyond a float": with_member('"n": 1e400'),
    "a number below it": with_member('"n": -1e400'),
    "an id beyond a float": with_member('"id": 1e400'),
    "an id of 30 digits": with_member(f'"id": {"9" * 30}'),
    "lone surrogates": b'{"text": "a\\ud800b", "author": {"id": "\\udfff", "name": "\\ud83d"}, "\\ud800": "\\udc00"}',
    "NUL": b'{"text": "a\\u0000b", "author": {"id": "l", "name": "\\u0000"}, "\\u0000": "\\u0000"}',
    "controls": b'{"text": "a\\u001b[31m\\u0085\\u2028", "author": {"id": "\\u0007"}}',
    "a hundred deep": deep(100),
    "a name of half a million": with_member(f'"title": "{"n" * 500_000}"'),
    "a thread of half a million": with_member(f'"thread": "{"n" * 500_000}", "parent": "{"m" * 300_000}"'),
    "a hundred thousand pictures": with_member(f'"attachments": [{",".join(["{}"] * 100_000)}]'),
    "a hundred thousand members": with_member(",".join(f'"m{number}": 1' for number in range(50_000))),
    "the last instant there is": with_member('"created_at": "9999-12-31T23:59:59.999999"'),
    "the first instant there is": with_member('"created_at": "0001-01-01T00:00:00"'),
    "before the epoch": with_member('"created_at": -62135596800'),
}
UNREADABLE: dict[str, bytes] = {
    "a constant": with_member('"n": NaN'),
    "another constant": with_member('"n": -Infinity'),
    "an integer of a million digits": with_member(f'"n": {"9" * 900_000}'),
    "a hundred thousand deep": deep(100_000),
    "bytes of a surrogate": b'{"text": "\xed\xa0\x80"}',
    "two values": b"{} {}",
    "an instant beyond the first": with_member('"created_at": "0001-01-01T00:00:00+14:00"'),
    "an id of half a million": with_member(f'"id": "{"n" * 500_000}"'),
    "NUL in the id of somebody": with_member('"n": 1').replace(b'"lena"', b'"l\\u0000"'),
    "a time that is no number": with_member('"created_at": 1e400'),
}
DEPTHS = range(150, 1050, 50)


@pytest.fixture
def desk(hub: Hub) -> WebhookDesk:
    return WebhookDesk(hub)


def letters(hub: Hub, desk: WebhookDesk) -> list[Any]:
    with hub.database.reading() as session:
        return list(channels.letters(session, desk.channel_id))


def test_what_can_be_read_comes_in_whole_whatever_stands_beside_it(hub: Hub, desk: WebhookDesk) -> None:
    for name, body in READ.items():
        desk.is_sent(body, name=name)
    found = [desk.pulls() for _ in range(3)]
    assert letters(hub, desk) == []
    assert (sum(each.new for each in found), desk.waiting()) == (len(READ), 0)


def test_what_cannot_be_read_is_kept_and_holds_nothing_up(hub: Hub, desk: WebhookDesk) -> None:
    for name, body in UNREADABLE.items():
        desk.is_sent(body, name=name)
    desk.is_sent(with_member('"id": "last"'), name="last")
    assert (desk.pulls().new, desk.waiting()) == (1, 0)
    assert len(letters(hub, desk)) == len(UNREADABLE)


def test_no_depth_between_them_is_a_fault_of_ours(hub: Hub, desk: WebhookDesk) -> None:
    for levels in DEPTHS:
        desk.is_sent(deep(levels), name=f"{levels} deep")
    new = desk.pulls().new
    assert new + len(letters(hub, desk)) == len(DEPTHS)
    assert desk.waiting() == 0


def test_a_sender_s_name_for_a_delivery_may_be_anything(desk: WebhookDesk) -> None:
    for number, name in enumerate(("x" * 5000, "ü", "a b", "'; DROP TABLE deliveries;--", "%00")):
        assert desk.is_sent(json.loads(with_member(f'"id": "{number}"')), name=name).is_new
        assert not desk.is_sent(json.loads(with_member(f'"id": "{number}"')), name=name).is_new
    assert desk.pulls().new == 5
