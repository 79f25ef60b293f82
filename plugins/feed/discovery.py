"""Which feeds an HTML page offers, best for us first. Pure."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urljoin

from hub.kernel.html import safe_link

_LOOKED_AT = 300_000
_MOST = 10
_LINK = re.compile(r"<link\b([^<>]{0,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([a-z-]{1,20})\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_TYPES = {"application/atom+xml", "application/rss+xml", "application/rdf+xml", "application/feed+json"}
_WORDPRESS = re.compile(
    r"content=[\"']WordPress|/wp-(?:content|includes|json)/|rel=[\"']https://api\.w\.org/", re.IGNORECASE
)


def feeds_of(page: str, url: str) -> tuple[str, ...]:
    """The addresses of the feeds that a page from `url` offers, at most ten: comments before posts.

    Of WordPress comments Atom is offered instead of RSS: only its Atom feeds tell which comment answers which.
    """
    looked_at = page[:_LOOKED_AT]
    found = [_absolute(href, url) for href in _alternates(looked_at)]
    if _WORDPRESS.search(looked_at):
        found = [as_wordpress_atom(address) or address if address else None for address in found]
    offers = list(dict.fromkeys(address for address in found if address))[:_MOST]
    return tuple(sorted(offers, key=lambda address: not is_comments_address(address)))


def is_comments_address(url: str) -> bool:
    """Whether the address itself says that comments are found there (WordPress, Blogger)."""
    return re.search(r"/comments/(?:feed|default)|/feeds/\d+/comments|feed=comments-", url) is not None


def as_wordpress_atom(url: str) -> str | None:
    """The Atom form of a WordPress comment feed's RSS address; None for any other address."""
    plain, question, query = url.partition("?")
    if re.search(r"(?:^|&)feed=comments-rss2?(?:&|$)", query):
        return f"{plain}?{re.sub(r'feed=comments-rss2?', 'feed=comments-atom', query)}"
    if re.search(r"/comments/feed(?:/rss2?)?/?$", plain):
        return re.sub(r"/feed(?:/rss2?)?/?$", "/feed/atom/", plain) + question + query
    return None


def _alternates(page: str) -> list[str]:
    links = [_attributes(attributes) for attributes in _LINK.findall(page)]
    return [
        link["href"]
        for link in links
        if "alternate" in link.get("rel", "").lower().split()
        and link.get("type", "").partition(";")[0].strip().lower() in _TYPES
        and link.get("href")
    ]


def _attributes(text: str) -> dict[str, str]:
    return {name.lower(): unescape(a or b or c).strip() for name, a, b, c in _ATTRIBUTE.findall(text)}


def _absolute(href: str, url: str) -> str | None:
    try:
        return safe_link(urljoin(url, href))
    except ValueError:
        return None
