"""Pictures from outside, made again from their pixels before our own proxy shows them.

What a browser gets was written by us: no metadata, no second format behind the first, no drawing that runs. The bytes
say what a picture is; the network's word on its type is not asked. Only bytes here: fetching is `hub.kernel.http`'s.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

from hub.errors import Rejected

MAX_BYTES = 10_000_000
MAX_PIXELS = {"JPEG": 25_000_000, "PNG": 16_000_000, "GIF": 16_000_000, "WEBP": 10_000_000}
"""By format, so that none takes 200 MB while open: a progressive JPEG keeps six bytes a pixel, WebP several copies."""

MAX_SCANS = 32
"""Passes of a progressive JPEG: each costs a walk over all pixels and can be written in a few bytes."""

MAX_EDGE = 1_600

_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""What Pillow's decoders raise on bytes that lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture safe to serve from our own origin; `media_type` is image/jpeg or image/webp."""

    media_type: str
    body: bytes
    width: int
    height: int


def reencode(body: bytes) -> Picture:
    """The first frame of a png, jpeg, webp or gif: upright, at most MAX_EDGE long, without metadata.

    Raises Rejected: `too_large` for too many bytes, or pixels (before one is decoded); `not_a_picture` for what is none
    of the four or does not decode to its end. What is appended to a picture does not come along.
    """
    if len(body) > MAX_BYTES:
        raise Rejected("too_large")
    kind = _kind(body)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(body), formats=[kind]) as opened:
                return _picture(_pixels(opened, MAX_PIXELS[kind]), "JPEG" if kind == "JPEG" else "WEBP")
    except Image.DecompressionBombError as error:
        raise Rejected("too_large") from error
    except _BROKEN as error:
        raise Rejected("not_a_picture", detail=type(error).__name__) from error


def _kind(body: bytes) -> str:
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if body.startswith(b"\xff\xd8\xff") and body.count(b"\xff\xda") <= MAX_SCANS:
        return "JPEG"
    if body.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "WEBP"
    raise Rejected("not_a_picture")


def _pixels(opened: Image.Image, limit: int) -> Image.Image:
    """A new image that has the pixels of the old one and nothing else of it."""
    width, height = opened.size
    if width * height > limit:
        raise Rejected("too_large")
    opened.draft(None, (MAX_EDGE, MAX_EDGE))
    mode = "RGBA" if opened.has_transparency_data else "RGB"
    shown = opened if opened.mode == mode else opened.convert(mode)
    shown.thumbnail((MAX_EDGE, MAX_EDGE))
    upright = ImageOps.exif_transpose(shown)
    fresh = Image.new(mode, upright.size)
    fresh.paste(upright)
    return fresh


def _picture(pixels: Image.Image, form: str) -> Picture:
    out = BytesIO()
    pixels.save(out, form, quality=85)
    return Picture(media_type=f"image/{form.lower()}", body=out.getvalue(), width=pixels.width, height=pixels.height)
