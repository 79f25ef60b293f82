"""Seals what must not be readable in the database file or a backup: passwords and tokens of channels."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from hub.errors import KeyLost, StorageFull
from hub.kernel.redaction import redaction

FileState = tuple[int, int, int]


class Secrets:
    """Encrypts and decrypts with the installation's key. The first line of the key file is the one used to seal.

    key_id: names the key that seals. key_ids: names every key that opens. A key file that is changed while we run, as
    by a rotation, is read again before anything is sealed, and when something cannot be opened.
    """

    def __init__(self, keys: list[str], file: Path | None = None, seen: FileState | None = None) -> None:
        self._file, self._seen = file, seen
        self._known: dict[str, Fernet] = {}
        self._use(keys)

    def seal(self, text: str, *, passing: bool = False) -> str:
        """passing: it is replaced again and again, and hidden in logs only while it is new."""
        (redaction.register_passing if passing else redaction.register)(text)
        self._look_again()
        return self._fernet.encrypt(text.encode()).decode()

    def unseal(self, sealed: str, *, passing: bool = False) -> str:
        """Return what was sealed. Raises KeyLost when none of our keys fits."""
        text = self._opened(sealed)
        (redaction.register_passing if passing else redaction.register)(text)
        return text

    def reseal(self, sealed: str) -> str | None:
        """The same sealed with the first key; None when it is already. Raises KeyLost when none of our keys fits."""
        self._look_again()
        try:
            self._first.decrypt(sealed.encode())
        except InvalidToken:
            self._opened(sealed)
            return self._fernet.rotate(sealed.encode()).decode()
        return None

    def is_same(self, one: str, other: str) -> bool:
        """Whether two seals hold one text, sealed at one time: what a rotation makes of a seal is the same."""
        if one == other:
            return True
        try:
            return self._opened(one) == self._opened(other) and self._made_at(one) == self._made_at(other)
        except KeyLost:
            return False

    def _made_at(self, sealed: str) -> int:
        return self._fernet.extract_timestamp(sealed.encode())

    def _opened(self, sealed: str) -> str:
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            if self._look_again():
                return self._opened(sealed)
        raise KeyLost("sealed with another key")

    def _look_again(self) -> bool:
        """Read the key file again when it has changed; returns whether it had."""
        if self._file is None:
            return False
        state = _state_of(self._file)
        if state is None or state == self._seen:
            return False
        self._seen = state
        self._use(keys_in(self._file))
        return True

    def _use(self, keys: list[str]) -> None:
        try:
            fernets = {key: Fernet(key) for key in keys}
        except ValueError as error:
            raise KeyLost("the key file does not hold a key") from error
        # What a call read before a rotation has to be recognised after it, so no key is forgotten while we run.
        self._known = {**fernets, **{key: known for key, known in self._known.items() if key not in fernets}}
        self._fernet, self._first = MultiFernet(list(self._known.values())), fernets[keys[0]]
        self.key_id = key_id(keys[0])
        self.key_ids = frozenset(map(key_id, keys))


def key_id(key: str) -> str:
    """Name a key without telling it."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def make_key(file: Path) -> None:
    """Write a fresh key that only its owner can read; an existing file is left alone."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    except OSError as error:
        raise StorageFull("read_only", str(error)) from error
    with os.fdopen(handle, "wb") as opened:
        opened.write(Fernet.generate_key() + b"\n")


def read_keys(file: Path) -> Secrets:
    """Read the key file, newest key first. Raises KeyLost when it is missing or unreadable."""
    # Looked at before it is read: what changes in between is read again.
    seen = _state_of(file)
    return Secrets(keys_in(file), file, seen)


def keys_in(file: Path) -> list[str]:
    """The keys of a key file, newest first. Raises KeyLost when it is missing, unreadable or empty."""
    try:
        keys = file.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyLost(str(file)) from error
    if not keys:
        raise KeyLost(str(file))
    return keys


def _state_of(file: Path) -> FileState | None:
    """What changes when a file is replaced or written to; None when it cannot be seen."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
