from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hub.errors import Rejected
from hub.kernel.images import MAX_BYTES, MAX_EDGE, Picture, reencode
from tests.house import ROOT

ORIENTATION, MAKER, ARTIST, GPS = 0x0112, 0x010F, 0x013B, 0x8825
UPSIDE_DOWN, TURNED_RIGHT = 3, 6
SCRIPT = b"*/=1;<script>window.__xss=1</script>"
FORMS = ["PNG", "JPEG", "WEBP", "GIF"]


def picture(form: str, size: tuple[int, int] = (64, 32), colour: str = "red", **options: Any) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, form, **options)
    return out.getvalue()


def opened(made: Picture) -> Image.Image:
    return Image.open(BytesIO(made.body))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def flood(width: int, height: int) -> bytes:
    """A png that says it is huge and is a few hundred bytes long."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(999))) + chunk(b"IEND", b"")
    )


def seen_through(form: str, size: tuple[int, int], **options: Any) -> bytes:
    """A picture with one pixel that lets see what lies below."""
    image, out = Image.new("RGBA", size, (255, 0, 0, 255)), BytesIO()
    image.putpixel((0, 0), (0, 0, 0, 0))
    image.save(out, form, **options)
    return out.getvalue()


def reason(body: bytes) -> str:
    with pytest.raises(Rejected) as raised:
        reencode(body)
    return raised.value.reason


@pytest.mark.parametrize("form", FORMS)
def test_a_picture_is_made_again_in_a_form_of_ours(form: str) -> None:
    made = reencode(picture(form))
    assert made.media_type == ("image/jpeg" if form == "JPEG" else "image/webp")
    assert opened(made).size == (made.width, made.height) == (64, 32)
    red, green, blue = opened(made).convert("RGB").tobytes()[:3]
    assert (red > 240, green < 20, blue < 20) == (True, True, True)


def test_a_big_picture_is_made_smaller_and_keeps_its_shape() -> None:
    made = reencode(picture("PNG", (3_200, 800)))
    assert (made.width, made.height) == (MAX_EDGE, 400)


def test_a_small_picture_is_not_made_bigger() -> None:
    assert reencode(picture("PNG", (1, 1))).width == 1


def test_what_can_be_seen_through_stays_so() -> None:
    out = BytesIO()
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(out, "PNG")
    assert opened(reencode(out.getvalue())).getchannel("A").getextrema() == (0, 0)


def test_a_picture_taken_sideways_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED_RIGHT
    made = reencode(picture("JPEG", (64, 32), exif=exif))
    assert (made.width, made.height) == (32, 64)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_nothing_a_picture_tells_of_its_maker_comes_along(form: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER], exif[ARTIST] = UPSIDE_DOWN, "CANARY camera", "CANARY person"
    exif[GPS] = {1: "N", 2: (52.0, 31.0, 0.0)}
    more: dict[str, Any] = {"icc_profile": b"CANARY" * 30, "xmp": b"<x>CANARY</x>"}
    if form == "JPEG":
        more["comment"] = b"CANARY"
    body = picture(form, exif=exif, **more)
    assert b"CANARY" in body
    made = reencode(body)
    assert b"CANARY" not in made.body
    assert not opened(made).getexif()
    assert not {"exif", "icc_profile", "xmp", "comment"} & opened(made).info.keys()


def test_a_moving_picture_stands_still() -> None:
    out = BytesIO()
    frames = [Image.new("P", (8, 8), number) for number in range(5)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert getattr(opened(reencode(out.getvalue())), "n_frames", 1) == 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "CMYK", "RGBA"])
def test_every_way_to_store_colours_is_read(mode: str) -> None:
    out = BytesIO()
    Image.new(mode, (8, 8)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    assert reencode(out.getvalue()).width == 8


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"GIF89a",
        b"\xff\xd8\xff",
        b"RIFF\x00\x00\x00\x00WEBP",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="window.__xss=1"/>',
        b'<?xml version="1.0"?><svg/>',
        b"<!doctype html><script>window.__xss=1</script>",
        b"\xef\xbb\xbf<svg/>",
        b"%PDF-1.7\n",
        b"PK\x03\x04" + bytes(40),
        b"BM" + bytes(60),
        b"II*\x00" + bytes(60),
        b"\x00\x00\x01\x00" + bytes(60),
        b"8BPS" + bytes(60),
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"\x00\x00\x00\x20ftypavif" + bytes(60),
        b"GIF89a/*" + bytes(20) + SCRIPT,
        b"GIF89a=1;window.__xss=1",
        b" " + picture("PNG"),
        picture("PNG")[:-30],
        picture("JPEG")[:-30],
        picture("GIF")[:20],
        picture("WEBP")[:30],
        picture("PNG").replace(b"IDAT", b"IDOT"),
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_not_wholly_a_picture_is_none(body: bytes) -> None:
    assert reason(body) == "not_a_picture"


@pytest.mark.parametrize("form", ["BMP", "TIFF", "ICO", "PPM", "PCX", "TGA", "ICNS", "EPS", "PDF", "JPEG2000", "AVIF"])
def test_a_whole_picture_of_another_kind_is_none(form: str) -> None:
    assert reason(picture(form, (32, 32))) == "not_a_picture"


@pytest.mark.parametrize("form", FORMS)
def test_what_is_hidden_behind_or_inside_a_picture_does_not_come_along(form: str) -> None:
    body = picture(form, comment=SCRIPT) if form in ("GIF", "JPEG") else picture(form)
    assert SCRIPT not in reencode(body + SCRIPT + b"PK\x03\x04").body


def test_a_name_or_type_of_the_sender_is_never_asked() -> None:
    assert reencode(picture("GIF")).media_type == "image/webp"


def test_too_many_bytes_are_refused_unread() -> None:
    assert reason(picture("PNG") + bytes(MAX_BYTES)) == "too_large"


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (65_535, 65_535), (16_001, 1_000), (1, 2**31 - 1)])
def test_too_many_pixels_are_refused_before_one_is_read(width: int, height: int) -> None:
    assert reason(flood(width, height)) == "too_large"


def test_a_gif_that_grows_beyond_its_screen_is_refused() -> None:
    screen = struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\x08\x01\x00\x00;"
    assert reason(b"GIF89a" + screen + frame) == "too_large"


def test_a_jpeg_of_endless_passes_is_refused_unread() -> None:
    body = picture("JPEG", progressive=True)
    start, end = body.rindex(b"\xff\xda"), body.rindex(b"\xff\xd9")
    assert reason(body[:end] + body[start:end] * 100 + body[end:]) == "not_a_picture"


MEASURED = """
import re
from pathlib import Path
from hub.errors import Rejected
from hub.kernel.images import reencode, to_send
from tests.kernel.test_images import flood, picture, seen_through
body = {body}
for form in ("PNG", "JPEG", "WEBP"):
    {make}(picture(form))
Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

before = peak()
try:
    {make}(body)
except Rejected:
    pass
print((peak() - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
@pytest.mark.parametrize(
    ("make", "body"),
    [
        ("reencode", "flood(30_000, 30_000)"),
        ("reencode", "flood(4_000, 4_000)"),
        ("reencode", 'picture("JPEG", (5_000, 5_000), progressive=True, subsampling=0)'),
        ("reencode", 'picture("WEBP", (4_000, 2_500), method=0)'),
        ("to_send", 'picture("JPEG", (5_000, 5_000), progressive=True, subsampling=0)'),
        ("to_send", 'picture("JPEG", (5_000, 5_000))'),
        ("to_send", 'picture("PNG", (4_000, 4_000))'),
        ("to_send", 'seen_through("PNG", (4_000, 4_000))'),
        ("to_send", 'seen_through("WEBP", (4_000, 2_500), lossless=True)'),
    ],
)
def test_no_picture_takes_more_than_two_hundred_megabytes(make: str, body: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", MEASURED.format(make=make, body=body)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(said.stdout) < 200


@given(st.data())
def test_a_damaged_picture_is_a_picture_or_none_and_never_a_surprise(data: st.DataObject) -> None:
    body = bytearray(picture(data.draw(st.sampled_from(FORMS)), (16, 16)))
    for place in data.draw(st.lists(st.integers(12, len(body) - 1), min_size=1, max_size=8)):
        body[place] = data.draw(st.integers(0, 255))
    try:
        assert max(opened(reencode(bytes(body))).size) <= MAX_EDGE
    except Rejected as error:
        assert error.reason in ("not_a_picture", "too_large")
