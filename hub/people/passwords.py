"""Passwords: argon2id, long rather than complicated, never a common one (OWASP ASVS 5.0, 6.2; RFC 9106)."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.errors import Invalid, TooMany
from hub.people.common_passwords import COMMON_WORDS, KEYBOARD_ROWS

SHORTEST = 12
LONGEST = 256

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's smaller setting, 19 MiB each, so that a flood of sign-ins cannot take the machine's memory."""

DUMMY_HASH = "$argon2id$v=19$m=19456,t=2,p=1$IwUvYV50GPoxd4bTFnmYAQ$vRa3VcwONXF8xlkqCeX8KKkwvgUcqNWtVoImVwoJMdQ"
"""What an unknown address is compared with: the same work, and nobody has its password."""

_AT_ONCE = threading.BoundedSemaphore(4)
_PATIENCE_SECONDS = 5.0
_TRIMMINGS = re.compile(r"^[^a-z]+|[^a-z]+$")
_ALIKE = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))


_COMMON = _any_of(COMMON_WORDS)


def check(password: str, *, context: Iterable[str] = ()) -> None:
    """Refuse a password that is too short, too long or easily guessed; anything else goes, spaces and emoji too.

    context: words anybody would try here, such as the person's name and address. Raises Invalid("password", reason):
    too_short, too_long, too_common, not_text.
    """
    if len(password) < SHORTEST:
        raise Invalid("password", "too_short", least=SHORTEST)
    if len(password) > LONGEST:
        raise Invalid("password", "too_long", most=LONGEST)
    if not _is_text(password):
        raise Invalid("password", "not_text")
    if is_common(password, context):
        raise Invalid("password", "too_common")


def is_common(password: str, context: Iterable[str] = ()) -> bool:
    """Whether it is one common word with trimmings, a row of keys, or one thing repeated."""
    plain = password.casefold()
    known = {word for text in context for word in _words_of(text)}
    return (
        _is_repeated(plain)
        or _is_row(plain)
        or _is_one_word(plain, known)
        or _is_one_word(_TRIMMINGS.sub("", plain).translate(_ALIKE), known)
    )


def hash_password(password: str) -> str:
    """Hash with the current parameters. Raises TooMany when too many others wait."""
    with _turn():
        return _HASHER.hash(password)


def verify(hashed: str | None, password: str) -> bool:
    """Whether the password fits; without a hash it takes the same time and never does. Raises TooMany as above."""
    if len(password) > LONGEST or not _is_text(password):
        return False
    with _turn():
        try:
            return _HASHER.verify(hashed or DUMMY_HASH, password) and hashed is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(hashed: str) -> bool:
    return _HASHER.check_needs_rehash(hashed)


@contextmanager
def _turn() -> Iterator[None]:
    if not _AT_ONCE.acquire(timeout=_PATIENCE_SECONDS):
        raise TooMany(_PATIENCE_SECONDS)
    try:
        yield
    finally:
        _AT_ONCE.release()


def _is_text(password: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in password)


def _is_repeated(plain: str) -> bool:
    """`aaaaaaaaaaaa`, `abcabcabcabc`: fewer than five different characters, or a short piece again and again."""
    return len(set(plain)) < 5 or any(plain[size:] + plain[:size] == plain for size in range(1, min(7, len(plain))))


def _is_row(plain: str) -> bool:
    """`123456789012`, `qwertyuiop12`: pieces of keyboard rows and alphabets of four and more, and little else."""
    rest, at = 0, 0
    while at < len(plain):
        run = _run_length(plain, at)
        rest += 0 if run else 1
        at += run or 1
    return rest <= 4


def _run_length(plain: str, start: int) -> int:
    """How many characters from `start` on lie side by side on one row; 0 when fewer than four."""
    longest = 0
    for row in KEYBOARD_ROWS:
        size = 4
        while start + size <= len(plain) and plain[start : start + size] in row:
            longest = max(longest, size)
            size += 1
    return longest


def _is_one_word(plain: str, known: set[str]) -> bool:
    """`Password2024!`, `ana-kovac-admin`: at most one common word beside what is known of the person, and little else.

    Two common words or more are a phrase, and a long one is welcome.
    """
    own = _any_of(known).sub("", plain) if known else plain
    rest = _COMMON.sub("", own)
    letters = sum(map(str.isalpha, rest))
    return rest != plain and len(set(_COMMON.findall(own))) <= 1 and letters <= 2 and len(rest) <= 8


def _words_of(text: str) -> list[str]:
    return [word for word in re.split(r"[^\w]+|_", text.casefold()) if len(word) >= 3]
