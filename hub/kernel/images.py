"""Pictures, made again from their pixels: those from outside before our proxy shows them, ours before they leave.

What comes out was written by us: no metadata, no second format behind the first, no drawing that runs. The bytes say
what a picture is; nobody's word on its type is asked. Only bytes here: fetching is `hub.kernel.http`'s.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps, ImageSequence

from hub.errors import Rejected

MAX_BYTES = 10_000_000
MAX_PIXELS = {"JPEG": 25_000_000, "PNG": 16_000_000, "GIF": 16_000_000, "WEBP": 10_000_000}
"""By format, so that none takes 200 MB while open: a progressive JPEG keeps six bytes a pixel, WebP several copies."""

MAX_SCANS = 32
"""Passes of a progressive JPEG: each costs a walk over all pixels and can be written in a few bytes."""

MOST_MEMORY = 200_000_000
"""Bytes that one picture may take while it is made anew."""

MAX_EDGE = 1_600
MAX_SENT_EDGE = 3_840
"""What we send may be larger than what we show: networks keep that much."""

EMOJI_EDGE = 192
"""Custom emoji stand in a line; some are three times as wide as they are high."""

MAX_FRAMES = 300
MAX_FRAME_PIXELS = 20_000_000
"""All frames of an animation together."""

_QUALITIES = (85, 75, 65)
_SHRUNK = 0.8
_SHORTEST_EDGE = 320

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
    """A picture we wrote: to be shown image/jpeg or image/webp, to be sent image/jpeg, image/png or image/gif."""

    media_type: str
    body: bytes
    width: int
    height: int


def reencode(body: bytes) -> Picture:
    """The first frame of a png, jpeg, webp or gif: upright, at most MAX_EDGE long, without metadata.

    Raises Rejected: `too_large` for too many bytes, or pixels (before one is decoded); `not_a_picture` for what is none
    of the four or does not decode to its end. What is appended to a picture does not come along.
    """
    with _opened(body) as opened:
        pixels = _pixels(opened, _most_pixels(opened), MAX_EDGE)
        return _picture(pixels, "JPEG" if opened.format == "JPEG" else "WEBP")


def small(body: bytes) -> Picture:
    """The same for what stands in a line of text: an image/webp at most EMOJI_EDGE long. Raises Rejected likewise."""
    with _opened(body) as opened:
        return _picture(_pixels(opened, _most_pixels(opened), EMOJI_EDGE), "WEBP")


def to_send(body: bytes) -> Picture:
    """A png, jpeg, webp or gif in a form every network takes: upright, at most MAX_SENT_EDGE long, without metadata.

    A gif that moves still does. Raises Rejected as `reencode` does; `animation_too_large` for a gif of too many frames
    or pixels, `animation_not_gif` for moving pictures of other kinds.
    """
    with _opened(body) as opened:
        if getattr(opened, "n_frames", 1) > 1:
            return _animation(opened)
        pixels = _pixels(opened, _most_pixels(opened), MAX_SENT_EDGE)
        return _picture(pixels, _form_to_send(opened.format or "", pixels))


def fit(body: bytes, most_bytes: int) -> Picture:
    """One of our pictures in at most so many bytes: as it is, else as a jpeg, coarser and then smaller.

    Raises Rejected: `animation_too_large` for one that moves, which would stand still; `too_large` when nothing helps.
    """
    with _opened(body) as opened:
        if len(body) <= most_bytes:
            media_type = f"image/{(opened.format or '').lower()}"
            return Picture(media_type=media_type, body=body, width=opened.width, height=opened.height)
        if getattr(opened, "n_frames", 1) > 1:
            raise Rejected("animation_too_large")
        pixels = _on_white(_pixels(opened, _most_pixels(opened), MAX_SENT_EDGE))
    for made in _smaller_and_smaller(pixels):
        if len(made.body) <= most_bytes:
            return made
    raise Rejected("too_large")


def _smaller_and_smaller(pixels: Image.Image) -> Iterator[Picture]:
    while True:
        for quality in _QUALITIES:
            yield _picture(pixels, "JPEG", quality=quality)
        if max(pixels.size) <= _SHORTEST_EDGE:
            return
        width, height = (max(1, round(edge * _SHRUNK)) for edge in pixels.size)
        pixels = pixels.resize((width, height))


@contextmanager
def _opened(body: bytes) -> Iterator[Image.Image]:
    """An image whose format is known and whose pixels are not decoded yet; what goes wrong is Rejected."""
    if len(body) > MAX_BYTES:
        raise Rejected("too_large")
    kind = _kind(body)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(body), formats=[kind]) as opened:
                yield opened
    except Image.DecompressionBombError as error:
        raise Rejected("too_large") from error
    except _BROKEN as error:
        raise Rejected("not_a_picture", detail=type(error).__name__) from error


def _most_pixels(opened: Image.Image) -> int:
    most = MAX_PIXELS[opened.format or ""]
    # Four inks take a third more than three colours.
    return most * 3 // 4 if opened.mode == "CMYK" else most


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


def _pixels(opened: Image.Image, limit: int, edge: int) -> Image.Image:
    """A new image that has the pixels of the old one and nothing else of it."""
    width, height = opened.size
    if width * height > limit:
        raise Rejected("too_large")
    opened.draft(None, _decoded(opened, edge))
    shown = _in_colours(opened)
    if _cost(shown, opened.format or "", edge) > MOST_MEMORY:
        shown = shown.reduce(2)
    shown.thumbnail((edge, edge))
    ImageOps.exif_transpose(shown, in_place=True)
    fresh = Image.new(shown.mode, shown.size)
    fresh.paste(shown)
    return fresh


def _decoded(opened: Image.Image, edge: int) -> tuple[int, int]:
    """The size a JPEG is decoded to at least: one that would take too much to half of its own."""
    width, height = opened.size
    is_open = 12 * width * height if opened.info.get("progressive") else 0
    if max(is_open, _cost(opened, "JPEG", edge)) > MOST_MEMORY:
        return width // 2, height // 2
    return edge, edge


def _in_colours(opened: Image.Image) -> Image.Image:
    """Its pixels as RGB, or RGBA where one can see through some; of `opened` only what is known of it stays."""
    if not opened.has_transparency_data:
        return _converted(opened, "RGB")
    shown = _converted(opened, "RGBA")
    return _converted(shown, "RGB") if shown.getchannel("A").getextrema() == (255, 255) else shown


def _converted(image: Image.Image, mode: str) -> Image.Image:
    if image.mode == mode:
        return image
    made = image.convert(mode)
    image.close()  # one copy at a time
    return made


def _cost(shown: Image.Image, form: str, edge: int) -> int:
    """Bytes at the moment of making it smaller: itself, where one can see through it once more, and the two steps."""
    width, height = shown.size
    if max(width, height) <= edge:
        return 0
    across = width * edge // max(width, height)
    down = height * edge // max(width, height)
    copies = (4 if form == "WEBP" else 2) if shown.mode == "RGBA" else 1
    return 4 * (copies * width * height + across * height + across * down)


def _form_to_send(form: str, pixels: Image.Image) -> str:
    """Photographs as JPEG, drawings and what one can see through as PNG: not every network takes WebP."""
    if form == "JPEG" or (form == "WEBP" and pixels.mode == "RGB"):
        return "JPEG"
    return "PNG"


def _animation(opened: Image.Image) -> Picture:
    if opened.format != "GIF":
        raise Rejected("animation_not_gif")
    width, height = opened.size
    frames: int = getattr(opened, "n_frames", 1)
    if frames > MAX_FRAMES or width * height * frames > MAX_FRAME_PIXELS:
        raise Rejected("animation_too_large")
    made, times = [], []
    for frame in ImageSequence.Iterator(opened):
        times.append(int(frame.info.get("duration") or 100))
        made.append(_frame(frame))
    out = BytesIO()
    made[0].save(out, "GIF", save_all=True, append_images=made[1:], duration=times, loop=0, disposal=2)
    if out.tell() > MAX_BYTES:
        raise Rejected("animation_too_large")
    return Picture(media_type="image/gif", body=out.getvalue(), width=width, height=height)


def _frame(frame: Image.Image) -> Image.Image:
    shown = frame.convert("RGBA")
    fresh = Image.new("RGBA", shown.size)
    fresh.paste(shown)
    return fresh


def _on_white(pixels: Image.Image) -> Image.Image:
    if pixels.mode != "RGBA":
        return pixels
    ground = Image.new("RGB", pixels.size, "white")
    ground.paste(pixels, mask=pixels.getchannel("A"))
    return ground


def _picture(pixels: Image.Image, form: str, *, quality: int = 85) -> Picture:
    out = BytesIO()
    pixels.save(out, form, quality=quality)
    return Picture(media_type=f"image/{form.lower()}", body=out.getvalue(), width=pixels.width, height=pixels.height)
