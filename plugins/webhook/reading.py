"""From the deliveries that wait to a page: bodies read, batches taken apart, what cannot be read put aside. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from hub.connector import Deleted, Delivery, Incoming, Page, Skipped

from .mapping import Mapper, Unmapped

VERSION = 1
PAGE = 500
ASK_AGAIN_SECONDS = 1800.0
"""There is nothing to ask for; what is delivered makes the channel due by itself."""

_PAGE_STEPS = 5_000_000
"""Where expressions are costly a page is shorter: every pull has to end well before its deadline."""

_RAW = 20_000
_FORM = "application/x-www-form-urlencoded"
_MOST_FORM_FIELDS = 1000


def page_of(deliveries: Sequence[Delivery], mapper: Mapper, cursor: str | None) -> Page:
    """Make a page of the deliveries that wait; one with more messages than a page holds is gone on with in the next."""
    found: list[Incoming | Deleted | Skipped] = []
    finished: list[int] = []
    begun, done = _read_cursor(cursor)
    tired = mapper.steps.taken + _PAGE_STEPS
    for delivery in deliveries:
        if len(found) >= PAGE or mapper.steps.taken > tired:
            break
        start = done if delivery.number == begun else 0
        read, length = _read(delivery, mapper, start, PAGE - len(found), tired)
        found += read
        begun, done = delivery.number, start + len(read)
        if done < length:
            break
        finished.append(delivery.number)
        # Handed over again, when somebody wants it read again, it is read from its beginning.
        begun = done = 0
    return Page(
        cursor=json.dumps({"v": VERSION, "delivery": begun, "done": done}),
        messages=tuple(each for each in found if isinstance(each, Incoming)),
        deleted=tuple(each for each in found if isinstance(each, Deleted)),
        skipped=tuple(each for each in found if isinstance(each, Skipped)),
        more=len(finished) < len(deliveries),
        pull_after=ASK_AGAIN_SECONDS,
        deliveries=tuple(finished),
    )


def _read(
    delivery: Delivery, mapper: Mapper, start: int, most: int, tired: int
) -> tuple[list[Incoming | Deleted | Skipped], int]:
    """The messages of one delivery from `start` on, at most so many, and how many there are in all."""
    try:
        items = mapper.items(_body(delivery))
    except Unmapped as error:
        shown = _shown(delivery.body)
        return [Skipped(reason=error.reason, raw=shown, field=error.field, delivery=delivery.number)], 1
    told: list[Incoming | Deleted | Skipped] = []
    for number, item in enumerate(items[start : start + most], start):
        told.append(_told(item, number, delivery, mapper))
        if mapper.steps.taken > tired:
            break
    return told, len(items)


def _told(item: Any, number: int, delivery: Delivery, mapper: Mapper) -> Incoming | Deleted | Skipped:
    name = delivery.headers.get("webhook-id") or f"delivery-{delivery.number}"
    try:
        return mapper.message(item, fallback_id=f"{name}#{number}" if number else name, now=delivery.received_at)
    except Unmapped as error:
        raw = json.dumps(item, ensure_ascii=False)[:_RAW]
        return Skipped(reason=error.reason, raw=raw, field=error.field, delivery=delivery.number)


def _body(delivery: Delivery) -> Any:
    """The body as JSON says it, or as a form does. Raises Unmapped."""
    if delivery.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM:
        try:
            return dict(parse_qsl(delivery.body.decode(), keep_blank_values=True, max_num_fields=_MOST_FORM_FIELDS))
        except ValueError as error:
            raise Unmapped("not_a_form") from error
    try:
        return json.loads(delivery.body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Unmapped("not_json") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _shown(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace")[:_RAW]


def _read_cursor(cursor: str | None) -> tuple[int, int]:
    """The delivery that was gone into last, and how many of its messages are told. Anything else: none of any."""
    try:
        kept = json.loads(cursor or "{}")
        known = kept.get("v") == VERSION
        return (int(kept["delivery"]), int(kept["done"])) if known else (0, 0)
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0, 0
