"""The container: one SQLite file that holds every table of an installation, its media and its manifest.

Media lie in a table `sqlar`, SQLite's own archive format: `sqlite3 FILE -Ax` unpacks them without us.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from hub.archive.files import fsync_file, new_file
from hub.archive.model import FORMAT, Manifest, Picture
from hub.archive.store import container as store
from hub.archive.store import tables
from hub.errors import DatabaseUnusable, Invalid
from hub.kernel.migrate import steps
from hub.kernel.sqlite import SqliteSession, open_file

_MAGIC = b"SQLite format 3\0"


@contextlib.contextmanager
def make_container(target: Path) -> Iterator[Path]:
    """Yields the file to fill; when the block ends it is verified and becomes `target`, whole or not at all.

    Raises Invalid("FILE", …) when `target` is there or its folder cannot be written, StorageFull, and
    DatabaseUnusable("damaged") when what was written does not hold together.
    """
    with new_file(target) as file:
        yield file
        verify(file)
        fsync_file(file)


def finish(session: SqliteSession, media: Iterator[Picture], manifest: Manifest) -> Manifest:
    """Put media and manifest beside the tables; returns the manifest with what was counted."""
    store.prepare(session)
    store.begin(session)
    count = size = 0
    for picture in media:
        store.add_media(session, picture, _sha256(picture.content))
        count, size = count + 1, size + len(picture.content)
    numbers = {**tables.last_numbers(session), **manifest.numbers}
    full = replace(manifest, rows=tables.counts(session), numbers=numbers, media=count, media_bytes=size)
    store.set_manifest(session, full)
    store.commit(session)
    return full


def verify(file: Path) -> Manifest:
    """Open a container and look all of it over: pages, indexes, rows that point nowhere, counts, every file.

    Raises Invalid("FILE", "not_an_archive"), DatabaseUnusable("newer") or ("damaged").
    """
    _demand_sqlite(file)
    with open_file(file, mode="ro") as session:
        manifest = read_manifest(session, file)
        wrong = tables.damage(session) or _miscounted(session, manifest) or list(_broken_media(session))
    if wrong:
        raise DatabaseUnusable("damaged", f"{file}: {'; '.join(wrong[:5])}")
    return manifest


def read_manifest(session: SqliteSession, file: Path) -> Manifest:
    """What a container says about itself. Raises Invalid("FILE", "not_an_archive"), DatabaseUnusable("newer")."""
    try:
        manifest = store.manifest(session)
    except msgspec.ValidationError as error:
        raise Invalid("FILE", "not_an_archive", file=str(file)) from error
    if manifest is None:
        raise Invalid("FILE", "not_an_archive", file=str(file))
    refuse_newer(manifest)
    return manifest


def refuse_newer(manifest: Manifest) -> None:
    """Raises DatabaseUnusable("newer") when this code is too old to understand what was written."""
    beyond = sorted(set(manifest.steps) - {step.name for step in steps()})
    if manifest.format > FORMAT or beyond:
        raise DatabaseUnusable("newer", ", ".join(beyond) or f"format {manifest.format}")


def media_of(file: Path) -> Iterator[Picture]:
    """Every file of a container's media."""
    with open_file(file, mode="ro") as session:
        for picture, _sum in store.media(session, store.media_names(session)):
            yield picture


def _demand_sqlite(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            is_sqlite = opened.read(len(_MAGIC)) == _MAGIC
    except OSError as error:
        raise Invalid("FILE", "cannot_read_there", file=str(file), why=error.strerror) from error
    if not is_sqlite:
        raise Invalid("FILE", "not_an_archive", file=str(file))


def _miscounted(session: SqliteSession, manifest: Manifest) -> list[str]:
    found = tables.counts(session)
    return [
        f"{name} has {found.get(name)} rows, not {count}"
        for name, count in manifest.rows.items()
        if found.get(name) != count
    ]


def _broken_media(session: SqliteSession) -> Iterator[str]:
    for picture, known in store.media(session, store.media_names(session)):
        if _sha256(picture.content) != known:
            yield f"media/{picture.name} is not as it was"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
