"""Names that look alike although their letters differ: a Cyrillic а for an a, rn for m (Unicode Technical Standard 39).

The table beside this file is Unicode's own, in fewer words; its licence stands in it.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from pathlib import Path

import regex

_TABLE = Path(__file__).with_name("confusables.txt")
_IGNORABLE = regex.compile(r"\p{Default_Ignorable_Code_Point}+")


@lru_cache(maxsize=8192)
def looks_of(name: str) -> frozenset[str]:
    """What a name looks like, as it is and in small letters, without its spaces; those of two that look alike overlap.

    A handle stands for what is before its server as well. What is shorter than three letters looks like nothing.
    """
    bare = name.strip().removeprefix("@")
    written = {"".join(each.split()) for each in (bare, bare.partition("@")[0])}
    looks = {skeleton(form) for each in written for form in (each, each.casefold())}
    return frozenset(look for look in looks if len(look) > 2)


def skeleton(text: str) -> str:
    """The same for all texts that can be confused with each other; nothing to show to anybody (UTS 39, section 4)."""
    seen = _IGNORABLE.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFD", seen.translate(_prototypes()))


@cache
def _prototypes() -> dict[int, str]:
    """What each character that looks like another is read as."""
    found: dict[int, str] = {}
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            prototype, _, characters = line.partition(":")
            shown = "".join(chr(int(point, 16)) for point in prototype.split())
            found.update((int(point, 16), shown) for point in characters.split())
    return found
