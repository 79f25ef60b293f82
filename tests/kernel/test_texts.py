"""Texts for people: catalogues that are fresh and complete, dates in every language, and a wording for every error."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from hub import errors
from hub.channels.model import ChannelState
from hub.connector import Moderation, Receipt
from hub.errors import ConnectorError, HubError, Invalid, Misconfigured, Rejected, TooMany, Unavailable
from hub.kernel import texts
from hub.kernel.reasons import REASONS
from hub.kernel.texts import ago, day, describe, describe_stored, describe_warning, describe_why_not, time_of_day
from hub.kernel.wordings import CODES
from tests import catalogues, reasons

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_HOLE = re.compile(r"%\(\w+\)[sd]|\{\w+\}")


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    yield
    texts.use_language("en")


# Catalogues


def test_the_list_of_texts_is_fresh() -> None:
    assert catalogues.written(catalogues.extract()) == catalogues.TEMPLATE.read_bytes(), (
        "run .venv/bin/python -m tests.catalogues"
    )


@pytest.mark.parametrize("language", catalogues.languages())
def test_a_language_is_complete_and_compiled(language: str) -> None:
    catalogue, source = catalogues.read(language), catalogues.extract()
    assert {message.id for message in catalogue} == {message.id for message in source}
    missing = [message.id for message in catalogue if message.id and not all(forms(message.string))]
    assert not missing
    assert not [message.id for message in catalogue if message.fuzzy and message.id]
    compiled = catalogues.source_of(language).with_suffix(".mo").read_bytes()
    assert compiled == catalogues.compiled(catalogue), "run .venv/bin/python -m tests.catalogues"


@pytest.mark.parametrize("language", catalogues.languages())
def test_a_translation_keeps_every_hole_to_fill(language: str) -> None:
    for message in catalogues.read(language):
        if message.id and all(forms(message.string)):
            wanted = set(_HOLE.findall(forms(message.id)[-1]))
            assert all(set(_HOLE.findall(form)) <= wanted for form in forms(message.string)), message.id
            assert set(_HOLE.findall(forms(message.string)[-1])) == wanted, message.id


def forms(text: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [text or ""] if text is None or isinstance(text, str) else list(text)


@pytest.mark.parametrize("language", catalogues.languages())
def test_a_catalogue_stands_as_the_command_writes_it(language: str) -> None:
    assert catalogues.written(catalogues.read(language)) == catalogues.source_of(language).read_bytes()


def test_a_text_is_told_in_the_language_of_the_moment() -> None:
    assert texts.gettext("Inbox") == "Inbox"
    texts.use_language("de")
    assert texts.gettext("Inbox") == "Posteingang"
    assert texts.gettext("For %(email)s. This page works once.", email="x").startswith("Für x.")
    texts.use_language("xx")
    assert texts.gettext("Inbox") == "Inbox"


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [(["de-AT", "en"], "de"), (["sr", "de"], "de"), (["en-US"], "en"), (["tlh"], "en"), ([], "en"), ([""], "en")],
)
def test_the_first_language_there_is_wins(wanted: list[str], chosen: str) -> None:
    assert texts.choose_language(wanted) == chosen


def test_languages_are_named_in_themselves() -> None:
    assert texts.available_languages()["de"] == "Deutsch"
    assert next(iter(texts.available_languages())) == "en"


# Dates


@pytest.mark.parametrize(
    ("passed", "english", "german"),
    [
        (timedelta(seconds=-90), "now", "jetzt"),
        (timedelta(seconds=59), "now", "jetzt"),
        (timedelta(minutes=4), "4 min", "4 Min."),
        (timedelta(hours=1), "1 hr", "1 Std."),
        (timedelta(days=2), "2 days", "2 Tg."),
        (timedelta(days=9), "21 Feb", "21. Feb."),
        (timedelta(days=400), "26 Jan 2025", "26.01.2025"),
    ],
)
def test_how_long_ago_is_told_shortly(passed: timedelta, english: str, german: str) -> None:
    assert ago(NOW - passed, NOW) == english
    texts.use_language("de")
    assert ago(NOW - passed, NOW) == german


@pytest.mark.parametrize("language", ["en", "de", "sr", "ru", "pl", "ar"])
def test_dates_can_be_told_in_every_language(language: str) -> None:
    assert ago(NOW - timedelta(hours=5), NOW, language)
    assert day(NOW, NOW, locale=language)
    assert time_of_day(NOW, locale=language)
    assert texts.text_direction(language) == ("rtl" if language == "ar" else "ltr")


# Errors


def kinds() -> list[type[HubError]]:
    found = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, HubError)]
    return sorted(found, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_error_of_the_tree_is_worded(kind: type[HubError]) -> None:
    assert kind.code in CODES
    if kind is errors.AlreadySent:
        error: HubError = errors.AlreadySent(Receipt(remote_id="1", at=NOW))
    elif issubclass(kind, Invalid):
        error = Invalid("name", "never heard of")
    elif kind is TooMany:
        error = TooMany(3)
    elif issubclass(kind, ConnectorError):
        error = kind("never_heard_of")
    else:
        error = kind("never_heard_of")
    assert describe(error).title == CODES[kind.code][0]


GIVEN_ELSEWHERE = {
    "answerable.why_not",
    "error.code",
    "error.reason",
    "failure.reason",
    "found.errors[0]",
    "problem.reason",
    "refused.reason",
    "row['error_reason']",
    "skipped.reason",
    "str(error.params.get('reason', ''))",
    "target.reply.why_not",
    "word",
}
"""Code that hands on a reason somebody else gave."""

OF_THE_NETWORK = {"refusal.code", "f'http_{refusal.status}'"}
"""Reasons that are the network's own: worded by the error, with what the network says as a quotation."""

STATES = {
    "hub/inbox/act.py": {ChannelState.SIGNED_OUT, ChannelState.MISCONFIGURED},
    "hub/inbox/answerable.py": {ChannelState.SIGNED_OUT, ChannelState.MISCONFIGURED},
    "hub/api/channels.py": {*ChannelState} - {ChannelState.ACTIVE},
    "hub/web/outbox.py": {*ChannelState} - {ChannelState.ACTIVE},
    "hub/web/channels.py": {*ChannelState} - {ChannelState.ACTIVE},
    "plugins/wordpress/connector.py": {Moderation.SPAM, Moderation.TRASH},
    "plugins/wordpress/mapping.py": {Moderation.SPAM, Moderation.TRASH},
}
"""Where a state is the reason, and which states it can be."""


def words_of(given: reasons.Given) -> list[str]:
    if given.word or not given.written.endswith("state.value"):
        return [given.word]
    return [state.value for state in STATES[given.place.partition(":")[0]]]


def is_worded(given: reasons.Given, word: str) -> bool:
    return any(key in REASONS for key in (f"{given.field}.{word}", f"{given.code}.{word}", word))


def test_every_reason_we_give_has_words() -> None:
    given = reasons.given_reasons()
    assert {"locked", "post_in_trash", "feed_too_costly", "no_comments", "too_slow"} <= {each.word for each in given}
    followed = [each for each in given if each.written not in GIVEN_ELSEWHERE | OF_THE_NETWORK]
    assert not sorted(
        f"{each.place}: {each.code} {word or each.written}"
        for each in followed
        for word in words_of(each)
        if not is_worded(each, word)
    )


def test_what_hands_on_a_reason_is_still_there() -> None:
    assert {each.written for each in reasons.given_reasons()} >= GIVEN_ELSEWHERE | OF_THE_NETWORK


def test_every_wording_can_be_filled_and_says_what_to_do() -> None:
    for key in REASONS:
        code, _, reason = key.rpartition(".")
        worded = describe_stored(code or "invalid", reason)
        assert worded.title, key
        assert worded.advice, key
        assert "%(" not in worded.title + worded.advice, key


def test_the_closest_wording_wins() -> None:
    assert describe(Invalid("email", "taken")).title == "Somebody with this address is here already"
    assert describe(Invalid("name", "taken")).title == "This is taken already"
    assert describe(Rejected("too_large")).title == "It is too large for the network"
    assert describe(Unavailable("too_large")).title == "The answer was far too large"


def test_the_network_s_own_words_are_quoted() -> None:
    refused = describe(Rejected("validation", detail="Text character\u202e limit of 500 exceeded\n"))
    assert refused.title == "The network does not take the text as it is (“Text character limit of 500 exceeded”)"
    unknown = describe(Misconfigured("flux_capacitor", detail="needs 1.21 GW"))
    assert unknown.title == "A setting of the channel is wrong (“needs 1.21 GW”)"
    assert unknown.advice


def test_a_program_s_own_words_are_not() -> None:
    assert describe(Unavailable("unreachable", detail="[Errno 111]")).title == "The server does not answer"
    assert describe(Misconfigured("not_a_feed", detail="2:0: syntax")).title == "There is no feed at this address"


def test_a_person_learns_the_limit() -> None:
    assert describe(Invalid("password", "too_short", least=12)).title == "This is shorter than 12 characters"
    assert describe(Invalid("password", "too_short")).title == "This is shorter than – characters"


def test_why_something_cannot_be_answered_is_told_with_what_to_do() -> None:
    told = describe_why_not("closed")
    assert (told.title, told.advice) == ("This thread is closed", "The network takes no more answers.")
    assert describe_why_not("quantum").title == "The network takes no answer to this message"


def test_a_warning_is_told_with_what_to_do_or_quoted() -> None:
    assert describe_warning("no_comments").title == "This feed has articles, but no comments"
    assert "/comments/feed/atom/" in describe_warning("no_comments").advice
    assert describe_warning("quantum\u202e").title == "The network says: quantum"


def test_a_page_tells_the_feeds_it_offers() -> None:
    offered = Misconfigured(
        "page_not_feed", detail="https://a.example/feed\nhttps://a.example/comments", field="address"
    )
    assert describe(offered).title == "This is a web page, not a feed"
    assert describe(offered).advice.endswith(": https://a.example/feed, https://a.example/comments")
    assert "RSS, Atom or Feed" in describe(Misconfigured("page_not_feed")).advice


def test_errors_are_worded_in_the_language_of_the_moment() -> None:
    texts.use_language("de")
    assert describe(Unavailable("dns")).title == "Kein Server heißt so"
