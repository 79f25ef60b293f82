"""Pictures for replies: what is taken, what is made of it, and when it goes."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from hub.channels.upload_files import UploadFiles
from hub.connector import Upload
from hub.errors import Absent, Gone, Invalid, Rejected
from hub.inbox import uploads
from hub.inbox.model import UploadRow
from hub.inbox.store import uploads as store
from hub.inbox.undo import undo_reply
from hub.kernel.images import fit, to_send
from hub.testing.fake import FakeNetwork
from tests.desk import Desk
from tests.kernel.test_images import ARTIST, ORIENTATION, TURNED_RIGHT, flood, picture
from tests.people.crew import Crew


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
def test_every_picture_leaves_in_a_form_that_every_network_takes(form: str, media_type: str) -> None:
    assert to_send(picture(form)).media_type == media_type


def test_a_picture_is_on_the_disk_before_its_name_is(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply that was promised must find it whole after a power cut: what is not asked for may be written any time."""
    flushed: list[tuple[str, bool]] = []

    def note(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        flushed.append((path.suffix if path.is_file() else "folder", any(not f.suffix for f in folder.iterdir())))

    folder = desk.hub.config.media / "uploads"
    monkeypatch.setattr(os, "fsync", note)
    bring(desk)
    assert flushed == [(".part", False), ("folder", True)]


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
def test_what_cannot_be_sent_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    with pytest.raises(Rejected) as error:
        to_send(body)
    assert error.value.reason == reason


def test_a_refusal_is_told_at_the_file(desk: Desk) -> None:
    assert refused(desk, b"%PDF-1.7 not a picture") == "not_a_picture"
    assert refused(desk, bytes(60_000_000)) == "too_large"


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_picture_is_made_to_fit_where_a_network_takes_only_small_ones(form: str) -> None:
    noise = Image.effect_noise((1600, 1200), 90).convert("RGB")
    out = BytesIO()
    noise.save(out, form, quality=95)
    large = to_send(out.getvalue()).body
    fitted = fit(large, 300_000)
    assert len(large) > 300_000 >= len(fitted.body)
    assert fitted.media_type == "image/jpeg"
    assert fit(fitted.body, 300_000).body == fitted.body


def test_what_moves_is_not_made_to_stand_still_to_fit() -> None:
    with pytest.raises(Rejected, match="animation_too_large"):
        fit(to_send(moving(20)).body, 200)


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
def test_no_id_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(Gone):
        UploadFiles(tmp_path).read(Upload(id=name, media_type="image/png", size=1))


def test_a_picture_too_large_for_the_network_goes_out_smaller_and_ours_shows_what_went(
    desk: Desk, fake: FakeNetwork
) -> None:
    with desk.hub.database.transaction() as session:
        session.run("UPDATE channels SET limits = :limits", limits='{"characters": 500, "attachment_bytes": 20000}')
    out = BytesIO()
    Image.effect_noise((800, 600), 90).convert("RGB").save(out, "JPEG", quality=95)
    kept = bring(desk, out.getvalue())
    fake.says("How does it look?")
    desk.pulls()
    pressed = desk.answers("Like this.", attachments=(kept.id,), key="pressed")
    desk.waits(11)
    assert desk.answers("Like this.", attachments=(kept.id,), key="pressed") == pressed
    (sent,) = fake.sent[-1].attachments
    assert kept.size > 20_000 >= sent.size
    assert sent.alt == "A cartridge"
    (shown,) = desk.conversation()[-1].attachments
    assert shown.size == sent.size == len(uploads.body_of(desk.hub, sent.id))


def test_a_picture_that_somebody_else_brought_goes_with_no_reply_of_ours_at_any_size(
    desk: Desk, fake: FakeNetwork
) -> None:
    with desk.hub.database.transaction() as session:
        session.run("UPDATE channels SET limits = :limits", limits='{"characters": 500, "attachment_bytes": 20000}')
    out = BytesIO()
    Image.effect_noise((800, 600), 90).convert("RGB").save(out, "JPEG", quality=95)
    somebody = Crew(desk.hub).agent("Jonas").id
    for body in (picture("JPEG"), out.getvalue()):
        theirs = uploads.store_upload(desk.hub, somebody, body, "secret.jpg")
        fake.says("How does it look?")
        desk.pulls()
        with pytest.raises(Invalid, match="not_a_choice"):
            desk.answers("Like this.", attachments=(theirs.id,))
    desk.waits(11)
    assert fake.sent == []


def test_what_a_reply_names_is_kept_and_what_was_given_up_goes_after_a_day(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("How does it look?").says("And this?")
    desk.pulls()
    sent, taken_back = bring(desk), bring(desk)
    desk.answers("Like this.", attachments=(sent.id,))
    desk.waits(11)
    undo_reply(desk.hub, desk.answers("Or this.", attachments=(taken_back.id,)))
    desk.waits(25 * 3600)
    assert uploads.sweep(desk.hub) == 1
    assert uploads.body_of(desk.hub, sent.id)
    with pytest.raises(Absent):
        uploads.body_of(desk.hub, taken_back.id)


def test_a_picture_goes_with_one_reply_only(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("How does it look?")
    desk.pulls()
    kept = bring(desk)
    desk.answers("Like this.", attachments=(kept.id,))
    with pytest.raises(Invalid, match="not_a_choice"):
        desk.answers("Again.", attachments=(kept.id,))


def test_a_picture_that_is_taken_for_a_reply_while_it_is_thrown_away_stays(desk: Desk, fake: FakeNetwork) -> None:
    """The sweep has read that it waited too long; before it throws it away, somebody presses send."""
    fake.says("Is that normal?")
    desk.pulls()
    kept = bring(desk)
    desk.answers("It is.", attachments=(kept.id,))
    with desk.hub.database.transaction() as session:
        assert store.forget(session, [kept.id]) == []
    assert uploads.body_of(desk.hub, kept.id)
