"""Plain text from outside, made safe to look at: no character hides, reverses or floods what people read.

Names and handles are one line and lose what cannot be seen (`one_line`); bodies keep every word and show such
characters as marks (`visible_controls`). The raw text is kept by whoever stores it; nothing here can be undone.
Unicode Standard Annex 9 (bidirectional controls) and 29 (grapheme clusters). Re-exported by `hub.kernel.html`.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import islice

import regex

ELLIPSIS = "…"
_ENOUGH_TO_TELL = 2000
_POINTS_PER_GRAPHEME = 16
"""More code points than this on average is a flood, not writing: the longest family emoji has ten."""

_BIDI = {
    "\u202a": "⟨LRE⟩",
    "\u202b": "⟨RLE⟩",
    "\u202d": "⟨LRO⟩",
    "\u202e": "⟨RLO⟩",
    "\u2066": "⟨LRI⟩",
    "\u2067": "⟨RLI⟩",
    # Nothing is left open for these to close, and an isolate by first strong character hides nothing.
    "\u202c": "",
    "\u2068": "",
    "\u2069": "",
}
_CONTROLS = {chr(point): chr(0x2400 + point) for point in range(0x20)} | {"\x7f": "␡"}
_LINE_BREAKS = dict.fromkeys(("\x85", "\u2028", "\u2029"), "\n")
_MARKS = _CONTROLS | _BIDI | _LINE_BREAKS | {"\x0c": " "}

_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_STACKED = regex.compile(r"(\p{M}{8})\p{M}+")
_GRAPHEME = regex.compile(r"\X")
_SIMPLE = re.compile("[^\r\u0300-\U0010ffff]*")
"""Text in which every character is a grapheme of its own; most is, and it is cut much faster."""

_UNSEEN_IN_NAMES = (
    r"[\p{Cc}\p{Cs}\p{Co}\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    r"\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\uffff]"
)
_TAGS_WITHOUT_A_FLAG = r"(?<![\U0001f3f4\U000e0020-\U000e007e])[\U000e0000-\U000e007f]"
_JOINERS_WITHOUT_A_USE = (
    r"(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\p{Arabic}\p{Syriac}\p{Mongolian}\p{Nko}\p{Devanagari}"
    r"\p{Bengali}\p{Gurmukhi}\p{Gujarati}\p{Oriya}\p{Tamil}\p{Telugu}\p{Kannada}\p{Malayalam}\p{Sinhala}\p{Khmer}"
    r"\p{Myanmar}])[\u200c\u200d]"
)
_INVISIBLE = regex.compile(f"{_UNSEEN_IN_NAMES}|{_TAGS_WITHOUT_A_FLAG}|{_JOINERS_WITHOUT_A_USE}")
_NAMES = re.compile(r"(?:@[\w.@-]+\s+)+")
_SPACES = re.compile(r"\s+")


def direction(text: str) -> str:
    """How a text runs, as HTML's `dir` says it: rtl, ltr, or auto where nothing tells. The names it begins with tell
    nothing: they are in front of every answer, in Latin letters."""
    for word in text[:_ENOUGH_TO_TELL].split():
        if word.startswith("@") or "://" in word:
            continue
        for letter in word:
            strong = unicodedata.bidirectional(letter)
            if strong in ("L", "R", "AL"):
                return "ltr" if strong == "L" else "rtl"
    return "auto"


def names_in_front(text: str) -> tuple[str, str]:
    """The names an answer begins with, and the rest of it: apart, so that each runs in its own direction."""
    names = _NAMES.match(text)
    return (names[0].rstrip(), text[names.end() :]) if names else ("", text)


def visible_controls(text: str) -> str:
    """The body with what cannot be seen shown as a mark (⟨RLO⟩, ␀), so that reading it is reading all of it.

    Lone surrogates become U+FFFD, Unicode line separators a line break; stacks of more than eight combining marks
    are cut to eight. Tabs and line breaks stay, and so do the joiners that Persian, Indic scripts and emoji need.
    """
    # Nothing that is unseen is printable, and asking takes a tenth of looking: most words need no more.
    marked = text if text.isprintable() else _UNSEEN.sub(_mark, text)
    return marked if marked.isascii() else _STACKED.sub(r"\1", marked)


def _mark(found: re.Match[str]) -> str:
    character = found[0]
    return _MARKS.get(character, "\ufffd" if character >= "\ud800" else "")


def one_line(text: str, limit: int = 200) -> str:
    """A name, handle, title or file name on one line, at most `limit` graphemes, without a character nobody can see.

    The result may be empty: the caller says what to show instead.
    """
    bounded = text[: limit * _POINTS_PER_GRAPHEME * 2]
    spaced = _SPACES.sub(" ", _STACKED.sub(r"\1", bounded))
    return cut(_SPACES.sub(" ", _INVISIBLE.sub("", spaced)).strip(), limit)


def snippet(text: str, length: int = 140) -> str:
    """The first words of a body for a list: one line of at most `length` graphemes, made from text, never from HTML."""
    bounded = text[: length * _POINTS_PER_GRAPHEME * 2]
    return cut(_SPACES.sub(" ", visible_controls(bounded)).strip(), length)


def cut(text: str, limit: int) -> str:
    """At most `limit` graphemes of the text, with an ellipsis for what is missing; a cluster is never cut inside."""
    if limit < 1:
        return ""
    if len(text) <= limit:
        return text
    if _SIMPLE.fullmatch(text):
        return text[: limit - 1].rstrip() + ELLIPSIS
    clusters = [found[0] for found in islice(_GRAPHEME.finditer(text), limit + 1)]
    if len(clusters) <= limit and len(text) <= limit * _POINTS_PER_GRAPHEME:
        return text
    return _fitting(clusters[: limit - 1], limit * _POINTS_PER_GRAPHEME) + ELLIPSIS


def _fitting(clusters: list[str], points: int) -> str:
    kept, used = [], 1
    for cluster in clusters:
        used += len(cluster)
        if used > points:
            break
        kept.append(cluster)
    return "".join(kept).rstrip()
