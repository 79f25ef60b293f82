"""Hostile messages as the networks could deliver them: every one goes through the sanitiser, and later through pages.

Each theme is a module of pairs (name, html) or of whole messages; what a message leaves empty is filled with its own
payload, so that every sink of a page (body, text, names, titles, links, file names) meets every vector.
A script that runs sets `window.__xss`; whatever is loaded comes from TRACKER.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from tests.corpus import links, loads, mutations, scripts, sizes, spoofs
from tests.corpus.payloads import RUN, TRACKER

__all__ = ["MESSAGES", "RUN", "TRACKER", "HostileMessage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostileMessage:
    """One message whose every field is an attack; `theme` is the module it stands in."""

    name: str
    theme: str
    html: str
    text: str
    author_name: str
    author_url: str
    post_title: str
    attachment_name: str

    @property
    def is_large(self) -> bool:
        return len(self.html) > 20_000


def _message(theme: str, name: str, html: str, fields: dict[str, str]) -> HostileMessage:
    names = ("text", "author_name", "author_url", "post_title", "attachment_name")
    filled = dict.fromkeys(names, html) | fields
    return HostileMessage(name=f"{theme}: {name}", theme=theme, html=html, **filled)


def _of(theme: str, items: list[tuple[str, str]]) -> list[HostileMessage]:
    return [_message(theme, name, html, {}) for name, html in items]


MESSAGES: tuple[HostileMessage, ...] = tuple(
    chain(
        _of("scripts", scripts.ITEMS),
        _of("mutations", mutations.ITEMS),
        _of("loads", loads.ITEMS),
        [
            _message("links", name, f'<a href="{spelling}">click me</a>', {"author_url": url})
            for name, spelling, url in links.ITEMS
        ],
        [_message("spoofs", name, html, fields) for name, html, fields in spoofs.ITEMS],
        _of("sizes", sizes.ITEMS),
    )
)
