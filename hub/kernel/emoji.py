"""Custom emoji in clean markup: where a `:code:` stands for a small picture. Only `hub.kernel.html` calls `pictured`.

What bounds a code is Mastodon's rule (app/lib/emoji_formatter.rb): no letter, digit or colon on either side, so that
`12:30:45` keeps its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

MOST = 500
"""Pictures in one text; the codes after them stay words."""

_CODE = r"[A-Za-z0-9_][A-Za-z0-9_+@.-]{0,99}"
_IS_CODE = re.compile(_CODE)
_BOUNDED = rf"(?<![^\W_])(?<!:):({_CODE}):(?![^\W_])(?!:)"
_BOUNDED_CODE = re.compile(_BOUNDED)
_TAG_OR_CODE = re.compile(rf"<(/?)([a-z][a-z0-9]*)[^>]*>|{_BOUNDED}")
_WORDS_STAY = frozenset({"a", "code", "kbd", "pre", "samp"})
"""What stands literally, and links: a picture of words must not tell where one leads."""


def is_code(code: str) -> bool:
    """Whether something can stand between the colons: nothing that markup or an address is made of."""
    return _IS_CODE.fullmatch(code) is not None


def codes_in(texts: Iterable[str]) -> frozenset[str]:
    """The codes that stand in texts."""
    return frozenset(code for text in texts if ":" in text for code in _BOUNDED_CODE.findall(text))


def without_codes(text: str, codes: Iterable[str]) -> str:
    """A name's words alone; all of it where it has no others."""
    known = frozenset(codes)
    words = _BOUNDED_CODE.sub(lambda found: "" if found[1] in known else found[0], text) if known else text
    return " ".join(words.split()) or text


def pictured(markup: str, addresses: Mapping[str, str]) -> str:
    """Clean markup with a picture at each code that has an address. The addresses are ours and fit an attribute."""
    if not addresses or ":" not in markup:
        return markup
    return _TAG_OR_CODE.sub(_Walk(addresses), markup)


class _Walk:
    """From tag to tag and code to code; knows whether it is where words stay."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._addresses = addresses
        self._inside = 0
        self._left = MOST

    def __call__(self, found: re.Match[str]) -> str:
        end, tag, code = found.groups()
        if code is None:
            if tag in _WORDS_STAY:
                self._inside = max(0, self._inside + (-1 if end else 1))
            return found[0]
        address = self._addresses.get(code)
        if address is None or self._inside or not self._left:
            return found[0]
        self._left -= 1
        return f'<img class="emoji" src="{address}" alt=":{code}:" title=":{code}:" decoding="async">'
