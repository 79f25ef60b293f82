"""Export and import: everything as one SQLite file or as JSON lines, for a move or for other programs."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from hub.archive.backup import take
from hub.archive.files import worded
from hub.archive.lines import read_lines, read_manifest, read_media, write_lines
from hub.archive.model import Manifest, Restored, Wanted
from hub.archive.restore import bringing_in, finish, restore
from hub.kernel.config import Config
from hub.kernel.database import Database

_SQLITE_FILES = (".db", ".sqlite", ".sqlite3")


def export(config: Config, database: Database, target: Path, *, now: datetime) -> Manifest:
    """Write everything to `target`: one SQLite file where its name ends like one, else a folder of JSON lines.

    Secrets stay sealed, and the key is not in it. Raises as `take` does.
    """
    if target.suffix.lower() in _SQLITE_FILES:
        return take(config, database, target, now=now)
    # Beside the target: there is room for it, and its disk is as trusted.
    with worded(target), tempfile.TemporaryDirectory(prefix=".hub-export-", dir=target.absolute().parent) as scratch:
        file = Path(scratch) / "export.db"
        manifest = take(config, database, file, now=now)
        write_lines(file, manifest, target)
    return manifest


def bring_in(config: Config, source: Path, wanted: Wanted, *, now: datetime) -> Restored:
    """Bring an export into an empty installation, wholly or not at all. Raises as `restore` and `read_lines` do."""
    if not source.is_dir():
        return restore(config, source, wanted, now=now)
    manifest = read_manifest(source)
    with bringing_in(config, manifest, wanted) as staged:
        read_lines(source, manifest, staged.file)
        return finish(config, staged, manifest, read_media(source), wanted, now=now, with_search=False)
