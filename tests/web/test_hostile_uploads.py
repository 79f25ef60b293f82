"""Files that are no pictures, pictures with names that are none, and who gets to see which."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from dataclasses import replace
from urllib.parse import quote

import pytest
import regex
from werkzeug.test import TestResponse

from hub.connector import Attachment, Author
from hub.errors import Invalid, Unavailable
from hub.inbox import pictures, uploads
from hub.inbox.follow import follow_outbox
from hub.kernel.hub import Hub
from hub.people import agents, teams
from hub.people.model import OPERATOR, Role
from hub.testing.fake import FakeNetwork
from tests.kernel.test_images import flood, picture
from tests.web.browser import Browser
from tests.web.office import Office

SCRIPT = b"<script>window.__xss=1</script>"


def zipped() -> bytes:
    """42 KB that would be 40 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(40_000_000))
    return out.getvalue()


ACTIVE = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="window.__xss=1"/>',
    "svg with a declaration": b'<?xml version="1.0"?><!DOCTYPE svg><svg xmlns="http://www.w3.org/2000/svg"/>',
    "svg after a byte order mark": "\ufeff<svg onload='window.__xss=1'/>".encode("utf-16"),
    "gzipped svg": gzip.compress(b"<svg onload='window.__xss=1'/>"),
    "html": b"<!doctype html>" + SCRIPT,
    "html behind white space": b"\r\n\t \x00" + SCRIPT,
    "xhtml": b'<html xmlns="http://www.w3.org/1999/xhtml"><script>window.__xss=1</script></html>',
    "xml with a stylesheet": b'<?xml version="1.0"?><?xml-stylesheet href="data:text/xsl,x" type="text/xsl"?><a/>',
    "mhtml": b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=y\r\n\r\n--y\r\n\r\n" + SCRIPT,
    "pdf with a script": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF",
    "flash": b"CWS\x09" + bytes(40),
    "wasm": b"\x00asm\x01\x00\x00\x00",
    "shell": b"#!/bin/sh\nid\n",
    "php": b"GIF89a<?php system($_GET['c']); ?>",
    "gif that is a script": b"GIF89a/*" + bytes(30) + b"*/=1;window.__xss=1",
    "jpeg that is a page": b"\xff\xd8\xff\xe0" + SCRIPT,
    "png that is a page": b"\x89PNG\r\n\x1a\n" + SCRIPT,
    "webp that is a page": b"RIFF\x00\x00\x00\x00WEBP" + SCRIPT,
    "bitmap": b"BM" + SCRIPT + bytes(60),
    "icon": b"\x00\x00\x01\x00" + bytes(60),
    "tiff": b"II*\x00" + bytes(60),
    "avif": b"\x00\x00\x00\x20ftypavif" + bytes(60),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/hostname) (r) file",
    "imagemagick": b"push graphic-context\nimage over 0,0 0,0 'https://evil.example/x'\n",
    "zip bomb": zipped(),
    "gzip bomb": gzip.compress(bytes(10_000_000)),
    "pixel flood": flood(30_000, 30_000),
    "nothing": b"",
}
TYPES = ["image/png", "image/svg+xml; x", "IMAGE/SVG+XML", "text/html", "", "image/png\tx", "multipart/form-data"]

NAMES = [
    '"><svg onload=window.__xss=1>.png',
    "'><img src=x onerror=window.__xss=1>.gif",
    "a\r\nSet-Cookie: x=1.png",
    "a\nContent-Type: text/html\n\n<script>.png",
    "../../../../etc/passwd",
    "..\\..\\windows\\system.ini",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%5cx.png",
    "/etc/passwd",
    "C:\\x.png",
    "\\\\evil.example\\share\\x.png",
    "file:///etc/passwd",
    "CON",
    "nul.png",
    "LPT1.png",
    ".htaccess",
    ".user.ini",
    "web.config",
    "x.php",
    "x.php.png",
    "x.png.php",
    "x.phtml",
    "x.jsp",
    "x.aspx;.png",
    "x.html",
    "x.svg",
    "x.shtml",
    "x.exe ",
    "x.png.",
    "x.png::$DATA",
    "x.png\x00.exe",
    "holiday\u202egnp.exe",
    "\u2066x\u2069.png",
    "\u200b\u200b",
    "",
    ".",
    "..",
    "x" * 5_000 + ".png",
    "🎉👨‍👩‍👧.png",
    "u\u0308ber.png",
    "Z" + "\u0301" * 500 + ".png",
    "\ud7ff\ue000.png",
    "{{ 7*7 }}${7*7}.png",
    "%(name)s %s {0}.png",
    "~",
    "-rf",
    "|id",
    "$(id).png",
]


@pytest.fixture
def office(hub: Hub, fake: FakeNetwork) -> Office:
    return Office(hub, fake)


@pytest.fixture
def engine_url() -> str:
    """On SQLite: none of this asks the engine."""
    return ""


def hands_in(browser: Browser, body: bytes, *, name: str = "x.png", kind: str = "image/png") -> TestResponse:
    """One file as the page's script sends it, with any name and type a program could make up."""
    encoded = quote(name, safe="", errors="surrogatepass")
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="x"; filename*=UTF-8\'\'{encoded}\r\n'
    sent = f"{head}Content-Type: {kind}\r\n\r\n".encode() + body + b"\r\n--x--\r\n"
    return browser.client.post(
        "/uploads",
        base_url=browser.base_url,
        data=sent,
        headers={"Sec-Fetch-Site": "same-origin", "X-CSRF-Token": browser.form_token()},
        content_type="multipart/form-data; boundary=x",
    )


def kept(hub: Hub) -> set[str]:
    return {file.relative_to(hub.config.media).as_posix() for file in hub.config.media.rglob("*") if file.is_file()}


def test_what_is_no_picture_is_refused_whatever_it_says_it_is(office: Office) -> None:
    browser = office.enter(Role.AGENT)
    for what, body in ACTIVE.items():
        for kind in TYPES if len(body) < 1000 else TYPES[:1]:
            answer = hands_in(browser, body, kind=kind)
            assert answer.status_code == 422, (what, kind, answer.status_code)
            assert answer.mimetype == "text/html"
            assert "x.png" not in answer.text
    assert kept(office.hub) == set()


def test_a_picture_is_a_picture_whatever_it_says_it_is(office: Office) -> None:
    browser = office.enter(Role.AGENT)
    for kind in TYPES:
        answer = hands_in(browser, picture("PNG"), name="x.svg", kind=kind)
        assert answer.status_code == 201, kind
        (upload_id,) = re.findall(r'data-upload-id="([\w-]+)"', answer.text)
        assert browser.get(f"/uploads/{upload_id}/file").headers["Content-Type"] == "image/png"


def test_a_name_is_words_and_never_a_place(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_WAITING", 100)
    browser, places = office.enter(Role.AGENT), []
    for name in NAMES:
        answer = hands_in(browser, picture("PNG", (1, 1)), name=name)
        assert answer.status_code == 201, name
        (label,) = re.findall(r"<label><span>(.*?)</span>", answer.text, re.S)
        assert "<" not in label
        assert not regex.search(r"[\p{Cc}\p{Cs}\u200b\u202a-\u202e\u2066-\u2069]", label)
        assert len(regex.findall(r"\X", label)) < 300
        (upload_id,) = re.findall(r'data-upload-id="([\w-]+)"', answer.text)
        places.append(upload_id)
        shown = browser.get(f"/uploads/{upload_id}/file")
        assert shown.headers["Content-Disposition"] == "inline"
        assert "Set-Cookie" not in shown.headers
    assert len(set(places)) == len(NAMES)
    assert kept(office.hub) == {f"uploads/{place}" for place in places}


def test_one_person_fills_no_disk_with_many_small_files_by_whichever_door(office: Office) -> None:
    browser = office.enter(Role.AGENT)
    answers = [hands_in(browser, picture("PNG", (1, 1))).status_code for _ in range(uploads.MOST_WAITING + 2)]
    assert answers == [201] * uploads.MOST_WAITING + [422, 422]
    agent = next(each for each in agents.listed(office.hub, OPERATOR) if each.name == "Somebody1")
    with pytest.raises(Invalid, match="quota"):
        uploads.store_upload(office.hub, agent.id, picture("PNG", (1, 1)), "x.png")
    assert len(kept(office.hub)) == uploads.MOST_WAITING
    assert hands_in(office.enter(Role.AGENT), picture("PNG", (1, 1))).status_code == 201


def test_a_form_of_many_parts_is_refused_unread(office: Office) -> None:
    browser = office.enter(Role.AGENT)
    part = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n\r\n'
    answer = browser.client.post(
        "/uploads",
        base_url=browser.base_url,
        data=part * 10_000 + b"--x--\r\n",
        headers={"Sec-Fetch-Site": "same-origin", "X-CSRF-Token": browser.form_token()},
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status_code == 413


def test_a_picture_is_served_as_what_it_is_and_as_nothing_else(
    office: Office, fake: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = office.enter(Role.AGENT)
    (upload_id,) = re.findall(r'data-upload-id="([\w-]+)"', hands_in(browser, picture("GIF")).text)
    fake.says("look", by=Author(id="x", handle="@x", name="X"))
    remote = Attachment(kind="image", url="https://x.example/a.svg", media_type="image/svg+xml; x", alt="x")
    fake.feed[-1] = replace(fake.feed[-1], attachments=(remote,))
    office.desk.pulls()
    pictures.keep(office.hub, remote.url, picture("PNG"))
    message = office.desk.conversation()[-1]
    for path in (f"/uploads/{upload_id}/file", f"/pictures/{message.id}/1/file"):
        answer = browser.get(path)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] in ("image/png", "image/webp", "image/jpeg")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_file_is_only_for_those_who_may_read_its_conversation_and_for_nobody_else_ever(
    office: Office, fake: FakeNetwork
) -> None:
    """Rows: what happened to it. Columns: who brought it, a colleague, another team, an admin, nobody."""
    hub = office.hub
    fake.says("How does it go in?")
    office.desk.pulls()
    brought, colleague, stranger, admin = (
        office.enter(Role.AGENT),
        office.enter(Role.WRITER),
        office.stranger(Role.SUPERVISOR),
        office.enter(Role.ADMIN),
    )
    people = (brought, colleague, stranger, admin, brought.another())
    (upload_id,) = re.findall(r'data-upload-id="([\w-]+)"', hands_in(brought, picture("PNG")).text)

    def seen(*paths: str) -> list[list[int]]:
        return [[each.get(path).status_code for each in people] for path in paths]

    own = f"/uploads/{upload_id}/file"
    assert seen(own, f"/uploads/{upload_id}") == [[200, 404, 404, 404, 303], [200, 404, 404, 404, 303]]

    conversation_id = office.desk.lines()[0].conversation.id
    fields = {"text": "Like this.", "client_key": "k" * 43, "picture": upload_id, "alt": "x"}
    assert brought.submit(f"/conversations/{conversation_id}/replies", **fields).status_code == 303
    message_id = office.desk.conversation()[-1].id
    sent = f"/pictures/{message_id}/1/file"
    # A writer may not reply, so that the composer's address is not theirs; the conversation's is.
    expected = [[200, 404, 404, 200, 303], [200, 200, 404, 200, 303]]
    assert seen(own, sent) == expected

    office.desk.waits(11)
    follow_outbox(hub)
    fake.deletes("a1")
    office.desk.pulls()
    assert seen(own, sent) == expected

    colleague_id = next(each for each in agents.listed(hub, OPERATOR) if each.name == "Somebody2").id
    teams.remove_member(hub, OPERATOR, office.team.id, colleague_id)
    assert seen(sent) == [[200, 404, 404, 200, 303]]

    brought_id = next(each for each in agents.listed(hub, OPERATOR) if each.name == "Somebody1").id
    agents.deactivate(hub, OPERATOR, brought_id)
    assert seen(own, sent) == [[303, 404, 404, 200, 303], [303, 404, 404, 200, 303]]


@pytest.mark.parametrize(
    "path",
    [
        "/uploads/..%2f..%2fkey/file",
        "/uploads/%2e%2e%2f%2e%2e%2fkey/file",
        "/uploads/..%5c..%5ckey/file",
        "/uploads/%2fetc%2fpasswd/file",
        "/uploads/" + "a" * 5000 + "/file",
        "/uploads/%00/file",
        "/pictures/1/1/../../../key",
        "/pictures/1/-1/file",
        "/pictures/1/99999999999999999999/file",
        "/static/x/..%2f..%2f..%2fkey",
        "/static/x/%2e%2e/%2e%2e/hub.db",
        "/static/..%5c..%5ckey",
        "/media/key",
    ],
)
def test_no_address_leads_to_a_file_of_the_installation(office: Office, path: str) -> None:
    answer = office.enter(Role.ADMIN).get(path)
    assert answer.status_code == 404
    assert office.hub.config.key_file.read_text() not in answer.text


def test_nothing_is_fetched_from_a_sender_before_somebody_asks_for_the_picture(
    office: Office, fake: FakeNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.says("look", html='<img src="https://tracker.example/p.gif"><video src="https://tracker.example/v">')
    remote = Attachment(kind="image", url="https://tracker.example/a.png", alt="x")
    fake.feed[-1] = replace(fake.feed[-1], attachments=(remote,))
    asked: list[str] = []

    def told(method: str, url: str, **_: object) -> None:
        asked.append(f"{method} {url}")
        raise Unavailable("unreachable")

    monkeypatch.setattr(office.hub.door, "request", told)
    office.desk.pulls()
    (message,), browser = office.desk.conversation(), office.enter(Role.AGENT)
    for path in ("/inbox?show=all", f"/conversations/{message.conversation_id}", f"/pictures/{message.id}/1"):
        assert browser.get(path).status_code == 200
    assert asked == []
    browser.get(f"/pictures/{message.id}/1/file")
    assert asked == ["GET https://tracker.example/a.png"]
