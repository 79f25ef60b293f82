"""Counting, splitting and facets as Bluesky does, over everything people write. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import regex
from hub_plugins.bluesky import composing
from hub_plugins.bluesky.record_keys import is_reserved, key_about, reserve
from hub_plugins.bluesky.rich_text import facets, find, graphemes, handles, mentioned, to_html
from hypothesis import given
from hypothesis import strategies as st

from hub.connector import Author, Outgoing, Target, Upload, Visibility
from hub.errors import Rejected
from hub.kernel.html import text_of

WORDS = (
    "plain",
    "Überraschung",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "👍🏽",
    "🇩🇪🇷🇸",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "e\u0301\u0323",
    "Z\u0351\u036b\u0343",
    "שלום",
    "\u200fالسلام\u200f",
    "日本語の文章です。",
    "한국어",
    "ไทย",
    "https://brightwater.example/filters?town=Würzburg",
    "(https://brightwater.example/a_(b))",
    "@lena.bsky.social",
    "@not-a-handle",
    "#hardwater",
    "#日本語",
    "a@b.example",
    "\r\n",
    "\n\n",
    "\u00ad",
)
TEXTS = st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=120).map(" ".join)
DIDS = {"lena.bsky.social": "did:plc:lena"}


def outgoing(text: str, **more: Any) -> Outgoing:
    target = Target(remote_id="at://did:plc:lena/app.bsky.feed.post/1", author=Author(id="did:plc:lena"))
    return Outgoing(text=text, target=target, **more)


def cut(text: str, facet: dict[str, Any]) -> str:
    index = facet["index"]
    return text.encode()[index["byteStart"] : index["byteEnd"]].decode()


# --- splitting --------------------------------------------------------------------------------------------------------


@given(TEXTS, st.sampled_from([Visibility.PUBLIC, Visibility.DIRECT]))
def test_every_part_fits_and_nothing_is_lost(text: str, visibility: Visibility) -> None:
    composed = composing.compose(outgoing(text, visibility=visibility), {})
    if composed.texts is None:
        return
    for part in composed.texts:
        assert graphemes(part) <= composed.limits["graphemes"]
        assert len(part.encode(errors="replace")) <= composed.limits["bytes"]
    assert "".join("".join(composed.texts).split()) == "".join(text.split())


@given(TEXTS)
def test_every_offset_of_every_part_is_right(text: str) -> None:
    for part in composing.compose(outgoing(text.encode(errors="ignore").decode()), {}).texts or ():
        told = facets(part, DIDS)
        spots = [(facet["index"]["byteStart"], facet["index"]["byteEnd"]) for facet in told]
        assert all(before[1] <= after[0] for before, after in pairwise(spots))
        for facet in told:
            (feature,) = facet["features"]
            words = cut(part, facet)
            wanted = {"uri": words, "tag": words[1:], "did": DIDS.get(words[1:].lower())}
            assert all(feature[name] == wanted[name] for name in feature.keys() & wanted.keys())


@given(TEXTS)
def test_a_link_a_mention_and_a_tag_stay_whole_when_a_text_is_split(text: str) -> None:
    parts = composing.compose(outgoing(text), {}).texts or ()
    whole = {each.target for part in parts for each in find(part)}
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    assert {each.target for each in find(lines)} <= whole


def test_emoji_families_fill_a_post_by_their_bytes() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
    measured = composing.measure(outgoing(family * 130), {})
    assert measured.units == {"graphemes": (130, 300), "bytes": (3250, 3000)}
    assert measured.parts == 2


def test_a_text_one_grapheme_too_long_becomes_two_posts_and_the_preview_shows_them() -> None:
    text = "word " * 60 + "end"
    measured = composing.measure(outgoing(text), {})
    assert (measured.units["graphemes"], measured.parts) == ((303, 300), 2)
    assert [len(part) for part in measured.texts] == [299, 3]
    assert composing.measure(outgoing("a" * 300), {}).errors == ()
    assert composing.measure(outgoing("a" * 301), {}).errors == ("too_long",)


def test_a_direct_message_takes_a_thousand_graphemes_and_no_pictures() -> None:
    direct = outgoing("a" * 1000, visibility=Visibility.DIRECT)
    assert composing.measure(direct, {"graphemes": 300}).units["graphemes"] == (1000, 1000)
    picture = (Upload(id="1", media_type="image/png", size=10),)
    shown = outgoing("look", visibility=Visibility.DIRECT, attachments=picture)
    assert composing.measure(shown, {}).errors == ("no_pictures_here",)


@pytest.mark.parametrize(
    ("many", "size", "reason"), [(5, 10, "too_many_pictures"), (1, 1_000_000, "picture_too_large"), (4, 999_999, "")]
)
def test_pictures_that_do_not_fit_are_refused_before_anything_is_sent(many: int, size: int, reason: str) -> None:
    pictures = tuple(Upload(id=str(number), media_type="image/png", size=size) for number in range(many))
    assert composing.measure(outgoing("look", attachments=pictures), {}).errors == ((reason,) if reason else ())
    if reason:
        with pytest.raises(Rejected) as refused:
            composing.parts_of(outgoing("look", attachments=pictures))
        assert refused.value.reason == reason


def test_a_picture_needs_no_words() -> None:
    picture = (Upload(id="1", media_type="image/png", size=10),)
    assert composing.parts_of(outgoing(" ", attachments=picture)) == ("",)
    with pytest.raises(Rejected):
        composing.parts_of(outgoing(" "))


# --- what is found in a text ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://a.example/x.", ["https://a.example/x"]),
        ("(https://a.example/x)", ["https://a.example/x"]),
        ("https://a.example/x_(y)", ["https://a.example/x_(y)"]),
        ("https://a.example/x_(y)!?", ["https://a.example/x_(y)"]),
        ("https://", []),
        ("nothttps://a.example", []),
        ("»https://a.example«", []),
        ("HTTPS://A.example/", ["HTTPS://A.example/"]),
        ("@lena.bsky.social, hello", ["lena.bsky.social"]),
        ("(@Lena.bsky.Social)", ["lena.bsky.social"]),
        ("@lena", []),
        ("me@lena.bsky.social", []),
        ("@lena.bsky.social.", ["lena.bsky.social"]),
        ("@-x.example", []),
        ("#hardwater!", ["hardwater"]),
        ("＃日本語", ["日本語"]),
        ("#1", []),
        ("#1st", ["1st"]),
        ("a#b", []),
        ("#" + "x" * 65, []),
        ("#️⃣", []),
        ("#a #b\n#c", ["a", "b", "c"]),
    ],
)
def test_what_counts_as_link_mention_and_tag(text: str, found: list[str]) -> None:
    assert [each.target for each in find(text)] == found


def test_a_handle_nobody_has_stays_a_word() -> None:
    assert facets("@nobody.example hello", DIDS) == []
    assert handles("@lena.bsky.social @LENA.bsky.social @nobody.example") == ["lena.bsky.social", "nobody.example"]


# --- what others wrote ------------------------------------------------------------------------------------------------


def facet(start: Any, end: Any, **feature: Any) -> dict[str, Any]:
    return {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}


def test_a_shortened_link_leads_to_where_its_facet_says() -> None:
    html = to_html("siehe brightwater.example/fil… bitte", [facet(6, 32, uri="https://brightwater.example/filters")])
    assert '<a href="https://brightwater.example/filters">brightwater.example/fil…</a>' in html


@pytest.mark.parametrize(
    "told",
    [
        [facet(1, 3, uri="https://a.example")],
        [facet(0, 99, uri="https://a.example")],
        [facet(-1, 2, uri="https://a.example")],
        [facet(2, 2, uri="https://a.example")],
        [facet(0, 2, uri="javascript:alert(1)")],
        [facet("0", 2, uri="https://a.example")],
        [facet(0, 2, hologram=1)],
        [{"index": None, "features": [{"uri": "https://a.example"}]}],
        [None, 7, "x"],
        "nonsense",
        {"a": 1},
        None,
    ],
)
def test_facets_that_lie_inside_a_character_outside_the_text_or_nowhere_are_left_out(told: Any) -> None:
    assert to_html("ü <b>", told) == "<p>ü &lt;b&gt;</p>"


def test_of_facets_that_overlap_the_first_counts() -> None:
    told = [facet(0, 4, uri="https://a.example"), facet(2, 6, uri="https://b.example"), facet(4, 6, tag="x")]
    html = to_html("abcdef", told)
    assert html == '<p><a href="https://a.example">abcd</a><a href="https://bsky.app/hashtag/x">ef</a></p>'


@given(st.text(max_size=40), st.lists(st.tuples(st.integers(-2, 60), st.integers(-2, 60)), max_size=6))
def test_no_facet_ever_changes_the_words(text: str, spots: list[tuple[int, int]]) -> None:
    told = [facet(start, end, uri="https://a.example/") for start, end in spots]
    plain = regex.sub(r"\s+", " ", text_of(to_html(text, None)))
    assert regex.sub(r"\s+", " ", text_of(to_html(text, told))) == plain


def test_whoever_is_named_in_facets_is_known() -> None:
    assert mentioned([facet(0, 1, did="did:plc:a"), facet(1, 2, uri="x"), None]) == {"did:plc:a"}


# --- keys -------------------------------------------------------------------------------------------------------------

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
TID = regex.compile(r"[234567a-j][234567a-z]{12}")


@given(st.integers(0, 10**10), st.text(), st.integers(0, 19))
def test_a_reserved_key_is_a_tid_of_that_second_and_known_as_ours(seconds: int, key: str, part: int) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    reserved = reserve(at, key, part)
    assert TID.fullmatch(reserved)
    assert is_reserved(reserved)
    assert reserved == reserve(at, key, part)


def test_keys_differ_by_reply_and_by_part_and_parts_are_in_order() -> None:
    keys = [reserve(AT, f"key-{number}", part) for number in range(50) for part in range(20)]
    assert len(set(keys)) == len(keys)
    one = [reserve(AT, "key", part) for part in range(20)]
    assert one == sorted(one)


def test_other_apps_keys_are_not_ours_and_a_like_has_one_key_per_post() -> None:
    assert not any(map(is_reserved, ("3n2uhesgbrs2d", "self", "", "3N2UHESGBRS2D")))
    uris = [f"at://did:plc:lena/app.bsky.feed.post/{reserve(AT + timedelta(hours=n), 'k')}" for n in range(50)]
    assert len({key_about(uri) for uri in uris}) == 50
    assert all(TID.fullmatch(key_about(uri)) for uri in (*uris, "at://did:plc:x/app.bsky.feed.post/self"))
