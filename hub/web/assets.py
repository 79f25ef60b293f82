"""Style sheet, scripts and pictures, under an address that changes with their content and may be kept for a year."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Blueprint, Response, current_app, redirect, send_from_directory
from werkzeug.wrappers import Response as AnyResponse

from hub.web.access import public

FOLDER = Path(__file__).parent / "static"

blueprint = Blueprint("assets", __name__)


class Assets:
    """The static folder and the digest of all that is in it: one for all, so that modules may import each other."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
        self.digest = _digest(folder, names)
        self._names = frozenset(names)

    def address(self, name: str) -> str:
        """The address of a file by its name below static/. Raises LookupError when there is none."""
        if name not in self._names:
            raise LookupError(f"there is no static file {name}")
        return f"/static/{self.digest}/{name}"


@blueprint.get("/static/<digest>/<path:name>")
@public
def file(digest: str, name: str) -> Response:
    assets: Assets = current_app.extensions["hub"].assets
    answer = send_from_directory(assets.folder, name, etag=False, conditional=False)
    # A page from before an upgrade gets the new file, but must not keep it under the old name.
    kept = digest == assets.digest
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable" if kept else "no-store"
    return answer


@blueprint.get("/favicon.ico")
@public
def favicon() -> AnyResponse:
    """What browsers ask for where a page names no icon."""
    return redirect(current_app.extensions["hub"].assets.address("hub.svg"), code=302)


def _digest(folder: Path, names: list[str]) -> str:
    total = hashlib.sha256()
    for name in sorted(names):
        total.update(name.encode() + b"\0" + (folder / name).read_bytes() + b"\0")
    return total.hexdigest()[:16]
