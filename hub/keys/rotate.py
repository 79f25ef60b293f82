"""Seals every secret under a new key while everybody goes on working. Whenever it is interrupted, everything stays
readable, and the next call finishes it.

The key file is what all processes look at. First it gets the new key above the old one: from then on whoever seals
uses the new one, and both are opened. Then everything sealed before is sealed anew, in one transaction. Last the old
key is taken out of the file; a copy stays beside it, for backups from before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

from hub.errors import Invalid, KeyLost
from hub.kernel.config import Config
from hub.kernel.database import Database
from hub.kernel.hub import set_fact
from hub.kernel.secrets import Secrets, key_id, keys_in, read_keys
from hub.keys import store

IN_FLIGHT_SECONDS = 5.0
"""How long a write may take that sealed with the old key just before the new one was there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One step that is done. resealed: secrets sealed anew in it; unreadable: those that no key of ours opens."""

    step: str
    resealed: int = 0
    unreadable: int = 0


def rotate(config: Config, database: Database, *, wait: Callable[[float], object]) -> Iterator[Progress]:
    """Change the key, or finish a change that was interrupted; yields after each step.

    wait: is called with the seconds that writes under way may take. Raises KeyLost, Invalid("HUB_KEY_FILE", …) when
    the key file cannot be replaced.
    """
    file = config.key_file.resolve()
    keys = keys_in(file)
    if len(keys) == 1:
        _write(_aside(file, keys[0]), keys)
        yield Progress(step="kept")
        keys = [Fernet.generate_key().decode(), *keys]
        _write(file, keys)
        yield Progress(step="added")
    secrets = read_keys(file)
    yield _reseal(database, secrets, "resealed")
    wait(IN_FLIGHT_SECONDS)
    yield _reseal(database, secrets, "resealed_late")
    for old in keys[1:]:
        _write(_aside(file, old), [old])
    _write(file, keys[:1])
    yield Progress(step="finished")


def old_keys(config: Config) -> list[Path]:
    """The copies of keys that were changed, for backups from before."""
    file = config.key_file.resolve()
    return sorted(file.parent.glob(f"{file.name}-*.old"))


def _reseal(database: Database, secrets: Secrets, step: str) -> Progress:
    resealed = unreadable = 0
    with database.transaction() as session:
        for column in store.SEALED:
            for key, text in store.sealed(session, column):
                try:
                    again = secrets.reseal(text)
                except KeyLost:
                    # Nothing is lost by going on that was not lost before.
                    unreadable += 1
                    continue
                if again is not None:
                    store.replace(session, column, key, again)
                    resealed += 1
        set_fact(session, "key_id", secrets.key_id)
    return Progress(step=step, resealed=resealed, unreadable=unreadable)


def _aside(file: Path, key: str) -> Path:
    return file.with_name(f"{file.name}-{key_id(key)}.old")


def _owner(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_uid, found.st_gid


def _write(file: Path, keys: list[str]) -> None:
    """Put keys into a file that is there as before or whole, whatever happens, and that only its owner can read."""
    partial = file.with_name(f".{file.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as opened:
            opened.write("".join(f"{key}\n" for key in keys))
            opened.flush()
            os.fsync(opened.fileno())
            # Who rotates may be another user than who runs Hubbub and has to read it.
            owner = _owner(file)
            if owner is not None and owner != _owner(partial):
                os.chown(opened.fileno(), *owner)
        partial.replace(file)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise Invalid("HUB_KEY_FILE", "cannot_write_there", file=str(file), why=error.strerror) from error
