"""An agent's plain text as a comment's content, and back to what can be compared. Pure.

WordPress takes content as HTML, filters it (kses), and decorates it when it is shown (wptexturize, smilies, links).
`as_content` writes what its filters leave alone, letter for letter: only then does WordPress recognise a second
sending of the same text (409 comment_duplicate).
"""

from __future__ import annotations

import re
import unicodedata
from html import escape

from hub.kernel.html import text_of

_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ADDRESS = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_TRAILING = ".,;:!?'"
# What WordPress would show as something else: an entity typed as such (kses undoes "&amp;#"), an option's dashes as one
# long dash, 2x4 as 2×4, C:\dir without its backslash (and unknown to its check for duplicates), a smiley as a picture.
_SPECIAL = re.compile(
    r"&#|[&<>\\]|-(?=-)|(?<=-)-|(?<=\d)x(?=\d)|(?<!\S)(?:[:;](?=\S{1,9}(?!\S))|8(?=-?[)O](?!\S)))", re.ASCII
)
_NAMED = {"&#": "&#038;#", "&": "&amp;", "<": "&lt;", ">": "&gt;"}


def as_content(text: str) -> str:
    """The content that makes WordPress show `text` as it was typed; typographic quotes and ellipses are the site's."""
    plain = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    parts, done = [], 0
    for found in _ADDRESS.finditer(plain):
        address = _without_trailing(found[0])
        end = found.start() + len(address)
        parts += [_literal(plain[done : found.start()]), _address(address, plain[end : end + 1])]
        done = end
    return "".join([*parts, _literal(plain[done:])])


def is_same(content: str, rendered: str, text: str) -> bool:
    """Tell whether a comment says what `text` says, however the site's filters have dressed it."""
    wanted = as_content(text)
    return content == wanted or _skeleton(text_of(rendered)) == _skeleton(text_of(wanted))


def _literal(text: str) -> str:
    return _SPECIAL.sub(lambda found: _NAMED.get(found[0]) or _numeric(found[0]), text)


def _numeric(letter: str) -> str:
    """As kses writes it itself."""
    return f"&#{ord(letter):03d};"


def _address(address: str, following: str) -> str:
    # WordPress finds plain addresses itself, but stops at an inner ")", runs on into an escaped "<" or ">", and
    # decorates their words like any others; a link of our own has words that it does not take for an address.
    words = _literal(address)
    if ")" not in address[:-1] and following not in ("<", ">") and words == escape(address, quote=False):
        return words
    return f'<a href="{escape(address)}" rel="nofollow ugc">{words.replace(":", _numeric(":"), 1)}</a>'


def _without_trailing(address: str) -> str:
    while address[-1] in _TRAILING or (address[-1] == ")" and address.count("(") < address.count(")")):
        address = address[:-1]
    return address


def _skeleton(text: str) -> str:
    """Letters and digits only: quotes, dashes and white space are what sites change most."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(str.isalnum, plain)) or "".join(plain.split())
