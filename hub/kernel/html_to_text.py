"""HTML as plain text: the words, lines and paragraphs people would see. Called by `hub.kernel.html.text_of` only.

It reads what nh3 wrote, not what a network sent: tags are lower-case and closed, and `<`, `>` and `"` are escaped
wherever they are meant as characters, so that one regular expression is a whole tokeniser.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


PARAGRAPHS = _set("blockquote dl h1 h2 h3 h4 h5 h6 hr ol p pre table ul")
LINES = _set(
    "address article aside br caption center dd details dialog div dt fieldset figcaption figure footer form header"
    " legend li main nav option section summary tr"
)
CELLS = _set("td th")
READ_TAGS = PARAGRAPHS | LINES | CELLS | {"a", "img", "span", "q"}
READ_ATTRIBUTES = {"a": {"href"}, "img": {"alt"}, "span": {"class"}}

_TOKEN = re.compile(r"<(/?)([a-z0-9]+)([^>]*)>|([^<]+)")
_ATTRIBUTE = re.compile(r' (alt|class|href)="([^"]*)"')
# Not the single spaces between words, which stay what they are.
_SPACES = re.compile(r"(?: [ \t\r\n\f\xa0]|[\t\r\n\f\xa0])[ \t\r\n\f\xa0]*")
_BREAKS = dict.fromkeys(LINES - {"br"}, 1) | dict.fromkeys(PARAGRAPHS, 2)
"""Line breaks before and after."""

_NO_ATTRIBUTES: Mapping[str, str] = {}
_SHORTENED = {"invisible", "ellipsis"}
"""Mastodon splits the words of a link into spans of these classes and hides the first."""


def read(canonical: str) -> str:
    """The text of nh3's output for READ_TAGS and READ_ATTRIBUTES."""
    reader = _Reader()
    for end, tag, attributes, words in _TOKEN.findall(canonical):
        if words:
            reader.say(unescape(words))
        elif end:
            reader.leave(tag)
        else:
            reader.enter(tag, _attributes(attributes) if attributes else _NO_ATTRIBUTES)
    return reader.text()


def _attributes(written: str) -> Mapping[str, str]:
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(written)}


class _Reader:
    def __init__(self) -> None:
        self._parts: list[str] = []
        self._breaks = 0
        self._bullet = ""
        self._pre = 0
        self._link: tuple[int, str] | None = None
        self._shortened = False

    def text(self) -> str:
        return "".join(self._parts).strip()

    def enter(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._breaks = max(self._breaks, _BREAKS.get(tag, 0))
        if tag == "br":
            self._parts.append("\n")
        elif tag == "img":
            self.say(_spaced(attributes.get("alt", "")))
        elif tag == "li":
            self._bullet = "- "
        elif tag == "pre":
            self._pre += 1
        elif tag == "a":
            self._link, self._shortened = (len(self._parts), attributes.get("href", "")), False
        elif tag == "span" and _SHORTENED & set(attributes.get("class", "").split()):
            self._shortened = True

    def leave(self, tag: str) -> None:
        self._breaks = max(self._breaks, _BREAKS.get(tag, 0))
        if tag == "pre":
            self._pre -= 1
        elif tag in CELLS:
            self.say(" ")
        elif tag == "a":
            self._leave_link()

    def say(self, words: str) -> None:
        if not self._pre:
            # Of all spaces only the plain one is printable: most words are not looked through.
            if "  " in words or not words.isprintable():
                words = _SPACES.sub(" ", words)
            if self._breaks or self._bullet or not self._parts or self._parts[-1][-1:] in (" ", "\n"):
                words = words.lstrip(" ")
        if not words:
            return
        if self._parts:
            self._parts.append("\n" * self._breaks)
        self._parts.append(self._bullet + words)
        self._breaks, self._bullet = 0, ""

    def _leave_link(self) -> None:
        if self._link is None:
            return
        start, address = self._link
        said = "".join(self._parts[start:])
        if address and (self._shortened or _is_cut_address(said.strip(), address)):
            before = said[: len(said) - len(said.lstrip())]
            self._parts[start:] = [before + address]
        self._link = None


def _is_cut_address(words: str, address: str) -> bool:
    kept = words.rstrip("….")
    return len(kept) > 3 and words.endswith(("…", "...")) and kept in address


def _spaced(alt: str) -> str:
    """Emoji close to their words, descriptions with space around."""
    words = alt.strip()
    return f" {words} " if words[:1].isalnum() else words
