"""Seals what must not be readable in the database file or a backup: passwords and tokens of channels."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from hub.errors import KeyLost, StorageFull
from hub.kernel.redaction import redaction


class Secrets:
    """Encrypts and decrypts with the installation's key. The first line of the key file is the one used to seal.

    key_id: names the key that seals. key_ids: names every key that opens.
    """

    def __init__(self, keys: list[str]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise KeyLost("the key file does not hold a key") from error
        self.key_id = key_id(keys[0])
        self.key_ids = frozenset(map(key_id, keys))

    def seal(self, text: str) -> str:
        redaction.register(text)
        return self._fernet.encrypt(text.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """Return what was sealed. Raises KeyLost when none of our keys fits."""
        try:
            text = self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise KeyLost("sealed with another key") from error
        redaction.register(text)
        return text


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
    try:
        keys = file.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyLost(str(file)) from error
    if not keys:
        raise KeyLost(str(file))
    return Secrets(keys)
