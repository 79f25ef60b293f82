"""The small things of a page: initials, colours, files under an address that changes with their content."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.errors import DatabaseUnusable, KeyLost, StorageFull, Unavailable
from hub.kernel.statuses import status_of
from hub.kernel.texts import use_language
from hub.web.assets import FOLDER, Assets
from hub.web.look import TONES, initials, network_class, text, tone
from tests.web.browser import Browser

CSS = (FOLDER / "hub.css").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ana Kovač", "AK"),
        ("Дарья Кузнецова", "ДК"),
        ("Tom O’Hara", "TO"),
        ("lena", "L"),
        ("Petra Maria Novak", "PN"),
        ("Partner · Helpline 24", "P2"),
        ("@lena@chaos.example", "LC"),
        ("नीलम शर्मा", "नीश"),
        ("", "?"),
        ("👩‍👩‍👧 !", "?"),
    ],
)
def test_an_avatar_shows_the_first_letters(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_a_name_keeps_its_colour_and_every_colour_is_in_the_sheet() -> None:
    assert tone("Ana Kovač") == tone("Ana Kovač")
    used = {tone(f"person {number}") for number in range(500)}
    assert used == {f"tone-{number}" for number in range(TONES)}
    assert all(f".{name} " in CSS for name in used)


def test_every_network_has_a_badge_in_the_sheet() -> None:
    for kind in ("mastodon", "bluesky", "wordpress", "feed", "sandbox", "something-new"):
        assert f".{network_class(kind)} " in CSS


def channel(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    red, green, blue = (channel(int(digits[at : at + 2], 16)) for at in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def themes() -> list[dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[:2]
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", block)) for block in blocks)
    return [light, light | dark]


@pytest.mark.parametrize("theme", themes(), ids=["light", "dark"])
def test_every_text_can_be_read_on_every_ground(theme: dict[str, str]) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    grounds = {
        "ink": ("bg", "surface", "surface-2", "accent-soft", "note"),
        "ink-2": ("bg", "surface", "surface-2", "accent-soft"),
        "ink-3": ("bg", "surface", "surface-2", "accent-soft", "note"),
        "accent": ("bg", "surface", "surface-2", "accent-soft"),
        "accent-ink": ("accent",),
        "warn": ("warn-soft", "surface"),
        "bad": ("bad-soft", "surface", "bg"),
        "good": ("good-soft", "surface"),
    }
    for ink, fields in grounds.items():
        for ground in fields:
            assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)


def test_white_letters_can_be_read_on_every_avatar_and_badge() -> None:
    for name, colour in re.findall(r"\.((?:tone|net)-\w+) \{ background: (#\w{6}); \}", CSS):
        assert contrast("#ffffff", colour) >= 4.5, name


def test_the_sheet_loads_nothing_and_mirrors_by_itself() -> None:
    assert "url(" not in CSS
    assert "@import" not in CSS
    physical = r"(?:margin|padding|border)-(?:left|right)|text-align: (?:left|right)|float:|[{;]\s*(?:left|right):"
    assert not re.search(physical, CSS)
    assert "prefers-reduced-motion" in CSS
    assert ":focus-visible" in CSS


def test_a_file_s_address_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("import './b.js'")
    (tmp_path / "b.js").write_text("1")
    before = Assets(tmp_path).address("a.js")
    (tmp_path / "b.js").write_text("2")
    assert Assets(tmp_path).address("a.js") != before
    with pytest.raises(LookupError):
        Assets(tmp_path).address("c.js")


def test_a_file_under_an_old_address_is_the_new_one_and_is_not_kept(browser: Browser) -> None:
    answer = browser.get("/static/0123456789abcdef/hub.css")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["../__init__.py", "..%2f__init__.py", "vendor/../../look.py", "nothing.css", ""])
def test_nothing_outside_the_folder_is_served(name: str, browser: Browser) -> None:
    assert browser.get(f"/static/x/{name}").status_code == 404


def test_errors_become_the_status_that_fits() -> None:
    assert status_of(DatabaseUnusable("locked")) == 503
    assert status_of(StorageFull("full")) == 503
    assert status_of(KeyLost()) == 503
    assert status_of(Unavailable("dns")) == 502


@pytest.mark.parametrize("error", [DatabaseUnusable("locked", "/secret/place"), StorageFull("full", "/secret/place")])
def test_a_store_in_trouble_says_when_to_come_back(error: Exception, browser: Browser) -> None:
    @browser.app.get("/trouble")
    def trouble() -> str:
        raise error

    browser.enter(browser.crew.agent())
    answer = browser.get("/trouble")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "/secret" not in answer.text


def test_a_bug_shows_its_number_and_nothing_of_its_inside(browser: Browser) -> None:
    @browser.app.get("/broken")
    def broken() -> str:
        raise RuntimeError("SELECT secret FROM agents")

    browser.enter(browser.crew.agent())
    for query in ("", "?debug=1", "?_trace=1", "?__debugger__=yes"):
        answer = browser.get(f"/broken{query}")
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text
        assert answer.headers["X-Request-Id"] in answer.text


@pytest.mark.parametrize("path", ["/.git/config", "/console", "/static/", "/openapi.json", "/%2e%2e/etc/passwd"])
def test_nothing_is_left_lying_about(path: str, browser: Browser) -> None:
    assert browser.get(path).status_code == 404


def test_trace_is_not_answered(browser: Browser) -> None:
    assert browser.client.open("/sign-in", method="TRACE", base_url=browser.base_url).status_code in (403, 405)


@pytest.mark.parametrize("body", [b"", b"[", b"[]", b'{"csp-report": 1}', b'{"csp-report": {"blocked-uri": []}}'])
def test_a_report_of_a_browser_never_breaks_anything(body: bytes, browser: Browser) -> None:
    answer = browser.client.post("/csp-report", data=body, base_url=browser.base_url)
    assert answer.status_code == 204


def test_a_text_in_a_template_is_in_the_language_of_now_and_escapes_what_is_filled_in() -> None:
    try:
        for code, wanted in {
            "en": "Write to &lt;b&gt;…",
            "de": "An &lt;b&gt; schreiben…",
            "fr": "Write to &lt;b&gt;…",
        }.items():
            use_language(code)
            assert text("Write to %(name)s…", name="<b>") == wanted
    finally:
        use_language("en")


def test_only_a_file_has_an_address(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "folder").mkdir()
    for name in ("folder", "../a.js", "", "A.js"):
        with pytest.raises(LookupError):
            Assets(tmp_path).address(name)
