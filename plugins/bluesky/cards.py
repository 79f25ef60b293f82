"""The card below an answer for the first page it links to: title, description and picture, as the page tells them.

Lexicon: app.bsky.embed.external. The servers look at no page; whoever writes the post has to. The page is the word of a
stranger, and so is the address: it is read once, while the answer is planned, and not where the operator lets
connectors in. Whatever goes wrong with it costs the answer its card and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from hub.connector import Outgoing, Visibility
from hub.errors import HubError
from hub.kernel.html import safe_link
from hub.kernel.http import FetchLimits
from hub.kernel.plaintext import one_line

from .rich_text import find

if TYPE_CHECKING:
    from hub.kernel.http import Door
    from hub.kernel.images import Picture

_PAGE = FetchLimits(seconds=4.0, bytes=2_000_000, redirects=3)
_PICTURE = FetchLimits(seconds=4.0, bytes=5_000_000, redirects=3)
_LOOKED_AT = 700_000
_LONGEST_TITLE, _LONGEST_DESCRIPTION = 300, 600

_META = re.compile(
    r"<meta\b((?:[^<>\"']{1,1000}|\"[^\"]{0,3000}\"|'[^']{0,3000}'){1,40}+)>",
    re.IGNORECASE,
)
_TITLE = re.compile(r"<title\b[^<>]{0,200}>([^<]{1,2000})<", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([a-z-]{1,20})\s{0,9}=\s{0,9}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_CHARSET = re.compile(rb"charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([a-z0-9_-]{2,20})", re.IGNORECASE)
_CHARSETS = re.compile(
    r"utf-?8|us-ascii|iso-?8859-?\d{1,2}|latin-?1|windows-125\d|cp125\d|koi8-[ru]|shift[_-]jis|euc-(?:jp|kr)|gbk|gb2312"
    r"|gb18030|big5",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a page says of itself. part: which post of the answer shows it. picture: where one is, else empty."""

    part: int
    uri: str
    title: str
    description: str = ""
    picture: str = ""

    @property
    def embed(self) -> dict[str, Any]:
        """As it stands in the record, still without its picture."""
        told = {"uri": self.uri, "title": self.title, "description": self.description}
        return {"$type": "app.bsky.embed.external", "external": told}


class Cards:
    """Looks at the pages. Never raises what a page or its server does wrong."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def of(self, outgoing: Outgoing, texts: Sequence[str]) -> Card | None:
        """The card of an answer in these posts; None where pictures or a quote take its place, and without a page."""
        if outgoing.attachments or outgoing.quote or outgoing.visibility is Visibility.DIRECT:
            return None
        first = next(((part, address) for part, text in enumerate(texts) for address in links(text)), None)
        return self._look_at(*first) if first else None

    def picture(self, address: str, most_bytes: int) -> Picture | None:
        """The picture of a page, made anew and small enough; None where there is none to be had."""
        from hub.kernel.images import fit, reencode

        try:
            answer = self._door.request("GET", address, headers={"Accept": "image/*"}, limits=_PICTURE, excepted=False)
            return fit(reencode(answer.body).body, most_bytes) if answer.status == 200 else None
        except HubError:
            return None

    def _look_at(self, part: int, address: str) -> Card | None:
        headers = {"Accept": "text/html,application/xhtml+xml"}
        try:
            answer = self._door.open_answer("GET", address, headers=headers, limits=_PAGE, excepted=False)
            try:
                is_page = answer.status == 200 and "html" in answer.headers.get("Content-Type", "").lower()
                body = _beginning(answer) if is_page else b""
            finally:
                answer.close()
        except HubError:
            return None
        page = _decoded(body, answer.headers.get("Content-Type", ""))
        return read_card(page, part=part, uri=address, page_at=answer.url)


def links(text: str) -> list[str]:
    """The addresses in a text of ours, in their order."""
    return [each.target for each in find(text) if each.kind == "link"]


def read_card(page: str, *, part: int, uri: str, page_at: str) -> Card | None:
    """What a page's head says of it: as Open Graph, as Twitter's cards, as plain HTML; None without a title.

    page_at: where it was found after redirects; its picture may be named from there.
    """
    told = _told(page)
    title = _first(told, _LONGEST_TITLE, "og:title", "twitter:title", "<title>")
    if not title:
        return None
    picture = told.get("og:image:secure_url") or told.get("og:image") or told.get("twitter:image") or ""
    return Card(
        part=part,
        uri=uri,
        title=title,
        description=_first(told, _LONGEST_DESCRIPTION, "og:description", "twitter:description", "description"),
        picture=_absolute(picture, page_at),
    )


def with_picture(embed: Mapping[str, Any], blob: Mapping[str, Any]) -> dict[str, Any]:
    """A card that shows a picture as well."""
    return {**embed, "external": {**embed["external"], "thumb": blob}}


def _told(page: str) -> dict[str, str]:
    """The words of a page's head by their names; of several of one name the first."""
    told: dict[str, str] = {}
    for inside in _META.findall(page):
        tag = {name.lower(): unescape(a or b or c).strip() for name, a, b, c in _ATTRIBUTE.findall(inside)}
        name = (tag.get("property") or tag.get("name") or "").lower()
        if name and tag.get("content"):
            told.setdefault(name, tag["content"])
    title = _TITLE.search(page)
    return told | ({"<title>": unescape(title[1])} if title else {})


def _first(told: Mapping[str, str], longest: int, *names: str) -> str:
    return next((words for name in names if (words := one_line(told.get(name, ""), longest))), "")


def _absolute(picture: str, page_at: str) -> str:
    try:
        return safe_link(urljoin(page_at, picture)) or "" if picture else ""
    except ValueError:
        return ""


def _beginning(pieces: Any) -> bytes:
    """As much of a page as its head may take."""
    body = b""
    for piece in pieces:
        body += piece
        if len(body) >= _LOOKED_AT or b"</head" in body[-len(piece) - 6 :]:
            break
    return body[:_LOOKED_AT]


def _decoded(body: bytes, content_type: str) -> str:
    found = _CHARSET.search(content_type.encode()) or _CHARSET.search(body[:4096])
    named = found[1].decode() if found else "utf-8"
    return body.decode(named if _CHARSETS.fullmatch(named) else "utf-8", "replace")
