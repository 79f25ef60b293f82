"""An installation as JSON lines: a folder with one file a table, the media, and a manifest of what must be there.

manifest.json              what it is, and how many lines each table has
tables/messages.jsonl      one object a row, by column
media.jsonl, media/…       the files, each with its SHA-256
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from hub.archive.container import media_of, refuse_newer
from hub.archive.files import fsync_file, new_folder
from hub.archive.media import path_inside
from hub.archive.model import Manifest, Picture, Table
from hub.archive.store import container as store
from hub.archive.store import tables
from hub.errors import Invalid
from hub.kernel.migrate import migrate_file
from hub.kernel.sqlite import SqliteSession, is_refused, open_file

_MANIFEST = "manifest.json"
_MEDIA = "media.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLine:
    """One file of the media, as the export found it."""

    name: str
    size: int
    sha256: str


def write_lines(source: Path, manifest: Manifest, target: Path) -> None:
    """Write a verified container out as a folder of lines. Raises Invalid("FILE", …), StorageFull."""
    with new_folder(target) as folder:
        (folder / "tables").mkdir(mode=0o700)
        with open_file(source, mode="ro") as session:
            for table in tables.carried(session):
                _write_table(session, table, _file_of(folder, table.name))
        _write_media(media_of(source), folder)
        (folder / _MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
        fsync_file(folder / _MANIFEST)


def read_manifest(folder: Path) -> Manifest:
    """Raises Invalid("FILE", "not_an_export"), DatabaseUnusable("newer")."""
    try:
        manifest = msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise Invalid("FILE", "not_an_export", file=str(folder)) from error
    refuse_newer(manifest)
    return manifest


def read_lines(folder: Path, manifest: Manifest, staged: Path) -> None:
    """Make a database of the lines, with the tables they were written from.

    Raises Invalid("FILE", "bad_line") naming file and line, "lines_missing" and "unknown_table" naming the file.
    """
    with open_file(staged, mode="rwc") as session:
        store.hurry(session)
        migrate_file(session, upto=manifest.steps)
        store.begin(session)
        carried = tables.carried(session)
        _demand_known(carried, folder)
        for table in carried:
            _read_table(session, table, _file_of(folder, table.name), manifest.rows.get(table.name, 0))
        _demand_whole(session, carried, folder)
        tables.set_last_numbers(session, manifest.numbers)
        store.commit(session)


def read_media(folder: Path) -> Iterator[Picture]:
    """Every file of the media. Raises Invalid for one that is missing or not as it was."""
    file = folder / _MEDIA
    for number, line in enumerate(_lines(file), 1):
        try:
            found = msgspec.json.decode(line, type=MediaLine)
            content = path_inside(folder / "media", found.name).read_bytes()
        except (OSError, msgspec.DecodeError) as error:
            raise _bad(file, number, str(error)) from error
        if hashlib.sha256(content).hexdigest() != found.sha256:
            raise _bad(file, number, f"media/{found.name} is not as it was")
        yield Picture(name=found.name, content=content)


def _write_table(session: SqliteSession, table: Table, file: Path) -> None:
    with file.open("xb") as opened:
        for row in tables.rows(session, table):
            opened.write(msgspec.json.encode(dict(zip(table.columns, row, strict=True))) + b"\n")
    fsync_file(file)


def _write_media(media: Iterator[Picture], folder: Path) -> None:
    with (folder / _MEDIA).open("xb") as listed:
        for picture in media:
            path = folder / "media" / picture.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture.content)
            line = MediaLine(
                name=picture.name, size=len(picture.content), sha256=hashlib.sha256(picture.content).hexdigest()
            )
            listed.write(msgspec.json.encode(line) + b"\n")


def _read_table(session: SqliteSession, table: Table, file: Path, expected: int) -> None:
    reading = _Reading(file, table)
    tables.clear(session, table.name)
    try:
        session.load(table.name, table.columns, reading.rows())
    except Exception as error:
        if not is_refused(error):
            raise
        raise _bad(file, reading.number, str(error)) from error
    if reading.number != expected:
        raise Invalid("FILE", "lines_missing", file=str(file), expected=expected, found=reading.number)


class _Reading:
    """One file's rows; `number` is the line that was read last, the one at fault when its row is refused."""

    def __init__(self, file: Path, table: Table) -> None:
        self._file = file
        self._table = table
        self.number = 0

    def rows(self) -> Iterator[tuple[Any, ...]]:
        for line in _lines(self._file):
            self.number += 1
            try:
                row = msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.DecodeError as error:
                raise _bad(self._file, self.number, str(error)) from error
            if row.keys() != set(self._table.columns):
                odd = ", ".join(sorted(row.keys() ^ set(self._table.columns)))
                raise _bad(self._file, self.number, f"columns that are missing or too many: {odd}")
            yield tuple(row[column] for column in self._table.columns)


def _demand_known(carried: tuple[Table, ...], folder: Path) -> None:
    """Nothing is left out unsaid: every file of rows belongs to a table."""
    known = {_file_of(folder, table.name) for table in carried}
    for file in sorted((folder / "tables").glob("*")):
        if file not in known:
            raise Invalid("FILE", "unknown_table", file=str(file))


def _demand_whole(session: SqliteSession, carried: tuple[Table, ...], folder: Path) -> None:
    """Raises Invalid naming the line whose row points to one that is not there."""
    found = tables.first_dangling(session)
    if found is not None:
        table = next(each for each in carried if each.name == found.table)
        file = _file_of(folder, table.name)
        number = _line_of(file, table, found.row_id)
        raise _bad(file, number, f"it points to a row of {found.parent} that is not there")


def _line_of(file: Path, table: Table, row_id: int) -> int:
    """Where a row stands: by its key where that is SQLite's own number of the row, else as it was read."""
    if table.key == ("id",):
        for number, line in enumerate(_lines(file), 1):
            if msgspec.json.decode(line).get("id") == row_id:
                return number
    return row_id


def _lines(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as opened:
            yield from (line for line in opened if line.strip())
    except FileNotFoundError:
        return


def _file_of(folder: Path, table: str) -> Path:
    return folder / "tables" / f"{table}.jsonl"


def _bad(file: Path, number: int, why: str) -> Invalid:
    return Invalid("FILE", "bad_line", file=str(file), line=number, why=why)
