"""Custom emoji in markup: pictures of ours, only where a code stands for one, and nothing else changed."""

from __future__ import annotations

import re

import pytest

from hub.kernel import html
from hub.kernel.emoji import MOST, codes_in, without_codes

ADDRESSES = {"blobcat": "/emoji/1", "v": "/emoji/2", "blob-cat+1@other.example": "/emoji/3"}


def shown(source: str) -> str:
    """The markup of a message with each picture as ‹code›."""
    marked = html.render(html.clean(source), emoji=ADDRESSES)
    return re.sub(
        r'<img class="emoji" src="/emoji/\d" alt=":([^":]+):" title=":\1:" decoding="async">', r"‹\1›", marked
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>Hello :blobcat:</p>", '<p dir="auto">Hello ‹blobcat›</p>'),
        (":blobcat: :blobcat:, (:v:)", "‹blobcat› ‹blobcat›, (‹v›)"),
        ("<b>:v:</b>:blobcat:<i>x</i>", "<b>‹v›</b>‹blobcat›<i>x</i>"),
        (":blob-cat+1@other.example:", "‹blob-cat+1@other.example›"),
        ("שלום :blobcat: עולם", "שלום ‹blobcat› עולם"),
        (":unknown: stays, :blobcat too", ":unknown: stays, :blobcat too"),
        ("12:v:30 x:v: :v:x é:v: ::v: :v::blobcat:", "12:v:30 x:v: :v:x é:v: ::v: :v::blobcat:"),
        ("<code>:v:</code> <pre>:v:</pre> <kbd>:v:</kbd> <samp>:v:</samp> :v:", None),
        ("&lt;:v:&gt; &amp;:v:", "&lt;‹v›&gt; &amp;‹v›"),
    ],
)
def test_a_code_with_a_picture_becomes_one_where_words_stand(source: str, expected: str | None) -> None:
    if expected is None:
        assert shown(source).count("‹v›") == 1
        assert shown(source).count(":v:") == 4
    else:
        assert shown(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '<a href="https://a.example/:v:">:v: bank.example</a>',
        '<a href="https://a.example/?q=>:v:<">x</a>',
        '<a href="https://a.example/&quot; :v: ">x</a>',
        '<p lang=":v:" title=":v:" class=":v:">x</p>',
        '<img alt=":v" src=x onerror=":v:">',
        "<a href='https://a.example'><b>:v:</b></a>",
    ],
)
def test_no_picture_stands_in_a_link_or_an_attribute(source: str) -> None:
    with_pictures = html.render(html.clean(source), emoji=ADDRESSES)
    assert with_pictures == html.render(html.clean(source))
    assert "<img" not in with_pictures


def test_words_after_a_link_or_code_have_pictures_again() -> None:
    assert shown('<a href="https://a.example">a :v:</a> :v: <code><b>:v:</b></code> :v:').count("‹v›") == 2


def test_of_hundreds_of_emoji_as_many_are_shown_as_a_page_bears() -> None:
    many = html.render(html.clean("<p>" + ":v: " * (MOST + 200) + "</p>"), emoji=ADDRESSES)
    assert many.count("<img") == MOST
    assert len(re.findall(r"(?<!\"):v:(?!\")", many)) == 200


def test_a_name_is_escaped_whatever_stands_in_it() -> None:
    named = html.named('<script>:v:</script> & "Lena" :v:', ADDRESSES)
    assert named.startswith("&lt;script&gt;<img ")
    assert "&amp; &quot;Lena&quot; <img " in named
    assert html.named("<b>:v:", {}) == "&lt;b&gt;:v:"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Lena :v: Brandt", "Lena Brandt"),
        ("Lena :blobcat:", "Lena"),
        (":v:", ":v:"),
        ("Lena :unknown:", "Lena :unknown:"),
        ("", ""),
    ],
)
def test_where_only_words_fit_a_name_has_no_codes(name: str, words: str) -> None:
    assert " ".join(without_codes(name, ADDRESSES).split()) == words


def test_the_codes_of_texts_are_what_stands_between_colons() -> None:
    assert codes_in([":a: b", "<p>:c:</p>", '":"><img>:', "::", ": :", ":d e:", ":" * 50]) == {"a", "c"}
