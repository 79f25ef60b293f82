"""Counting and splitting as Mastodon does, over everything people write. Pure."""

from __future__ import annotations

import pytest
import regex
from hub_plugins.mastodon import composing
from hub_plugins.mastodon.composing import MASTODON_LIMITS, compose
from hub_plugins.mastodon.splitting import MOST_PARTS, split
from hub_plugins.mastodon.wording import graphemes, skeleton, without_leading_mentions
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connector import Author, Limits, Outgoing, Target, Visibility

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
WORDS = [
    "Wasser",
    "hi",
    "a",
    FAMILY,
    "👍🏽",
    "🇩🇪🇷🇸",
    "Z\u0351\u036b\u0343\u036a",
    "e\u0301\u0323",
    "שָׁלוֹם",
    "مُحَمَّد",
    "日本語の文章です。",
    "中文字符",
    "ไทยภาษา",
    "한국어",
    "https://brightwater.example/hard-water?town=Würzburg",
    "https://example.com/a_(b)?c=d#e",
    "@lena@chaos.example",
    "@tom",
    "#Wasserhärte",
    "#日本語の水",
    "https://example.com/水/硬度",
    "Ende.",
    "Really?!",
    "«Ja.»",
]
SPACES = [" ", "  ", "\n", "\n\n", "\r\n", "\r\n\r\n", "\t", ""]
texts = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SPACES)), max_size=80).map(
    lambda pairs: "".join(word + space for word, space in pairs)
)
anything = st.text(max_size=400)


def answer(
    text: str,
    *,
    mention: tuple[str, ...] = ("lena@chaos.example",),
    visibility: Visibility = Visibility.PUBLIC,
    warning: str = "",
    inherited: str = "",
) -> Outgoing:
    raw = {"mention": list(mention), "status": {"spoiler_text": inherited}}
    target = Target(remote_id="1", author=Author(id="lena"), visibility=visibility, raw=raw)
    return Outgoing(text=text, target=target, visibility=visibility, content_warning=warning)


def squeezed(text: str) -> str:
    return "".join(text.split())


# --- counting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("Hello", 5),
        ("two\r\nlines", 9),
        (FAMILY, 1),
        ("🇩🇪🇷", 2),
        ("e\u0301", 1),
        ("https://example.com", 23),
        ("http://a.de", 23),
        ("see https://example.com/" + "x" * 300 + ".", 28),
        ("(https://en.wikipedia.org/wiki/Tea_(meal))", 25),
        ("https://example.com/a,b?c=d&e=f#g!", 24),
        ("https://example.com https://example.org", 47),
        ("not-a-link:https//example", 25),
        ("https://nodomain/path", 21),
        ("xhttps://example.com", 20),
        ("example.com", 11),
        ("https://пример.рф/чай", 23),
        ("@lena@chaos.example", 5),
        ("@lena@chaos.example.", 6),
        ("hi @lena@chaos.example and @tom", 17),
        ("mail lena@chaos.example", 23),
        ("https://chaos.example/@lena@x.example", 23),
    ],
)
def test_a_text_counts_what_mastodon_counts(text: str, count: int) -> None:
    assert graphemes(text, 23) == count


def test_a_server_that_tells_no_length_of_a_link_counts_everything() -> None:
    assert graphemes("@lena@chaos.example https://example.com", None) == 39


@given(texts)
def test_plain_words_count_as_the_characters_people_see(text: str) -> None:
    assert graphemes(text, None) == len(regex.findall(r"\X", text))


def test_the_names_and_the_warning_count() -> None:
    measure = composing.measure(answer("Yes", mention=("lena@chaos.example", "tom"), warning="water"), {})
    assert measure.units == {"graphemes": (len("water") + len("@lena @tom ") + len("Yes"), 500)}


def test_the_warning_of_what_is_answered_is_taken_over_and_counts() -> None:
    composed = compose(answer("Yes", mention=(), inherited="Spoiler"), {})
    assert (composed.warning, composed.used) == ("Spoiler", len("Spoiler") + len("Yes"))
    assert compose(answer("Yes", warning="Mine", inherited="Spoiler"), {}).warning == "Mine"


# --- names ------------------------------------------------------------------------------------------------------------


def test_the_author_and_whom_they_named_stand_in_front() -> None:
    assert compose(answer("Yes", mention=("lena@chaos.example", "tom")), {}).statuses == (
        "@lena@chaos.example @tom Yes",
    )


def test_who_is_named_in_the_text_is_not_named_twice() -> None:
    assert compose(answer("Ask @Tom about it", mention=("tom",)), {}).statuses == ("Ask @Tom about it",)


@pytest.mark.parametrize(
    ("visibility", "later"),
    [(Visibility.PUBLIC, "@lena "), (Visibility.FOLLOWERS, "@lena @tom "), (Visibility.DIRECT, "@lena @tom ")],
)
def test_later_parts_reach_whoever_would_miss_them(visibility: Visibility, later: str) -> None:
    composed = compose(answer("word " * 150, mention=("lena", "tom"), visibility=visibility), {})
    assert composed.statuses is not None
    assert [status.startswith("@lena @tom word") for status in composed.statuses[:1]] == [True]
    assert all(status.startswith(later + "word") for status in composed.statuses[1:])


# --- splitting --------------------------------------------------------------------------------------------------------


@given(text=texts, limit=st.integers(30, 120), per_url=st.sampled_from([23, None]))
@settings(max_examples=150, deadline=None)
def test_every_part_fits_and_nothing_is_lost(text: str, limit: int, per_url: int | None) -> None:
    limits: Limits = {"graphemes": limit} | ({"graphemes_per_url": per_url} if per_url else {})
    composed = compose(answer(text, mention=("lena@chaos.example",), warning="CW"), limits)
    if composed.words is None or composed.statuses is None:
        assert not _can_be_cut(text, limit, per_url)
        return
    assert all(len("CW") + graphemes(status, per_url) <= limit for status in composed.statuses)
    assert squeezed("".join(composed.words)) == squeezed(text)
    assert all(part == part.strip() and part for part in composed.words)


def _can_be_cut(text: str, limit: int, per_url: int | None) -> bool:
    """Whether no run of characters that belong together is longer than a part, and the thread is not endless."""
    room = limit - len("CW") - graphemes("@lena@chaos.example ", per_url)
    return graphemes(text, per_url) < room * MOST_PARTS / 4 and all(
        graphemes(run, per_url) <= room for run in text.split()
    )


@given(anything)
@settings(max_examples=150, deadline=None)
def test_no_text_at_all_breaks_the_counter(text: str) -> None:
    composed = compose(answer(text), {"graphemes": 60, "graphemes_per_url": 23})
    if composed.statuses is not None:
        assert all(graphemes(status, 23) <= 60 for status in composed.statuses)
        assert squeezed("".join(composed.words or ())) == squeezed(text)


@given(texts)
@settings(max_examples=100, deadline=None)
def test_links_names_tags_and_clusters_are_never_cut(text: str) -> None:
    parts = split(text, lambda part, number: graphemes(part, None) <= 70)
    whole = [word for word in WORDS if word.startswith(("http", "@", "#")) or word in (FAMILY, "👍🏽")]
    if parts is not None:
        for word in whole:
            assert sum(part.count(word) for part in parts) == text.count(word)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One is enough.", ("One is enough.",)),
        ("First one. Second one goes on.", ("First one.", "Second one goes on.")),
        ("One two three.\n\nFour five", ("One two three.", "Four five")),
        ("one two three four five six", ("one two three four", "five six")),
        ("水は硬いです。とても硬いです。それは石灰です。", ("水は硬いです。とても硬いです。", "それは石灰です。")),
        (FAMILY * 25, (FAMILY * 20, FAMILY * 5)),
    ],
)
def test_a_long_text_is_cut_where_people_would(text: str, parts: tuple[str, ...]) -> None:
    assert split(text, lambda part, number: graphemes(part, 23) <= 20) == parts


def test_a_word_longer_than_a_part_is_too_long() -> None:
    assert composing.measure(answer("a" * 501, mention=()), {}).errors == ("too_long",)
    assert composing.measure(answer("a" * 500, mention=()), {}).errors == ()


def test_a_thread_without_end_is_too_long() -> None:
    measure = composing.measure(answer("word " * 5_000), MASTODON_LIMITS)
    assert measure.errors == ("too_long",)


def test_the_counter_tells_how_many_posts_it_will_be() -> None:
    measure = composing.measure(answer("word " * 150, mention=()), {})
    assert (measure.parts, measure.errors) == (2, ())


# --- coming back ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "came_back"),
    [
        ("Yes,  quite.", "@lena Yes, quite."),
        ("@tom@x.example knows", "@lena @tom knows"),
        ("See https://example.com", "@lena See https://example.com/"),
        ("**Really** 2*3", "Really 23"),
        ("Ｗｉｄｅ", "wide"),
        ("ask @tom@x.example there", "ask @tom there"),
        ("@lena", "@lena"),
    ],
)
def test_a_text_is_recognised_whatever_the_server_did_to_it(sent: str, came_back: str) -> None:
    assert skeleton(sent) == skeleton(came_back)


@pytest.mark.parametrize(("one", "other"), [("Thanks 👍", "Thanks 🙏"), ("Yes", "Yes!"), ("reply 1", "reply 11")])
def test_other_words_are_other_words(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


def test_only_names_at_the_front_are_taken_away() -> None:
    assert without_leading_mentions("@lena @tom@x.example ask @tom") == "ask @tom"
    assert without_leading_mentions("@lena") == ""
    assert without_leading_mentions("@lenas idea") == "idea"
