"""A long text as a thread of parts: cut between paragraphs, sentences or words, never inside one. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable

import regex

MOST_PARTS = 20
"""A longer thread is no answer any more."""

_WINDOW = 30_000
_SPACE = regex.compile(r"\s+")
_SENTENCE_END = regex.compile(r"[.!?…。！？][\"'’”»)\]」』]*\Z")
_PARAGRAPH, _LINE, _SENTENCE, _WORD, _LETTER = 4, 3, 2, 1, 0
# Scripts that put no spaces between words, and emoji: there a line may break between any two characters.
_SPACELESS = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Extended_Pictographic}\p{Regional_Indicator}"
    r"\u3000-\u303f\uff00-\uffef]"
)
_CLUSTERS = regex.compile(rf"(?={_SPACELESS})\X")
_NEVER_FIRST = regex.compile(r"[、。，．・：；？！）」』】〉》〕ー々!?,.:;)\]}…]")

Fits = Callable[[str, int], bool]
"""Whether a text fits as the part of that number."""

Unbreakable = Callable[[str], Iterable[tuple[int, int]]]
"""Where links, mentions and hashtags of a network stand in a text: they are never cut."""


def split(text: str, fits: Fits, unbreakable: Unbreakable) -> tuple[str, ...] | None:
    """The parts, white space between them left out; None where a word fits nowhere or there are too many parts."""
    parts: list[str] = []
    rest = text.strip()
    while rest:
        if len(parts) == MOST_PARTS:
            return None
        end = len(rest) if fits(rest, len(parts)) else _best_end(rest, len(parts), fits, unbreakable)
        if end is None:
            return None
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return tuple(parts)


def _best_end(rest: str, number: int, fits: Fits, unbreakable: Unbreakable) -> int | None:
    """The last place where this part can end; a better one in its second half is preferred."""
    breaks = _breaks(rest[:_WINDOW], unbreakable)
    ends = sorted(breaks)
    many = bisect_left(ends, True, key=lambda end: not fits(rest[:end].rstrip(), number))
    while many and not fits(rest[: ends[many - 1]].rstrip(), number):
        many -= 1
    if not many:
        return None
    last = ends[many - 1]
    near = [end for end in ends[:many] if end * 2 >= last]
    return max(near, key=lambda end: (breaks[end], end))


def _breaks(text: str, unbreakable: Unbreakable) -> dict[int, int]:
    """Where a part may end, with how good a place that is."""
    breaks = {found.start(): _rank(text, found) for found in _SPACE.finditer(text) if found.start()}
    for found in _CLUSTERS.finditer(text):
        for at in found.span():
            if 0 < at < len(text) and at not in breaks and not _NEVER_FIRST.match(text, at):
                breaks[at] = _SENTENCE if text[at - 1] in "。！？" else _LETTER
    for start, end in unbreakable(text):
        for at in [at for at in range(start + 1, end) if at in breaks]:
            del breaks[at]
    return breaks


def _rank(text: str, space: regex.Match[str]) -> int:
    if space[0].count("\n") > 1:
        return _PARAGRAPH
    if "\n" in space[0]:
        return _LINE
    return _SENTENCE if _SENTENCE_END.search(text, max(0, space.start() - 4), space.start()) else _WORD
