"""What must never be in a log: secrets by the name of their field, by their value, and by their shape in a text."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

HIDDEN = "[hidden]"

_SECRET_NAMES = re.compile(
    r"pass(?:word|wd|phrase)|secret|token|cookie|authori[sz]ation|api_?key|csrf|credential|sealed|sign_in_link", re.I
)
_BODY_NAMES = frozenset({"text", "html", "body", "raw", "snippet", "outgoing", "plan", "draft", "content"})
_SHAPES = re.compile(
    r"(?P<auth>\b(?:Bearer|Basic|DPoP)\s+)[\w.~+/=-]{8,}"
    r"|(?P<query>(?:token|\b(?:password|secret|api_?key|code|signature))=)[^&\s\"'<>]+"
    r"|(?P<user>://[^/\s:@]*:)[^@\s/]+(?=@)"
    r"|(?P<link>/link/)[\w-]{20,}",
    re.I,
)
_SHORTEST = 6
"""Shorter values would hide half of every line, and are no secrets worth the name."""

_SHORTEST_PASSING = 40
_MOST_PASSING = 200
"""Tokens that are renewed by the hour: only the newest are kept, or the list would grow for ever."""


_WORD = re.compile(rf"[\w.~+/=-]{{{_SHORTEST_PASSING},}}")


class Redaction:
    """Hides what it knows to be secret. One for the process: whoever opens a secret registers it before using it."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._passing: deque[str] = deque(maxlen=_MOST_PASSING)
        self._pattern: re.Pattern[str] | None = None
        self._stale = False
        self._lock = threading.Lock()

    def register(self, secret: str) -> None:
        """Hide this value from now on; of a JSON object each value, since that is how secrets are sealed."""
        with self._lock:
            before = len(self._values)
            for value in _leaves(secret):
                if len(value) >= _SHORTEST:
                    self._values |= {value, quote(value, safe=""), json.dumps(value)[1:-1]}
            # Compiled when next needed: far more is registered than logged.
            self._stale |= len(self._values) != before

    def register_passing(self, text: str) -> None:
        """Hide what a connector remembers, for as long as it is new: each long word in it, such as a token."""
        with self._lock:
            new = [word for word in _WORD.findall(text) if word not in self._passing]
            self._passing.extend(new)
            self._stale |= bool(new)

    def _known(self) -> re.Pattern[str] | None:
        with self._lock:
            if self._stale:
                longest_first = sorted({*self._values, *self._passing}, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)))
                self._stale = False
            return self._pattern

    def text(self, text: str) -> str:
        known = self._known()
        if known is not None:
            text = known.sub(HIDDEN, text)
        return _SHAPES.sub(lambda match: f"{match[match.lastgroup or 0]}{HIDDEN}", text)

    def value(self, value: Any, *, name: str = "") -> Any:
        """The value as a log may hold it: what it is called counts, and everything inside it."""
        if name and (_SECRET_NAMES.search(name) or name in _BODY_NAMES):
            return HIDDEN if value else value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {str(key): self.value(each, name=str(key)) for key, each in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.value(each) for each in value]
        if value is None or isinstance(value, (bool, int, float)):
            return value
        return self.text(repr(value))


def _leaves(secret: str) -> list[str]:
    if not secret.startswith("{"):
        return [secret]
    try:
        found = json.loads(secret)
    except ValueError:
        return [secret]
    return [secret, *(str(value) for value in found.values() if isinstance(value, (str, int)))]


redaction = Redaction()
