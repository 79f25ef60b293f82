"""`hub backup`, `restore`, `export`, `import` and `key rotate`, as an operator types them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.commands.exits import Exit
from hub.keys import rotate
from tests.cli.conftest import Terminal


@pytest.fixture
def empty_engine_url() -> str:
    """SQLite: tests/archive looks at both engines, here it is about what is typed and said."""
    return ""


@pytest.fixture
def lived_in(hub: Terminal) -> Terminal:
    hub("user", "add", "ann@example.com", "--name", "Ann", "--password-stdin", typed="correct horse tea\n")
    hub("channel", "add", "sandbox", "Lab", "--set", "account=@lab", "--set", "talk=0")
    return hub


def test_a_backup_is_made_and_says_where_the_key_is(lived_in: Terminal, tmp_path: Path) -> None:
    ended = lived_in("backup", str(tmp_path / "hub.backup"))
    assert ended.exit_code == Exit.OK, ended.output
    assert "verified" in ended.output
    assert f"not in it: {lived_in.folder / 'key'}" in ended.output
    again = lived_in("backup", str(tmp_path / "hub.backup"))
    assert again.exit_code == Exit.USAGE
    assert "is there already" in again.stderr


def test_a_restore_replaces_only_when_told_so_and_says_what_waits(lived_in: Terminal, tmp_path: Path) -> None:
    file = str(tmp_path / "hub.backup")
    lived_in("backup", file)
    lived_in("user", "add", "bo@example.com", "--name", "Bo")
    refused = lived_in("restore", file)
    assert refused.exit_code == Exit.USAGE
    assert "--replace" in refused.stderr
    ended = lived_in("restore", file, "--replace")
    assert ended.exit_code == Exit.OK, ended.output
    assert "held back" in ended.output
    assert [each["email"] for each in lived_in.json("user", "list")] == ["ann@example.com"]


def test_a_restore_without_the_key_says_which_one_is_needed(lived_in: Terminal, tmp_path: Path) -> None:
    lived_in("backup", str(tmp_path / "hub.backup"))
    (lived_in.folder / "key").unlink()
    ended = lived_in("restore", str(tmp_path / "hub.backup"), "--replace")
    assert ended.exit_code == Exit.OUT_OF_ORDER
    assert "key" in ended.stderr


@pytest.mark.parametrize("name", ["export", "export.db"])
def test_an_export_comes_in_elsewhere(lived_in: Terminal, tmp_path: Path, name: str) -> None:
    ended = lived_in("export", str(tmp_path / name))
    assert ended.exit_code == Exit.OK, ended.output
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(lived_in.folder / "key", other / "key")
    terminal = Terminal(folder=other, environ={"LANG": "C"})
    found = terminal.json("import", str(tmp_path / name), "--into", str(other), "--moved")
    assert found["rows"]["channels"] == 1
    terminal.environ["HUB_DATA"] = str(other)
    assert [each["name"] for each in terminal.json("channel", "list")] == ["Lab"]


def test_a_bad_line_is_said_with_its_file_and_number(lived_in: Terminal, tmp_path: Path) -> None:
    lived_in("export", str(tmp_path / "export"))
    file = tmp_path / "export" / "tables" / "teams.jsonl"
    file.write_text('{"id": "seven"}\n')
    ended = Terminal(folder=tmp_path, environ=lived_in.environ)("import", str(tmp_path / "export"))
    assert ended.exit_code == Exit.USAGE
    empty = tmp_path / "empty"
    empty.mkdir()
    shutil.copy(lived_in.folder / "key", empty / "key")
    ended = Terminal(folder=empty, environ={"LANG": "C"})("import", str(tmp_path / "export"), "--into", str(empty))
    assert ended.exit_code == Exit.USAGE
    assert f"{file}, line 1" in ended.stderr
    assert not (empty / "hub.db").exists()


def test_a_key_is_changed_and_the_channel_still_works(lived_in: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotate, "IN_FLIGHT_SECONDS", 0)
    before = (lived_in.folder / "key").read_text()
    ended = lived_in("key", "rotate")
    assert ended.exit_code == Exit.OK, ended.output
    assert (lived_in.folder / "key").read_text() != before
    assert "Backups from before need the old key" in ended.output
    assert lived_in.json("channel", "check", "Lab")[0]["ok"] is True


def test_the_doctor_tells_of_a_key_that_was_not_changed_to_the_end(lived_in: Terminal) -> None:
    key = lived_in.folder / "key"
    key.write_text(f"{rotate.Fernet.generate_key().decode()}\n{key.read_text()}")
    assert "hub key rotate" in lived_in("doctor").output
