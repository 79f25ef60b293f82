"""The one sanitiser: every piece of HTML, text and address from outside passes here before anybody sees it.

`clean` runs once at intake; its result is stored beside the raw with CLEAN_VERSION, and a row with an older version
is cleaned again from its raw. Only `render`, `named`, `of_ours` and `joined` make Markup of text. Nothing that leaves
here loads anything but pictures we keep ourselves (custom emoji): those of others become their alternative text. What
`clean` returns is nh3's own output and the same again when it is parsed again, which is exactly what mutation XSS needs
to be otherwise.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape, unescape
from urllib.parse import urlsplit

import nh3
import regex
from markupsafe import Markup

from hub.kernel import html_to_text
from hub.kernel.emoji import pictured
from hub.kernel.plaintext import cut, direction, names_in_front, one_line, snippet, visible_controls

__all__ = [
    "CLEAN_VERSION",
    "MAX_HTML",
    "clean",
    "cut",
    "direction",
    "named",
    "names_in_front",
    "of_ours",
    "one_line",
    "render",
    "safe_link",
    "snippet",
    "text_of",
    "text_to_html",
    "visible_controls",
]

CLEAN_VERSION = 1
"""Raise it with every change of what `clean` lets through."""

MAX_HTML = 100_000
"""Characters of HTML or text that are looked at. The rest is cut off before cleaning, never after."""

MAX_LINK = 4_096
MAX_DEPTH = 256
"""Open elements: parsing takes quadratic time by depth, and browsers flatten at 512."""


def _set(names: str) -> set[str]:
    return set(names.split())


TAGS = _set(
    "a abbr b bdi blockquote br caption cite code dd del dfn div dl dt em hr i ins kbd li mark ol p pre q rp rt ruby"
    " s samp small strong sub sup table tbody td tfoot th thead tr u ul var wbr"
)
ATTRIBUTES = {
    "a": {"href"},
    "ol": {"start", "reversed"},
    "li": {"value"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "*": {"lang", "dir"},
}
LINK_REL = "nofollow noopener noreferrer ugc"

_HEADINGS = _set("h1 h2 h3 h4 h5 h6")
_OTHER_BLOCKS = _set(
    "address article aside center details dialog fieldset figcaption figure footer form header legend main nav section"
    " summary"
)
_NEVER_SHOWN = _set("iframe noembed noframes noscript script style template title")
_OWN_DIRECTION = _set("blockquote caption dd div dt li p pre td th")
_NEVER_LEFT_OPEN = _set(
    "area base br col dd dt embed hr img input li link meta option p param source tbody td tfoot th thead tr track wbr"
)
_VALUES = {
    "dir": re.compile(r"ltr|rtl|auto"),
    "lang": re.compile(r"[A-Za-z0-9-]{1,35}"),
    "reversed": re.compile(r""),
    "start": re.compile(r"-?[0-9]{1,6}"),
    "value": re.compile(r"-?[0-9]{1,6}"),
    "colspan": re.compile(r"[1-9][0-9]?"),
    "rowspan": re.compile(r"[1-9][0-9]?"),
}


@lru_cache(maxsize=256)
def safe_link(url: str | None) -> str | None:
    """An address from network data as it may stand in an href, or None where it must stay text.

    Absolute https and http with a plain host, and mailto without headers; nothing that a browser would read
    differently from us (WHATWG URL: backslashes, tabs, a missing `//`, credentials). Call it at write and at render.
    """
    if not url or len(url) > MAX_LINK:
        return None
    address = url.strip(" \t\r\n\f")
    if _MAIL.fullmatch(address):
        return "mailto:" + address[7:]
    found = _WEB.fullmatch(address)
    if not found or not _is_host(address):
        return None
    return found[1].lower() + "://" + found[2].replace(" ", "%20")


_UNTYPED = "\x00-\x1f\x7f-\x9f\\\\\u00ad\u200b\u200e\u200f\u061c\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
_WEB = re.compile(rf"(https?)://((?:[^/?#@%<>\"'`{{}}|^\s{_UNTYPED}]+)(?:[/?#][^{_UNTYPED}\t\r\n]*)?)", re.IGNORECASE)
_MAIL = re.compile(r"mailto:[\w.!#$&'*+/=^`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}", re.IGNORECASE | re.ASCII)


def _is_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return safe_link(value)
    if name in ("rel", "alt", "class"):
        return value
    pattern = _VALUES.get(name)
    return value if pattern and pattern.fullmatch(value) else None


def _cleaner(tags: set[str], attributes: dict[str, set[str]], *, is_shown: bool = True) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=tags,
        attributes=attributes,
        attribute_filter=_attribute,
        clean_content_tags=_NEVER_SHOWN,
        link_rel=LINK_REL if is_shown else None,
        url_schemes={"https", "http", "mailto"},
        url_relative="deny",
        set_tag_attribute_values={tag: {"dir": "auto"} for tag in _OWN_DIRECTION} if is_shown else None,
    )


_CLEANER = _cleaner(TAGS, ATTRIBUTES)
_FIRST = _cleaner(TAGS | _HEADINGS | _OTHER_BLOCKS | {"img"}, ATTRIBUTES | {"img": {"alt"}})
"""Lets through what is rewritten before _CLEANER has the last word."""

_READER = _cleaner(set(html_to_text.READ_TAGS), html_to_text.READ_ATTRIBUTES, is_shown=False)
_MAX_PASSES = 5


def clean(html: str) -> str:
    """The HTML of a message as agents may see it: allow-listed tags and attributes, no remote loads, marked controls.

    Looks at the first MAX_HTML characters. What is nested deeper than people write, or does not come to rest when
    parsed again, is given back as its text.
    """
    bounded = _bounded(html)
    if _is_too_deep(bounded):
        return text_to_html(_without_tags(bounded))
    dirty = _rewritten(_FIRST.clean(bounded))
    for _ in range(0 if _is_too_deep(dirty) else _MAX_PASSES):
        cleaned = _CLEANER.clean(dirty)
        if cleaned == dirty:
            return cleaned
        dirty = cleaned
    return text_to_html(text_of(dirty))


_FOREIGN_WORDS = _set(
    "foreignobject g math merror mfrac mi mn mo mover mpadded mroot mrow ms msqrt mstyle msub msubsup msup mtable mtd"
    " mtext mtr munder munderover semantics svg switch text textpath tspan"
)
# Only the names are of either case: so a text is searched for the `<` first, in a fifth of the time, and looked at
# further only where the first letter is one of theirs.
_FOREIGN = re.compile(
    rf"<(/?)(?=(?i:[{''.join(sorted({name[0] for name in _FOREIGN_WORDS}))}]))"
    rf"(?i:{'|'.join(sorted(_FOREIGN_WORDS))})(?=[\s/>])"
)


def _bounded(html: str) -> str:
    """The part that is looked at, with its drawings and formulas parsed as HTML: their words stay, their rules go."""
    kept = html[:MAX_HTML]
    start = kept.rfind("<")
    if len(html) > MAX_HTML and start > kept.rfind(">"):
        kept = kept[:start]
    return visible_controls(_FOREIGN.sub(_as_span, kept))


def _as_span(found: re.Match[str]) -> str:
    # By a function: Python reads a template anew for each text.
    return f"<{found[1]}span"


_START_OR_END = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")


def _is_too_deep(html: str) -> bool:
    if html.count("<") <= MAX_DEPTH:
        return False
    depth, left_open = 0, Counter[str]()
    for end, name in _START_OR_END.findall(html):
        tag = name.lower()
        if tag in _NEVER_LEFT_OPEN or (end and not left_open[tag]):
            continue
        step = -1 if end else 1
        left_open[tag] += step
        depth += step
        if depth > MAX_DEPTH:
            return True
    return False


def _without_tags(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^<>]*>", " ", html)).split())


_REWRITE = re.compile(rf"<(/?)(img|pre|{'|'.join(sorted(_HEADINGS | _OTHER_BLOCKS))})((?: [^>]*)?)>(\n*)")
_ALT = re.compile(r' alt="([^"]*)"')


def _rewritten(html: str) -> str:
    """Pictures as their words, headings and foreign blocks as ours; only for nh3's own output, where > is escaped."""
    return visible_controls(_REWRITE.sub(_as_ours, html))


def _as_ours(found: re.Match[str]) -> str:
    end, tag, attributes, breaks = found.groups()
    if tag == "img":
        return _words(attributes) + breaks
    if tag == "pre":
        return f"</pre>{breaks}" if end else f"<pre{attributes}>"
    if tag in _HEADINGS:
        return f"</strong></p>{breaks}" if end else f"<p><strong>{breaks}"
    return f"<{end}div>{breaks}"


def _words(attributes: str) -> str:
    """The alternative text of a picture: emoji close to their words, descriptions with space around."""
    found = _ALT.search(attributes)
    if not found:
        return ""
    words = found[1].strip()
    return f" {words} " if words[:1].isalnum() else words


def text_of(html: str) -> str:
    """The words of a message with its lines and paragraphs; never empty where people would see words.

    Pictures give their alternative text, links shortened for the eye (Mastodon, Bluesky) their whole address.
    """
    bounded = _bounded(html)
    if _is_too_deep(bounded):
        return visible_controls(_without_tags(bounded))
    return visible_controls(html_to_text.read(_READER.clean(bounded)))


def of_ours(text: str) -> Markup:
    """A text of our own catalogues as Markup for a page: what is filled in with `%` is escaped."""
    return Markup(text)


def joined(pieces: Iterable[str]) -> Markup:
    """Pieces of a page one after the other; what is not Markup already is escaped."""
    # Markup's own join makes a copy of each piece.
    return Markup("".join([piece if type(piece) is Markup else escape(piece) for piece in pieces]))


def render(clean_html: str, *, people_at: str = "", emoji: Mapping[str, str] | None = None) -> Markup:
    """What `clean` or `text_to_html` returned, as Markup for a page; nothing else may be handed in.

    Links open beside the inbox. Where a link's words name another host than it leads to, the real one follows it; not
    where they name a person (`@lena.example`) and it leads to `people_at`, the host that has everybody's pages on a
    network whose authors choose no server. emoji: what of ours is shown for a `:code:`, by code.
    """
    marked = _LINK.sub(lambda found: _with_host(found, people_at), clean_html)
    # With a direction of its own a name in front does not decide how the words after it run.
    return Markup(pictured(marked.replace('<a href="', '<a target="_blank" dir="auto" href="'), emoji or {}))


def named(text: str, emoji: Mapping[str, str]) -> Markup:
    """A name or another line of plain text as Markup, with what of ours is shown for its custom emoji, by code."""
    return Markup(pictured(escape(text), emoji))


_LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_NAMED = re.compile(r"[\w.-]+")
_PERSON = re.compile(r"@[\w.-]+")
_LIKE_A_DOT = re.compile(r"(?<=[A-Za-z0-9-])[\u2024\u3002\uff0e\uff61](?=[A-Za-z])")
_LOOKALIKE = regex.compile(r"[^\p{Latin}\p{Common}].*\.[a-z]+$")
"""Foreign letters before a Latin top-level domain: shown in punycode, as browsers do."""


def _with_host(found: re.Match[str], people_at: str) -> str:
    host, words = _host(unescape(found[1])), _LIKE_A_DOT.sub(".", _TAG.sub("", found[2]))
    named = [name.lower().strip(".-") for name in _NAMED.findall(words) if "." in name.strip(".-")]
    is_person = host == people_at and _PERSON.fullmatch(words.strip())
    if not host or not named or is_person or _same_host(named[0], host):
        return found[0]
    return f'{found[0]} <span class="link-host" dir="ltr">({escape(host)})</span>'


def _host(address: str) -> str:
    try:
        host = urlsplit(address).hostname or ""
        return host.encode("idna").decode("ascii") if _LOOKALIKE.search(host) else host
    except ValueError:  # UnicodeError is one
        return "?"


def _same_host(named: str, host: str) -> bool:
    return named.removeprefix("www.") == host.removeprefix("www.")


_PARAGRAPHS = re.compile(r"\n(?:[ \t]*\n)+")
_ADDRESS = re.compile(r"\bhttps?://[^\s<>\"]+", re.IGNORECASE)
_CLOSING = {")": "(", "]": "[", "}": "{"}


def text_to_html(text: str) -> str:
    """Plain text as clean HTML: escaped, http(s) addresses linked, paragraphs and line breaks kept."""
    lines = visible_controls(text[:MAX_HTML]).replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    paragraphs = (_linked(paragraph).replace("\n", "<br>") for paragraph in _PARAGRAPHS.split(lines) if paragraph)
    return _CLEANER.clean("".join(f"<p>{paragraph}</p>" for paragraph in paragraphs))


def _linked(text: str) -> str:
    parts, done = [], 0
    for found in _ADDRESS.finditer(text):
        address = _without_punctuation(found[0])
        link = safe_link(address)
        if link:
            parts += [escape(text[done : found.start()]), f'<a href="{escape(link)}">{escape(address)}</a>']
            done = found.start() + len(address)
    return "".join([*parts, escape(text[done:])])


def _without_punctuation(address: str) -> str:
    while address and len(address) <= MAX_LINK:
        last = address[-1]
        opening = _CLOSING.get(last)
        closes_own = opening and address.count(opening) >= address.count(last)
        if closes_own or (not opening and last not in ".,;:!?'’”»…*_"):
            break
        address = address[:-1]
    return address
