"""Brings a container in, into an empty folder or in place of what is there, on either engine.

Everything is made ready beside the installation first; what is there is untouched until the one step that replaces it.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.archive import container
from hub.archive.files import fsync_file, worded
from hub.archive.media import put_media
from hub.archive.model import Manifest, Picture, Restored, Wanted
from hub.archive.quiet import Quieted, quieten
from hub.archive.store import container as store
from hub.archive.store import tables
from hub.errors import Conflict, DatabaseUnusable, HubError, Invalid, KeyLost
from hub.inbox.store import search
from hub.kernel.config import Config
from hub.kernel.database import Database, open_database
from hub.kernel.lock import LOCK, folder_lock
from hub.kernel.migrate import has_tables, migrate, migrate_file, pending_steps
from hub.kernel.secrets import make_key, read_keys
from hub.kernel.sqlite import open_file, settle_journal
from hub.keys.lost import forget_secrets

_STAGED = "hub-restoring.db"
_KEPT = "hub-before-restore.db"

LINGER_SECONDS = 10.0
"""How long connections to PostgreSQL may outlive their processes."""


@dataclass(slots=True)
class Staged:
    """The new database in the making. is_taken: another database may hold it by now, and with it need the key and the
    pictures that were put beside it: whoever is interrupted from there on leaves them."""

    file: Path
    is_taken: bool = False


def restore(config: Config, file: Path, wanted: Wanted, *, now: datetime) -> Restored:
    """Verify a container and bring it in; see `Wanted`.

    Raises Invalid("FILE", …), Invalid("HUB_DATA", "in_use"), DatabaseUnusable (archive_damaged, newer, unreachable),
    KeyLost when the key that opens its secrets is not there, Conflict("not_empty") without `wanted.replace`,
    StorageFull.
    """
    manifest = _verified(file)
    with bringing_in(config, manifest, wanted) as staged:
        with worded(staged.file):
            shutil.copyfile(file, staged.file)
        with_search = manifest.engine == "sqlite"
        media = container.media_of(file)
        return finish(config, staged, manifest, media, wanted, now=now, with_search=with_search)


def _verified(file: Path) -> Manifest:
    """What a container says about itself, when it holds together: it is not the installation here that is damaged."""
    try:
        return container.verify(file)
    except DatabaseUnusable as error:
        if error.reason != "damaged":
            raise
        raise DatabaseUnusable("archive_damaged", str(error)) from error


@contextlib.contextmanager
def bringing_in(config: Config, manifest: Manifest, wanted: Wanted) -> Iterator[Staged]:
    """Yields the file to make the new database in, while nobody else uses the folder. Raises as `restore` does."""
    made = [folder for folder in (config.data, *config.data.parents) if not folder.exists()]
    staged = Staged(config.data / _STAGED)
    with folder_lock(config, alone=True), _leaving_nothing(config, made, staged):
        if wanted.without_key:
            make_key(config.key_file)
        else:
            demand_key(config, manifest)
        if not wanted.replace and not _is_empty(config):
            raise Conflict("an installation is there", reason="not_empty", folder=str(config.data))
        _forget(staged.file)
        staged.file.touch(mode=0o600)
        try:
            yield staged
        finally:
            _forget(staged.file)


@contextlib.contextmanager
def _leaving_nothing(config: Config, made: Sequence[Path], staged: Staged) -> Iterator[None]:
    """When the block fails, an empty folder is as empty as before, and one that was made for it is gone.

    made: the folders that were not there, innermost first. Once `staged` is taken everything stays.
    """
    there = {each.name for each in config.data.iterdir()} - {LOCK}
    try:
        yield
    except BaseException:
        # Where anything but the key is, somebody may work with it.
        if there <= {config.key_file.name} and not staged.is_taken:
            for each in config.data.iterdir():
                if each.name not in there:
                    shutil.rmtree(each) if each.is_dir() else each.unlink()
            with contextlib.suppress(OSError):
                for folder in made:
                    folder.rmdir()
        raise


def finish(
    config: Config,
    staged: Staged,
    manifest: Manifest,
    media: Iterator[Picture],
    wanted: Wanted,
    *,
    now: datetime,
    with_search: bool,
) -> Restored:
    """Make what was staged current and, unless it moved, quiet; then put it in its place.

    with_search: whether the search's tables came with it; otherwise the search begins anew.
    """
    with open_file(staged.file) as session:
        store.hurry(session)
        store.take_extras_away(session)
        migrate_file(session)
        if not with_search:
            search.start_anew(session)
        store.begin(session)
        tables.clear_passing(session)
        quieted = Quieted(held=0, sessions=0, tokens=0)
        if not wanted.moved:
            quieted = quieten(session, now=now, keep_tokens=wanted.keep_tokens)
        if wanted.without_key:
            forget_secrets(session, read_keys(config.key_file))
        store.commit(session)
    with worded(config.media):
        put_media(config.media, media)
    kept = None
    if config.database_url:
        _into_postgresql(config, staged)
    else:
        kept = _into_sqlite(config, staged.file)
    return Restored(
        manifest=manifest, held=quieted.held, sessions=quieted.sessions, tokens=quieted.tokens, kept=str(kept or "")
    )


def demand_key(config: Config, manifest: Manifest) -> None:
    """Raises KeyLost when the key that opens the archive's secrets is not in the key file here."""
    if manifest.key_id not in read_keys(config.key_file).key_ids:
        raise KeyLost(str(config.key_file))


def _is_empty(config: Config) -> bool:
    """Whether nothing would be lost: nothing is there, or nobody can sign in there and no channel is connected."""
    if not config.database_url and not config.database_file.exists():
        return True
    try:
        with contextlib.closing(open_database(config)) as database, database.reading() as session:
            return not has_tables(session) or tables.is_unused(session)
    except DatabaseUnusable:
        if config.database_url:
            raise
        return False


def _into_sqlite(config: Config, staged: Path) -> Path | None:
    """Put the new file in the place of the old one in one step; the old one is kept beside it."""
    target, kept = config.database_file, None
    fsync_file(staged)
    if target.exists():
        kept = target.with_name(_KEPT)
        _forget(kept)
        _keep(target, kept)
    # An old journal beside a new file would be played into it.
    _forget_journals(target)
    staged.replace(target)
    fsync_file(target)
    return kept


def _keep(target: Path, kept: Path) -> None:
    with contextlib.suppress(HubError):
        settle_journal(target)
    for end in _JOURNALS:
        # Still there, so the file is damaged: they belong to it.
        with contextlib.suppress(FileNotFoundError):
            target.with_name(target.name + end).rename(kept.with_name(kept.name + end))
    with worded(kept):
        kept.hardlink_to(target)


def _into_postgresql(config: Config, staged: Staged) -> None:
    """Replace every row in one transaction: whoever looks sees the old installation or the new one.

    Of a commit that is broken off nobody can tell here whether the server has done it.
    """
    with contextlib.closing(open_database(config)) as database:
        _demand_alone(database)
        migrate(database)
        with database.transaction() as session, open_file(staged.file, mode="ro") as source:
            carried = tables.carried(source)
            tables.empty(session, [table.name for table in carried])
            for table in carried:
                session.load(table.name, table.columns, tables.rows(source, table))
            tables.set_last_numbers(session, tables.last_numbers(source))
            search.start_anew(session)
            staged.is_taken = True


def _demand_alone(database: Database) -> None:
    """Raises Invalid when another process of ours works with this database, on whatever machine.

    The server may need a moment to notice that one has ended.
    """
    pending_steps(database)
    patience = time.monotonic() + LINGER_SECONDS
    with database.reading() as session:
        while tables.others_connected(session):
            if time.monotonic() >= patience:
                raise Invalid("HUB_DATABASE_URL", "database_in_use")
            time.sleep(0.1)


_JOURNALS = ("-wal", "-shm", "-journal")


def _forget(file: Path) -> None:
    file.unlink(missing_ok=True)
    _forget_journals(file)


def _forget_journals(file: Path) -> None:
    for end in _JOURNALS:
        file.with_name(file.name + end).unlink(missing_ok=True)
