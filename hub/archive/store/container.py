"""The two tables that a container has besides the installation's own: its manifest and its media."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hub.archive.model import EXTRA, Manifest, Picture
from hub.kernel.database import Session
from hub.kernel.sqlite import SqliteSession

# `sqlar` is SQLite's own archive format (sqlite.org/sqlar.html): a size equal to the data's says it is not compressed.
_MEDIA_TABLE = """
    CREATE TABLE sqlar (name TEXT PRIMARY KEY, mode INT, mtime INT, sz INT, data BLOB, sha256 TEXT NOT NULL)"""
_MANIFEST_TABLE = "CREATE TABLE archive (manifest TEXT NOT NULL) STRICT"
_ADD_MEDIA = """
    INSERT INTO sqlar (name, mode, mtime, sz, data, sha256)
    VALUES ('media/' || :name, 33152, 0, :size, :content, :sha256)"""
_NAMES = "SELECT substr(name, 7) AS name FROM sqlar WHERE sz >= 0 ORDER BY name"
_ONE = "SELECT CAST(data AS BLOB) AS data, sha256 FROM sqlar WHERE name = 'media/' || :name"
_SET_MANIFEST = "INSERT INTO archive (manifest) VALUES (:manifest)"
_MANIFEST = "SELECT manifest FROM archive"
_IS_CONTAINER = "SELECT count(*) AS found FROM sqlite_master WHERE name IN ('archive', 'sqlar') AND type = 'table'"
_BEGIN = "BEGIN"
_COMMIT = "COMMIT"
_DROP = ("DROP TABLE IF EXISTS archive", "DROP TABLE IF EXISTS sqlar", "VACUUM")
_HURRY = ("PRAGMA synchronous=OFF", "PRAGMA journal_mode=OFF", "PRAGMA cache_size=-32768")


def prepare(session: SqliteSession) -> None:
    """Make the two tables."""
    session.run(_MANIFEST_TABLE)
    session.run(_MEDIA_TABLE)


def hurry(session: SqliteSession) -> None:
    """Write a new file without a net: whoever is interrupted begins again, and the end is made durable at once."""
    for statement in _HURRY:
        session.run(statement)


def begin(session: SqliteSession) -> None:
    session.run(_BEGIN)


def commit(session: SqliteSession) -> None:
    session.run(_COMMIT)


def add_media(session: SqliteSession, picture: Picture, sha256: str) -> None:
    content = picture.content
    session.connection.execute(
        _ADD_MEDIA, {"name": picture.name, "size": len(content), "content": content, "sha256": sha256}
    )


def media_names(session: Session) -> list[str]:
    return [str(row["name"]) for row in session.all(_NAMES)]


def media(session: Session, names: list[str]) -> Iterator[tuple[Picture, str]]:
    """Each file, with the SHA-256 it had when it was put in."""
    for name in names:
        row = session.one(_ONE, name=name)
        if row is not None:
            yield Picture(name=name, content=bytes(row["data"] or b"")), str(row["sha256"])


def set_manifest(session: SqliteSession, manifest: Manifest) -> None:
    session.run(_SET_MANIFEST, manifest=msgspec.json.encode(manifest).decode())


def manifest(session: SqliteSession) -> Manifest | None:
    """What the container says about itself; None when this is no container. Raises msgspec.ValidationError."""
    found = session.one(_IS_CONTAINER)
    if found is None or found["found"] != len(EXTRA):
        return None
    row = session.one(_MANIFEST)
    return None if row is None else msgspec.json.decode(row["manifest"], type=Manifest)


def take_extras_away(session: SqliteSession) -> None:
    """Leave the installation's own tables alone in the file, and give the room back."""
    for statement in _DROP:
        session.run(statement)
