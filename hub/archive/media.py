"""The files of HUB_DATA/media: held on to while a backup is taken, and put back."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hub.archive.model import Picture
from hub.errors import DatabaseUnusable

_UNFINISHED = (".part", ".partial")


class HeldMedia:
    """Hard links to the files there are, so that one that is thrown away meanwhile is still there for the backup."""

    def __init__(self, media: Path, held: Path) -> None:
        self._media = media
        self._held = held

    def hold(self) -> None:
        """Hold on to what is there now as well. A file never changes: it is replaced whole or thrown away."""
        for path in self._media.rglob("*"):
            if path.is_file() and not path.is_symlink() and path.suffix not in _UNFINISHED:
                # Gone since we saw it, or held already.
                with contextlib.suppress(FileNotFoundError, FileExistsError):
                    self._link(path, self._held / path.relative_to(self._media))

    def files(self) -> Iterator[Picture]:
        for path in sorted(self._held.rglob("*")):
            if path.is_file():
                yield Picture(name=path.relative_to(self._held).as_posix(), content=path.read_bytes())

    def _link(self, path: Path, held: Path) -> None:
        held.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, held)
        except PermissionError:
            shutil.copyfile(path, held)


@contextlib.contextmanager
def held_media(media: Path) -> Iterator[HeldMedia]:
    """Hold on to every file of a media folder for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=media.parent) as folder:
        held = HeldMedia(media, Path(folder))
        held.hold()
        yield held


def path_inside(folder: Path, name: str) -> Path:
    """Where a file of that name lies in a media folder. Raises DatabaseUnusable for a name that leads out of it."""
    path = folder / name
    is_name = "\0" not in name and not {"", ".", ".."} & set(name.split("/"))
    if not is_name or not path.resolve().is_relative_to(folder.resolve()):
        raise DatabaseUnusable("damaged", f"a file of media is called {name!r}")
    return path


def put_media(folder: Path, media: Iterator[Picture]) -> None:
    """Write files into a media folder, each whole or not at all. Raises DatabaseUnusable for a name that leads out."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for picture in media:
        path = path_inside(folder, picture.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        partial.write_bytes(picture.content)
        partial.replace(path)
