"""A line that cannot be taken is named, and nothing is brought in. On SQLite only: it is found before any engine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from hub.archive.model import Wanted
from hub.archive.transfer import bring_in, export
from hub.errors import DatabaseUnusable, Invalid, KeyLost
from hub.kernel.config import Config
from tests.archive.moved import LATER
from tests.desk import Desk


@pytest.fixture
def engine_url() -> str:
    return ""


@pytest.fixture
def folder(desk: Desk, tmp_path: Path) -> Path:
    (desk.hub.config.media / "picture.png").write_bytes(b"\x89PNG")
    for text in ("one", "two", "three"):
        desk.fake.says(text)
    desk.pulls()
    export(desk.hub.config, desk.hub.database, tmp_path / "export", now=desk.hub.clock())
    return tmp_path / "export"


def changed(**values: object) -> Callable[[bytes], bytes]:
    def change(line: bytes) -> bytes:
        return json.dumps({**json.loads(line), **values}).encode()

    return change


def without(column: str) -> Callable[[bytes], bytes]:
    def change(line: bytes) -> bytes:
        return json.dumps({name: value for name, value in json.loads(line).items() if name != column}).encode()

    return change


BAD: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda line: line[:-20], "JSON"),
    (lambda line: b"[1, 2]", "object"),
    (lambda line: b"\xff\xfe", ""),
    (without("text"), "text"),
    (changed(surprise=1), "surprise"),
    (changed(text=None), "NOT NULL"),
    (changed(created_at="yesterday"), "INTEGER"),
    (changed(direction="sideways"), "CHECK"),
    (changed(id=1), "UNIQUE"),
    (changed(created_at=2**70), ""),
    (changed(text={"a": 1}), ""),
    (changed(thread_id=999), "threads"),
]


@pytest.mark.parametrize(("change", "why"), BAD)
def test_a_bad_line_is_named_and_nothing_is_brought_in(
    target: Config, folder: Path, change: Callable[[bytes], bytes], why: str
) -> None:
    file = folder / "tables" / "messages.jsonl"
    lines = file.read_bytes().splitlines()
    lines[1] = change(lines[1])
    file.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(Invalid) as raised:
        bring_in(target, folder, Wanted(), now=LATER)
    assert raised.value.reason == "bad_line"
    assert (raised.value.params["file"], raised.value.params["line"]) == (str(file), 2)
    assert why in str(raised.value.params["why"])
    assert {each.name for each in target.data.iterdir()} <= {"key", "lock", "media"}


@pytest.mark.parametrize("how", ["up", "absolute", "link", "nothing", "itself", "NUL"])
def test_no_file_beside_the_export_is_read_into_the_media(
    target: Config, folder: Path, tmp_path: Path, how: str
) -> None:
    secret = tmp_path / "passwords"
    secret.write_bytes(b"of the machine")
    (folder / "media" / "linked").symlink_to(secret)
    odd = {"nothing": "", "itself": ".", "NUL": "linked\0.png"}
    name = {"up": "../../passwords", "absolute": str(secret), "link": "linked", **odd}[how]
    told = {"name": name, "size": 14, "sha256": hashlib.sha256(secret.read_bytes()).hexdigest()}
    (folder / "media.jsonl").write_text(json.dumps(told) + "\n")
    with pytest.raises(DatabaseUnusable, match="a file of media is called"):
        bring_in(target, folder, Wanted(), now=LATER)
    assert not [each for each in target.media.rglob("*") if each.is_file()]


def test_a_file_that_was_cut_between_two_lines_is_noticed(target: Config, folder: Path) -> None:
    file = folder / "tables" / "messages.jsonl"
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(Invalid, match="lines_missing"):
        bring_in(target, folder, Wanted(), now=LATER)
    file.unlink()
    with pytest.raises(Invalid, match="lines_missing"):
        bring_in(target, folder, Wanted(), now=LATER)
    assert not target.database_file.exists()


def test_rows_of_a_table_that_nobody_knows_are_not_left_out_unsaid(target: Config, folder: Path) -> None:
    (folder / "tables" / "songs.jsonl").write_text('{"name": "Kalk im Kessel"}\n')
    with pytest.raises(Invalid, match="unknown_table"):
        bring_in(target, folder, Wanted(), now=LATER)
    assert not target.database_file.exists()


def test_a_picture_that_changed_or_is_missing_is_noticed(target: Config, folder: Path) -> None:
    picture = folder / "media" / "picture.png"
    picture.write_bytes(b"another")
    with pytest.raises(Invalid, match="bad_line"):
        bring_in(target, folder, Wanted(), now=LATER)
    picture.unlink()
    with pytest.raises(Invalid, match="bad_line"):
        bring_in(target, folder, Wanted(), now=LATER)
    assert not target.database_file.exists()


def test_a_folder_of_something_else_is_refused(target: Config, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    with pytest.raises(Invalid, match="not_an_export"):
        bring_in(target, tmp_path / "letters", Wanted(), now=LATER)


def test_a_newer_export_is_refused(target: Config, folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["steps"].append("9999_later")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DatabaseUnusable, match="9999_later"):
        bring_in(target, folder, Wanted(), now=LATER)


def test_without_the_key_of_its_secrets_it_is_not_brought_in(target: Config, folder: Path) -> None:
    target.key_file.write_bytes(Fernet.generate_key())
    with pytest.raises(KeyLost):
        bring_in(target, folder, Wanted(), now=LATER)
    assert [each.name for each in target.data.iterdir()] == ["key"]
