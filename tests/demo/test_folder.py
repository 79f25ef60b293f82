"""Where the demo may live: never in a folder that holds anything else, and nothing else in its folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli import main


def hub(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"HUB_DATA": str(folder), "LANG": "C"}, prog_name="hub")


@pytest.mark.parametrize("command", [("up", "--port", "0"), ("init",)])
def test_it_refuses_a_folder_with_something_else_in_it_and_leaves_it_alone(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to-mother.txt").write_text("Dear mother,")
    refused = hub(tmp_path / "letters", *command, "--demo")
    assert refused.exit_code == 2
    assert f"The folder {tmp_path / 'letters'} holds something else" in refused.stderr
    assert "HUB_DATA" in refused.stderr
    assert [each.name for each in (tmp_path / "letters").iterdir()] == ["to-mother.txt"]


@pytest.mark.parametrize("command", [("up", "--port", "0"), ("init",)])
def test_it_refuses_a_real_installation(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert hub(tmp_path / "data", "init").exit_code == 0
    refused = hub(tmp_path / "data", *command, "--demo")
    assert refused.exit_code == 2
    assert "holds a real installation, not the demo" in refused.stderr


@pytest.mark.parametrize("command", [("up", "--port", "0"), ("init",)])
def test_a_real_installation_refuses_the_demos_folder(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert hub(tmp_path / "demo", "init", "--demo").exit_code == 0
    refused = hub(tmp_path / "demo", *command)
    assert refused.exit_code == 2
    assert "holds the demo" in refused.stderr
    assert "hub up --demo" in refused.stderr


@pytest.mark.parametrize("begun", [(), ("media",), ("media", "hub.db"), ("media", "sandbox.db")])
def test_it_takes_an_empty_folder_and_one_it_had_begun_to_fill(tmp_path: Path, begun: tuple[str, ...]) -> None:
    for name in begun:
        (tmp_path / name).mkdir() if name == "media" else (tmp_path / name).touch()
    assert hub(tmp_path, "init", "--demo").exit_code == 0


def test_a_file_of_somebodys_in_the_demos_folder_does_not_stop_it(tmp_path: Path) -> None:
    assert hub(tmp_path, "init", "--demo").exit_code == 0
    (tmp_path / "notes.txt").touch()
    assert hub(tmp_path, "init", "--demo").exit_code == 0
