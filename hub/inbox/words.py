"""What a search finds: texts and questions become the same folded words, whichever engine keeps them. Pure.

Case, accents, ligatures, full-width forms and invisible characters do not count (Unicode NFKD, case folding).
Characters of scripts that write no spaces between words, and emoji, are each a word of their own; what is typed of them
without a space is found as it stands, in its order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import regex

BREAK = "¦"
"""Stands between two texts of one message, so that no phrase runs from one into the other. It is in no word."""

MOST_WORDS = 16_000
"""Words of one message that are found; PostgreSQL counts no further than 16,383."""

_LONGEST_WORD = 64
_MOST_CHARACTERS = 75_000
_LONGEST_QUESTION = 1000
_MOST_TERMS = 30

# Marks that readers leave out when they type; those that make another letter (in Kana, Thai, Devanagari …) stay.
_MARKS = regex.compile(
    r"[\p{Cf}\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640"
    r"\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
    r"\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]+"
)
# Letters that Unicode does not take apart, though keyboards without them do.
_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t"}
)
_UNSPACED = (
    r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u30fc"
    r"\p{Extended_Pictographic}\p{Regional_Indicator}"
)
_WORD = regex.compile(rf"(?V1)[{_UNSPACED}]|[[\p{{L}}\p{{N}}\p{{M}}]--[{_UNSPACED}]]+")
_PLAIN_WORD = re.compile("[a-z0-9]+")
_ONE_BY_ONE = regex.compile(rf"[{_UNSPACED}]")
_ASKED = regex.compile(r'["“”„«»]([^"“”„«»]*)["“”„«»]?|[^\s"“”„«»]+')


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Words that must follow each other. is_prefix: the last one may go on."""

    words: tuple[str, ...]
    is_prefix: bool = False

    @property
    def needle(self) -> str:
        """What stands in `line_of` a text that holds this term, and in no other."""
        return f" {' '.join(self.words)}{'' if self.is_prefix else ' '}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody looks for: each term, in any order, in one message."""

    terms: tuple[Term, ...]

    @property
    def is_prefix(self) -> bool:
        return any(term.is_prefix for term in self.terms)

    @property
    def needles(self) -> list[str]:
        return [term.needle for term in self.terms]

    def is_answered_by(self, texts: Iterable[str]) -> bool:
        """Whether a message of these texts is found; the same as the index says of it."""
        folded = [fold(text) for text in texts]
        # Most texts do not even hold the letters, and need not be taken apart.
        if not all(any(word in text for text in folded) for term in self.terms for word in term.words):
            return False
        line = line_of(_split(folded))
        return all(needle in line for needle in self.needles)


def ask(typed: str) -> Question:
    """Read what was typed, whatever it is: words, and phrases in quotation marks; the last word may go on.

    What holds no letter, number or emoji asks for nothing and has no terms.
    """
    found = list(_ASKED.finditer(typed[:_LONGEST_QUESTION]))
    terms = [
        Term(words=words, is_prefix=match[1] is None and match is found[-1] and not _ONE_BY_ONE.fullmatch(words[-1]))
        for match in found[:_MOST_TERMS]
        if (words := words_of(match[0]))
    ]
    return Question(terms=tuple(dict.fromkeys(terms)))


def words_of(*texts: str) -> tuple[str, ...]:
    """The words of a message by its texts, in their order, with a BREAK between two texts."""
    return _split(fold(text) for text in texts)


def fold(text: str) -> str:
    """The text as it is compared."""
    if text.isascii():
        return text.lower()
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", bare.translate(_LETTERS))


def line_of(words: Iterable[str]) -> str:
    """Words as one line with a space before and after each; SQLite's form of the index."""
    return f" {' '.join(words)} "


def _split(folded: Iterable[str]) -> tuple[str, ...]:
    words: list[str] = []
    room = _MOST_CHARACTERS
    for text in folded:
        if words:
            words.append(BREAK)
        pattern = _PLAIN_WORD if text.isascii() else _WORD
        words += [word[:_LONGEST_WORD] for word in pattern.findall(text[:room])]
        room = max(0, room - len(text))
    return tuple(words[:MOST_WORDS])
