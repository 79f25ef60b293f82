"""Pictures for replies: what is taken, what is made of it, and when it goes."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from hub.connector import Upload
from hub.errors import Absent, Gone, Invalid
from hub.inbox import uploads
from hub.inbox.model import UploadRow
from tests.desk import Desk
from tests.kernel.test_images import ARTIST, ORIENTATION, TURNED_RIGHT, flood, picture


def bring(desk: Desk, body: bytes = b"", *, name: str = "cartridge.jpg", description: str = "A cartridge") -> UploadRow:
    return uploads.store_upload(desk.hub, desk.agent, body or picture("JPEG"), name, description)


def moving(frames: int, *, size: tuple[int, int] = (40, 20), form: str = "GIF") -> bytes:
    colours = ["red", "green", "blue"]
    made = [Image.new("RGB", size, colours[number % 3]) for number in range(frames)]
    out = BytesIO()
    made[0].save(out, form, save_all=True, append_images=made[1:], duration=80)
    return out.getvalue()


def refused(desk: Desk, body: bytes) -> str:
    with pytest.raises(Invalid) as error:
        bring(desk, body)
    assert error.value.field == "file"
    return error.value.reason


def test_a_picture_is_kept_upright_and_without_what_the_camera_told(desk: Desk) -> None:
    told = Image.Exif()
    told[ORIENTATION], told[ARTIST] = TURNED_RIGHT, "Lena Brandt"
    kept = bring(desk, picture("JPEG", (64, 32), exif=told))
    body = uploads.body_of(desk.hub, kept.id)
    assert (kept.width, kept.height, kept.size, kept.media_type) == (32, 64, len(body), "image/jpeg")
    assert not Image.open(BytesIO(body)).getexif()
    assert b"Lena" not in body


@pytest.mark.parametrize(("form", "media_type"), [("PNG", "image/png"), ("WEBP", "image/jpeg"), ("GIF", "image/png")])
def test_every_picture_leaves_in_a_form_that_every_network_takes(desk: Desk, form: str, media_type: str) -> None:
    assert bring(desk, picture(form)).media_type == media_type


def test_a_gif_that_moves_still_does(desk: Desk) -> None:
    kept = bring(desk, moving(5))
    opened = Image.open(BytesIO(uploads.body_of(desk.hub, kept.id)))
    assert (kept.media_type, getattr(opened, "n_frames", 1)) == ("image/gif", 5)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"%PDF-1.7 not a picture", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_picture"),
        (picture("PNG")[:60], "not_a_picture"),
        (flood(30_000, 30_000), "too_large"),
        (bytes(60_000_000), "too_large"),
        (moving(301), "animation_too_large"),
        (moving(3, form="WEBP"), "animation_not_gif"),
    ],
    ids=["pdf", "svg", "cut off", "pixel bomb", "60 MB", "long animation", "moving webp"],
)
def test_what_cannot_be_sent_is_refused_with_its_reason(desk: Desk, body: bytes, reason: str) -> None:
    assert refused(desk, body) == reason


def test_one_person_keeps_at_most_so_many_waiting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_WAITING", 2)
    bring(desk)
    bring(desk)
    assert refused(desk, picture("JPEG")) == "quota"


def test_what_nobody_sends_is_gone_after_a_day(desk: Desk) -> None:
    kept = bring(desk)
    desk.hub.clock.tick(23 * 3600)  # type: ignore[attr-defined]
    assert uploads.sweep(desk.hub) == 0
    desk.hub.clock.tick(2 * 3600)  # type: ignore[attr-defined]
    assert uploads.sweep(desk.hub) == 1
    with pytest.raises(Absent):
        uploads.body_of(desk.hub, kept.id)


def test_the_description_can_be_changed_by_who_brought_it(desk: Desk) -> None:
    kept = bring(desk)
    assert uploads.describe(desk.hub, desk.agent, kept.id, " Two cartridges ").alt == "Two cartridges"
    with pytest.raises(Absent):
        uploads.describe(desk.hub, desk.agent + 1, kept.id, "Mine")
    with pytest.raises(Invalid, match="too_long"):
        uploads.describe(desk.hub, desk.agent, kept.id, "x" * 1501)


@pytest.mark.parametrize("name", ["../../key", "/etc/passwd", "", "a" * 65, "..", "x" * 20 + "/../key"])
def test_no_id_leads_out_of_the_folder(desk: Desk, name: str) -> None:
    with pytest.raises(Gone):
        uploads.files_of(desk.hub).read(Upload(id=name, media_type="image/png", size=1))
