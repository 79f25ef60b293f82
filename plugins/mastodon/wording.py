"""How Mastodon counts and writes an agent's text, and how a text is recognised when it comes back. Pure.

Counting follows Mastodon's status_length_validator.rb: extended grapheme clusters (Unicode Annex 29) of the content
warning and the text, in which a link counts as a fixed number and a mention by its name without the server.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import regex

_LABEL = r"[\p{L}\p{N}](?:[\p{L}\p{N}_-]*[\p{L}\p{N}])?"
_INSIDE = r"[^\s<>()?]"
_PARENTHESES = r"\((?:[^\s<>()]|\([^\s<>()]*\))*\)"
_LAST = rf"(?:[^\s()?!*\"'「」<>;:=,.$%\[\]~&|@]|{_PARENTHESES})"
_PATH = rf"/(?:{_INSIDE}*(?:{_PARENTHESES}{_INSIDE}*)*{_LAST}|{_INSIDE}+/)?"
_WIDE = r"\u00a1-\ud7ff\uf900-\U0010fffd"
_QUERY = rf"\?[a-z0-9!?*'();:&=+$/%#\[\]_.,~|@^{_WIDE}-]*[a-z0-9_&=#/{_WIDE}-]"
_URL = (
    rf"(?<![\p{{L}}\p{{N}}@＠$#＃])https?://(?:{_LABEL}\.)+(?:xn--[a-z0-9-]+|\p{{L}}{{2,}})(?::\d{{1,5}})?"
    rf"(?:{_PATH})?(?:{_QUERY})?"
)
_MENTION = r"(?<![=/\w])@(?P<name>[a-z0-9_]+(?:[a-z0-9_.-]+[a-z0-9_]+)?)(?:@\w(?:[\w.-]*\w)?)?"
_ENTITY = regex.compile(rf"(?P<url>{_URL})|{_MENTION}", regex.IGNORECASE)
_UNBREAKABLE = regex.compile(rf"{_URL}|{_MENTION}|(?<!\w)#\w+", regex.IGNORECASE)
_GRAPHEME = regex.compile(r"\X")
_DROPPED = regex.compile(r"[\s*_~`\p{Cf}]+")
"""White space, and what servers that know Markdown take for its signs."""

_LEADING_MENTIONS = regex.compile(rf"\A\s*(?:{_MENTION}\s+)*(?:{_MENTION}\s*\Z)?", regex.IGNORECASE)


def graphemes(text: str, per_url: int | None) -> int:
    """What a text counts on a server where a link counts `per_url`; None where links and mentions count in full."""
    if per_url is not None:
        text = _ENTITY.sub(lambda found: "x" * per_url if found["url"] else f"@{found['name']}", text)
    return len(text) if text.isascii() and "\r" not in text else sum(1 for _ in _GRAPHEME.finditer(text))


def unbreakable(text: str) -> Iterator[tuple[int, int]]:
    """Where links, mentions and hashtags stand: they are never cut."""
    return (found.span() for found in _UNBREAKABLE.finditer(text))


def one_kind_of_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_named(acct: str, text: str) -> bool:
    """Whether a text mentions somebody already, with or without the server where the server is ours."""
    wanted = f"@{acct}".casefold()
    return any(found["url"] is None and found[0].casefold() == wanted for found in _ENTITY.finditer(text))


def without_leading_mentions(text: str) -> str:
    """The words of a reply, without the names that Mastodon wants in front of them."""
    return str(_LEADING_MENTIONS.sub("", text, count=1))


def leading_mentions(text: str) -> str:
    """The names in front of a reply, as they were written."""
    found = _LEADING_MENTIONS.match(text)
    return found[0] if found else ""


def skeleton(text: str) -> str:
    """What stays of a text whatever a server does to white space, mentions and links; equal for the same words."""
    plain = unicodedata.normalize("NFKC", without_leading_mentions(text)).casefold()
    plain = _ENTITY.sub(lambda found: found[0].rstrip("/") if found["url"] else f"@{found['name']}", plain)
    return _DROPPED.sub("", plain) or "".join(text.split())
