"""Facets: what in a post's text is a link, a mention or a tag, by offsets into its UTF-8 bytes. Pure.

Found in our own text as Bluesky's app finds them (@atproto/api, rich-text/util), without addresses that lack https://.
Lexicon: app.bsky.richtext.facet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import regex

_BEFORE = r"(?:(?<=[\s(])|^)"
_MENTION = regex.compile(
    rf"{_BEFORE}@(?P<handle>(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?)\b", regex.I
)
_LINK = regex.compile(rf"{_BEFORE}https?://[^\s<>]+", regex.I)
_TAG = regex.compile(r"(?:(?<=\s)|^)[#＃](?!\ufe0f)(?P<tag>[^\s\u00ad\u2060\u200a-\u200d\u20e2]+)")
_ONLY_DIGITS = regex.compile(r"[\d\p{P}]+")
_TRAILING = ".,;:!?\"'’”»…。！？"
_TRAILING_OF_TAGS = regex.compile(r"\p{P}+\Z")
_GRAPHEME = regex.compile(r"\X")
_LONGEST_TAG = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something in a text, by its place in characters. `kind`: mention (target is a handle), link, tag."""

    start: int
    end: int
    kind: str
    target: str


def graphemes(text: str) -> int:
    """What readers see as characters: extended grapheme clusters (Unicode Annex 29)."""
    return len(text) if text.isascii() and "\r" not in text else sum(1 for _ in _GRAPHEME.finditer(text))


def find(text: str) -> list[Found]:
    """Links, mentions and tags of a text in their order; none overlap."""
    found = sorted([*_links(text), *_mentions(text), *_tags(text)], key=lambda each: (each.start, -each.end))
    kept: list[Found] = []
    for each in found:
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
    return kept


def unbreakable(text: str) -> Iterator[tuple[int, int]]:
    """Where links, mentions and tags stand: they are never cut."""
    return ((each.start, each.end) for each in find(text))


def facets(text: str, dids: Mapping[str, str]) -> list[dict[str, Any]]:
    """The facets of a text of ours. dids: of the handles named in it, in lower case; an unknown one stays text."""
    made = []
    for each in find(text):
        feature = _feature(each, dids)
        if feature is not None:
            start = len(text[: each.start].encode())
            index = {"byteStart": start, "byteEnd": start + len(text[each.start : each.end].encode())}
            made.append({"index": index, "features": [feature]})
    return made


def handles(text: str) -> list[str]:
    """Whom a text names, in lower case, each once."""
    return list(dict.fromkeys(each.target for each in find(text) if each.kind == "mention"))


def to_html(text: str, told: Any) -> str:
    """A text with its facets as HTML. Facets that overlap, or lie outside or inside a character, are left out."""
    encoded = text.encode("utf-8", "surrogatepass")
    pieces, at = [], 0
    for start, end, address in _usable(told, encoded):
        pieces += [_plain(encoded[at:start]), f'<a href="{escape(address)}">{_plain(encoded[start:end])}</a>']
        at = end
    pieces.append(_plain(encoded[at:]))
    paragraphs = "".join(pieces).split("\n\n")
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs if paragraph.strip()).replace("\n", "<br>")


def mentioned(told: Any) -> set[str]:
    """The DIDs that facets name."""
    return {
        str(feature["did"]) for facet in _dicts(told) for feature in _dicts(facet.get("features")) if "did" in feature
    }


def _links(text: str) -> Iterator[Found]:
    for found in _LINK.finditer(text):
        end = _end_of_link(found[0])
        address = found[0][:end]
        if address.partition("://")[2]:
            yield Found(start=found.start(), end=found.start() + end, kind="link", target=address)


def _end_of_link(address: str) -> int:
    """Where an address ends that runs into the sentence around it."""
    while True:
        kept = address.rstrip(_TRAILING)
        if kept.endswith(")") and kept.count(")") > kept.count("("):
            kept = kept[:-1]
        if kept == address:
            return len(address)
        address = kept


def _mentions(text: str) -> Iterator[Found]:
    for found in _MENTION.finditer(text):
        yield Found(start=found.start(), end=found.end(), kind="mention", target=found["handle"].lower())


def _tags(text: str) -> Iterator[Found]:
    for found in _TAG.finditer(text):
        tag = _TRAILING_OF_TAGS.sub("", found["tag"])
        if tag and not _ONLY_DIGITS.fullmatch(tag) and graphemes(tag) <= _LONGEST_TAG:
            yield Found(start=found.start(), end=found.start() + 1 + len(tag), kind="tag", target=tag)


def _feature(each: Found, dids: Mapping[str, str]) -> dict[str, str] | None:
    if each.kind == "mention":
        did = dids.get(each.target)
        return {"$type": "app.bsky.richtext.facet#mention", "did": did} if did else None
    if each.kind == "link":
        return {"$type": "app.bsky.richtext.facet#link", "uri": each.target}
    return {"$type": "app.bsky.richtext.facet#tag", "tag": each.target}


def _usable(told: Any, encoded: bytes) -> list[tuple[int, int, str]]:
    kept: list[tuple[int, int, str]] = []
    for spot in sorted(filter(None, map(_spot, _dicts(told)))):
        start, end, _ = spot
        fits = end <= len(encoded) and _between(encoded, start) and _between(encoded, end)
        if fits and (not kept or start >= kept[-1][1]):
            kept.append(spot)
    return kept


def _spot(facet: Mapping[str, Any]) -> tuple[int, int, str] | None:
    index = facet.get("index")
    start, end = (index.get("byteStart"), index.get("byteEnd")) if isinstance(index, dict) else (None, None)
    if type(start) is not int or type(end) is not int or not 0 <= start < end:
        return None
    address = next(filter(None, map(_address, _dicts(facet.get("features")))), "")
    return (start, end, address) if address else None


def _address(feature: Mapping[str, Any]) -> str:
    """Where a feature leads; features of a kind we do not know lead nowhere."""
    uri, did, tag = feature.get("uri"), feature.get("did"), feature.get("tag")
    if isinstance(uri, str) and uri.startswith(("https://", "http://")):
        return uri
    if isinstance(did, str):
        return f"https://bsky.app/profile/{did}"
    return f"https://bsky.app/hashtag/{tag}" if isinstance(tag, str) else ""


def _between(encoded: bytes, at: int) -> bool:
    """Whether a place lies between two characters."""
    return at == len(encoded) or encoded[at] & 0xC0 != 0x80


def _plain(encoded: bytes) -> str:
    return escape(encoded.decode("utf-8", "replace"), quote=False)


def _dicts(items: Any) -> Iterable[Mapping[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list | tuple) else []
