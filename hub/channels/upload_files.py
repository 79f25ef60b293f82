"""Where the pictures that go with replies lie: one file each below HUB_DATA/media, named by a random id."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hub.connector import Upload
from hub.errors import Gone, StorageFull

_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")


class UploadFiles:
    """The files of one installation. `media` is its HUB_DATA/media; connectors are given this to read from."""

    def __init__(self, media: Path) -> None:
        self._folder = media / "uploads"

    def read(self, upload: Upload) -> bytes:
        """Return its bytes. Raises Gone when they are not there any more."""
        return self.read_id(upload.id)

    def read_id(self, upload_id: str) -> bytes:
        """The same by its id alone, which may come from anywhere. Raises Gone."""
        try:
            return self._file(upload_id).read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Gone("upload", detail=upload_id[:64]) from error

    def write(self, upload_id: str, body: bytes) -> None:
        """Keep a picture, whole or not at all, also when the machine goes dark right after. Raises StorageFull."""
        file = self._file(upload_id)
        part = file.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as opened:
                opened.write(body)
                opened.flush()
                os.fsync(opened.fileno())
            part.replace(file)
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise StorageFull("full", str(error)) from error

    def remove(self, upload_id: str) -> None:
        """Throw a picture away; one that is not there is gone already."""
        self._file(upload_id).unlink(missing_ok=True)

    def _file(self, upload_id: str) -> Path:
        # No path comes out of an id, whoever made it up.
        if not _ID.fullmatch(upload_id):
            raise Gone("upload", detail=upload_id[:64])
        return self._folder / upload_id
