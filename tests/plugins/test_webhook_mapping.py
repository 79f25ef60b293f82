"""Signatures by the published example, bodies of every shape, and expressions that must not cost more than they may."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hub_plugins.webhook import reading
from hub_plugins.webhook.expressions import Expression, Steps, TooCostly, Unusable
from hub_plugins.webhook.mapping import Mapper
from hub_plugins.webhook.reading import PAGE, page_of
from hub_plugins.webhook.settings import WebhookSettings
from hub_plugins.webhook.signing import check_secret, check_signature, key_of, make_secret, signed_headers
from hypothesis import given
from hypothesis import strategies as st

from hub.connector import Delivery, Incoming, Kind, Page, Visibility
from hub.errors import Misconfigured, Rejected
from tests.plugins.webhook_system import SECOND, SECRET

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HELLO = {"id": "17", "text": "Where is my order?", "author": {"id": "lena", "name": "Lena Brandt"}}

# The example that the libraries of Standard Webhooks are tested with.
PUBLISHED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PUBLISHED_BODY = b'{"test": 2432232314}'
PUBLISHED_HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
PUBLISHED_AT = datetime.fromtimestamp(1614265330, UTC)


def page(body: Any, **settings: str) -> Page:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    delivery = Delivery(number=1, body=raw, headers={"webhook-id": "d1"}, received_at=NOW)
    return page_of([delivery], Mapper(WebhookSettings(secret=SECRET, **settings)), None)


def message(body: Any, **settings: str) -> Incoming:
    found = page(body, **settings)
    assert not found.skipped, found.skipped
    return found.messages[0]


# Signatures.


def test_the_published_example_is_signed_and_checked_as_published() -> None:
    name = PUBLISHED_HEADERS["webhook-id"]
    assert signed_headers([PUBLISHED], name, PUBLISHED_BODY, now=PUBLISHED_AT) == PUBLISHED_HEADERS
    assert check_signature([PUBLISHED], PUBLISHED_HEADERS, PUBLISHED_BODY, now=PUBLISHED_AT) == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", ""),
        ("webhook-id", "msg_other"),
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330"),
        ("webhook-timestamp", ""),
        ("webhook-timestamp", "1614265331"),
        ("webhook-timestamp", "1614265330.0"),
        ("webhook-timestamp", " 1614265330"),
        ("webhook-timestamp", "١٦١٤٢٦٥٣٣٠"),
        ("webhook-signature", ""),
        ("webhook-signature", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ("webhook-signature", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1,ünknown"),
    ],
)
def test_headers_that_say_anything_else_are_refused(name: str, value: str) -> None:
    with pytest.raises(Rejected):
        check_signature([PUBLISHED], {**PUBLISHED_HEADERS, name: value}, PUBLISHED_BODY, now=PUBLISHED_AT)


@pytest.mark.parametrize(("minutes", "is_taken"), [(-6, False), (-5, True), (0, True), (5, True), (6, False)])
def test_five_minutes_either_way_are_tolerated(minutes: int, is_taken: bool) -> None:
    headers = signed_headers([SECRET], "d1", b"{}", now=NOW - timedelta(minutes=minutes))
    if is_taken:
        assert check_signature([SECRET], headers, b"{}", now=NOW) == "d1"
        return
    with pytest.raises(Rejected) as refused:
        check_signature([SECRET], headers, b"{}", now=NOW)
    assert refused.value.reason == "wrong_time"


def test_one_of_several_signatures_by_one_of_two_secrets_is_enough() -> None:
    headers = signed_headers([make_secret(b"x" * 32), SECOND], "d1", b"{}", now=NOW)
    assert check_signature([SECRET, SECOND], headers, b"{}", now=NOW) == "d1"


def test_no_secret_takes_nothing() -> None:
    headers = signed_headers([SECRET], "d1", b"{}", now=NOW)
    with pytest.raises(Rejected):
        check_signature([], headers, b"{}", now=NOW)
    with pytest.raises(Rejected):
        check_secret([], "anything", b"{}")
    with pytest.raises(Misconfigured):
        WebhookSettings()


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_no_other_body_has_the_same_signature(body: bytes, other: bytes) -> None:
    headers = signed_headers([SECRET], "d1", body, now=NOW)
    if body == other:
        assert check_signature([SECRET], headers, other, now=NOW)
        return
    with pytest.raises(Rejected):
        check_signature([SECRET], headers, other, now=NOW)


def test_a_secret_in_a_header_names_equal_bodies_alike() -> None:
    names = [check_secret([SECRET, SECOND], SECOND, body) for body in (b"{}", b"{}", b"[]")]
    assert names[0] == names[1] != names[2]
    for given_secret in ("", "wrong", "ünknown", SECRET[:-1]):
        with pytest.raises(Rejected):
            check_secret([SECRET, SECOND], given_secret, b"{}")


def test_secrets_are_of_24_to_64_bytes() -> None:
    assert key_of(make_secret(b"k" * 32)) == b"k" * 32
    assert key_of(PUBLISHED.removeprefix("whsec_")) == key_of(PUBLISHED)
    for wrong in (make_secret(b"k" * 23), make_secret(b"k" * 65), "whsec_$$$", ""):
        with pytest.raises(ValueError):
            key_of(wrong)


# Bodies.


def test_our_own_shape_needs_no_expression() -> None:
    told = {
        **HELLO,
        "html": "<p>Where is <b>my</b> order?</p>",
        "created_at": "2026-03-02T09:30:00+01:00",
        "thread": "order-5",
        "parent": 16,
        "title": "Order 5",
        "link": "https://shop.example/5",
        "kind": "comment",
        "visibility": "unlisted",
        "language": "en",
        "attachments": [{"url": "https://shop.example/k.jpg", "alt": "A kettle", "media_type": "image/jpeg"}],
        "webhook_id": "key-1",
    }
    found = message(told)
    assert (found.remote_id, found.text, found.author.id, found.author.name) == (
        "17",
        "Where is my order?",
        "lena",
        "Lena Brandt",
    )
    assert found.created_at == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert (found.root_id, found.parent_id, found.kind) == ("order-5", "16", Kind.COMMENT)
    assert (found.visibility, found.language, found.correlation) == (Visibility.UNLISTED, "en", "key-1")
    assert found.post is not None and (found.post.remote_id, found.post.title) == ("order-5", "Order 5")
    assert [(each.kind, each.alt) for each in found.attachments] == [("image", "A kettle")]
    assert found.raw == told


def test_the_least_is_a_text_and_a_name() -> None:
    found = message({"text": "Hello", "author": {"name": "Lena"}})
    assert (found.remote_id, found.author.id, found.visibility) == ("d1", "Lena", Visibility.DIRECT)
    assert (found.created_at, found.date_guessed) == (NOW, True)


@pytest.mark.parametrize(
    ("told", "instant"),
    [
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        (1772366400, datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("1772366400", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        (1772366400.5, datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)),
        (1772366400000, datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2036-03-01T12:00:00Z", NOW),
    ],
)
def test_time_is_read_in_every_form_and_never_lies_ahead(told: Any, instant: datetime) -> None:
    assert message({**HELLO, "created_at": told}).created_at == instant


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        (b"", "not_json", ""),
        (b"{", "not_json", ""),
        (b'{"id": NaN}', "not_json", ""),
        (b"\xff\xfe\xfa", "not_json", ""),
        (b"[" * 100_000, "not_json", ""),
        (b'{"id": ' + b"9" * 5000 + b"}", "not_json", ""),
        ({"id": "1", "author": {"id": "x"}}, "nothing_found", "map_text"),
        ({"id": "1", "text": "x"}, "nothing_found", "map_author_id"),
        ({**HELLO, "text": {"of": "words"}}, "not_words", "map_text"),
        ({**HELLO, "text": True}, "not_words", "map_text"),
        ({**HELLO, "id": ["1"]}, "not_words", "map_id"),
        ({**HELLO, "created_at": "last week"}, "not_a_time", "map_created_at"),
        ({**HELLO, "created_at": 1e300}, "not_a_time", "map_created_at"),
        ({**HELLO, "created_at": True}, "not_a_time", "map_created_at"),
        ("only a text", "nothing_found", "map_text"),
        (None, "nothing_found", "map_messages"),
    ],
)
def test_what_cannot_be_read_says_where(body: Any, reason: str, field: str) -> None:
    found = page(body)
    assert [(each.reason, each.field) for each in found.skipped] == [(reason, field)]
    assert (found.messages, found.deliveries, found.more) == ((), (1,), False)


def test_a_link_that_would_do_harm_is_left_out() -> None:
    harm = "javascript:alert(1)"
    found = message({**HELLO, "link": harm, "author": {**HELLO["author"], "link": harm}, "attachments": [harm]})  # type: ignore[dict-item]
    assert (found.permalink, found.author.url, found.attachments) == (None, None, ())


def test_a_form_is_read_like_an_object() -> None:
    delivery = Delivery(
        number=1,
        body=b"Body=Hello+there&From=%2B4912345&MessageSid=SM1",
        headers={"content-type": "application/x-www-form-urlencoded; charset=utf-8"},
        received_at=NOW,
    )
    mapper = Mapper(WebhookSettings(secret=SECRET, map_text="Body", map_author_id="From", map_id="MessageSid"))
    (found,) = page_of([delivery], mapper, None).messages
    assert (found.remote_id, found.text, found.author.id) == ("SM1", "Hello there", "+4912345")


def test_an_empty_list_is_nothing_for_us_and_no_mistake() -> None:
    found = page({"type": "ping"}, map_messages="[@][] | [?type=='message']")
    assert (found.messages, found.skipped, found.deliveries) == ((), (), (1,))


def test_a_batch_is_gone_on_with_where_the_page_ended() -> None:
    mapper = Mapper(WebhookSettings(secret=SECRET))
    body = json.dumps([{**HELLO, "id": str(number)} for number in range(PAGE + 3)]).encode()
    deliveries = [Delivery(number=number, body=body, received_at=NOW) for number in (7, 8)]
    first = page_of(deliveries, mapper, None)
    assert (len(first.messages), first.deliveries, first.more) == (PAGE, (), True)
    second = page_of(deliveries, mapper, first.cursor)
    assert [each.remote_id for each in second.messages[:4]] == [str(PAGE), str(PAGE + 1), str(PAGE + 2), "0"]
    assert (second.deliveries, second.more) == ((7,), True)


FIELDS = st.sampled_from(["id", "text", "author", "name", "created_at", "deleted", "attachments", "url"])
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
BODIES = st.recursive(
    VALUES,
    lambda each: st.lists(each, max_size=4) | st.dictionaries(FIELDS | st.text(max_size=5), each, max_size=6),
    max_leaves=20,
)


@given(BODIES)
def test_any_json_comes_to_its_end(body: Any) -> None:
    found = page(json.dumps(body).encode())
    assert found.deliveries == (1,)


# Expressions.


@pytest.mark.parametrize("text", ["a.[", "a b", "nosuch(@", "a" * 301, "[@,@].[@,@].[@,@].[@,@].[@,@]", "(" * 290])
def test_what_is_no_expression_is_refused_when_it_is_written(text: str) -> None:
    with pytest.raises(Unusable):
        Expression(text)
    with pytest.raises(Misconfigured) as refused:
        Mapper(WebhookSettings(secret=SECRET, map_text=text))
    assert refused.value.field == "map_text"


@pytest.mark.parametrize("text", ["nosuch(@)", "sum(text)", "join(',', id)", "to_number(text).x", "keys(id)"])
def test_a_function_that_does_not_fit_finds_nothing(text: str) -> None:
    assert Expression(text).find(HELLO, Steps(most=1000)) is None


def test_an_expression_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(TooCostly):
        Expression("[*].[*].a[].b[]").find([[{"a": [{}] * 50}] * 50] * 50, Steps(most=100))
    found = page([[1] * 200] * 200, map_messages="[]", map_text="[*].a")
    assert found.deliveries == (1,) or found.more


def test_text_that_doubles_at_every_step_is_given_up_while_it_is_small() -> None:
    doubling = "@"
    for _ in range(12):
        doubling = f"to_string(to_array({doubling}))"
    steps = Steps(most=1000)
    with pytest.raises(TooCostly):
        Expression(doubling).find('"' * 1000, steps)
    assert steps.taken < 3000


def test_costly_expressions_end_a_page_early_and_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PAGE_STEPS", 10_000)
    items = [{**HELLO, "id": str(number), "rows": [[1] * 30] * 30} for number in range(50)]
    mapper = Mapper(WebhookSettings(secret=SECRET, map_title="rows[*][*] | [99]"))
    delivery = Delivery(number=1, body=json.dumps(items).encode(), received_at=NOW)
    pages = [page_of([delivery], mapper, None)]
    while pages[-1].more:
        pages.append(page_of([delivery], mapper, pages[-1].cursor))
    assert len(pages) > 3
    assert [each.remote_id for found in pages for each in found.messages] == [str(number) for number in range(50)]
    assert [found.deliveries for found in pages] == [()] * (len(pages) - 1) + [(1,)]
