"""Pictures with their descriptions on the way out: handed over before the post that shows them.

What is handed over and shown nowhere the server throws away after a day, so a post that has to be tried again hands its
pictures over anew and nothing is kept of the first time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from hub.connector import Upload, Uploads
from hub.errors import Ambiguous, Rejected, Unavailable
from hub.kernel.http import FetchLimits

from .mapping import name_of
from .refusals import read_refusal
from .server import Server, path_of

PATIENCE = timedelta(seconds=14)
"""For all pictures of a post together: the look before and the post after it need their part of the engine's time."""

_POLL_SECONDS = 0.5
_PENDING = frozenset({202, 206})
_SUFFIX = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp"}


def hand_over(
    server: Server,
    uploads: Uploads,
    pictures: Sequence[Upload],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """Return the server's ids of the pictures, ready to be shown. Raises Unavailable when that takes too long, Gone for
    a picture that is not here any more, Rejected for one the server does not take."""
    until = server.now() + PATIENCE
    ids = [_handed_over(server, picture, uploads.read(picture), _left(server, until)) for picture in pictures]
    for id in ids:
        while not _is_ready(server, id):
            _left(server, until)
            sleep(_POLL_SECONDS)
    return ids


def _handed_over(server: Server, picture: Upload, content: bytes, seconds: float) -> str:
    boundary = f"picture-{picture.id}"
    body = _form(boundary, picture, content)
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    limits = FetchLimits(seconds=seconds, redirects=0)
    try:
        answer = server.ask("POST", "/api/v2/media", body=body, headers=headers, limits=limits)
        if answer.status == 404:  # servers that never learnt the newer way
            answer = server.ask("POST", "/api/v1/media", body=body, headers=headers, limits=limits)
        if answer.status == 413:
            raise Rejected("too_large", detail=read_refusal(answer).said)
        if answer.status == 422:
            raise Rejected("picture_not_taken", detail=read_refusal(answer).said)
        return name_of(server.answer(answer).json()["id"])
    except (KeyError, TypeError, ValueError) as error:
        raise Unavailable("unexpected_answer") from error
    except Ambiguous as error:  # nobody sees a picture that no post shows
        raise Unavailable(error.reason, detail=error.detail) from error


def _is_ready(server: Server, id: str) -> bool:
    answer = server.ask("GET", path_of("media", id))
    if answer.status in _PENDING:
        return False
    if answer.status == 404:  # servers that tell only of pictures that wait
        return True
    if answer.status == 422:
        raise Rejected("picture_not_taken", detail=read_refusal(answer).said)
    told = server.answer(answer).json()
    return not isinstance(told, dict) or told.get("url") is not None or told.get("preview_url") is not None


def _left(server: Server, until: Any) -> float:
    left = float((until - server.now()).total_seconds())
    if left <= 0:
        raise Unavailable("too_slow")
    return left


def _form(boundary: str, picture: Upload, content: bytes) -> bytes:
    """multipart/form-data (RFC 7578) of one file and its description."""
    name = f"picture.{_SUFFIX.get(picture.media_type, 'bin')}"
    file = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {picture.media_type}\r\n\r\n"
    ).encode()
    told = b""
    if picture.alt.strip():
        head = f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="description"\r\n\r\n'
        told = (head + picture.alt.strip()).encode("utf-8", "replace")
    return file + content + told + f"\r\n--{boundary}--\r\n".encode()
