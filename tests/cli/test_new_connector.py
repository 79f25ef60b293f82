"""`hub new-connector`: what it makes installs, passes its tests, is typed and tidy, and works without an edit."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli import main
from hub.commands.new_connector import names_of
from hub.connector import API_VERSION
from hub.errors import Invalid
from tests.app.running import Installation
from tests.house import ROOT
from tests.installing import install
from tests.processes import free_port, wait_until


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["new-connector", *arguments], env={"LC_ALL": "C"})


def tool(folder: Path, *command: str | Path, path: Sequence[Path] = ()) -> str:
    """What a program says that must succeed there, with `path` on Python's."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    ran = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=400)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new") / "a place for it" / "hubbub-guest-book"
    ran = run("guest-book", str(folder))
    assert ran.exit_code == 0, ran.output
    return folder


@pytest.fixture(scope="module")
def installed(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("target")
    install(made, into=target)
    return target


def test_what_is_made_passes_its_tests_as_it_is_and_reaches_the_highest_level(made: Path, installed: Path) -> None:
    said = tool(made, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path=[installed])
    assert " passed" in said
    assert not re.search(r"\d (failed|error|skipped)", said)
    assert "Guest book (TestGuestBookContract): platinum" in said


def test_what_is_made_is_listed_by_the_hub_beside_it(made: Path, installed: Path) -> None:
    said = tool(made, sys.executable, "-m", "hub", "plugins", path=[installed])
    (line,) = [line.split() for line in said.splitlines() if line.startswith("guest_book")]
    assert line == ["guest_book", "0.1.0", "hubbub-guest-book", "guest_book"]


@contextlib.contextmanager
def practising(made: Path, installed: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """The practice network in a process of its own, as in a terminal."""
    environ = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "tests.practice", str(port)]
    with subprocess.Popen(
        command, cwd=made, env=environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def test_what_is_made_works_in_a_hub_beside_its_practice_network(made: Path, installed: Path, tmp_path: Path) -> None:
    port = free_port()
    hub = Installation(tmp_path / "data")
    hub.environ |= {"HUB_ALLOW_HOSTS": f"127.0.0.1:{port}", "PYTHONPATH": str(installed), "LC_ALL": "C"}
    assert hub.run("init").returncode == 0
    with practising(made, installed, port) as network:
        assert network.stdin is not None and network.stdout is not None
        assert f"127.0.0.1:{port}, its token is practice-token" in network.stdout.readline()
        settings = [f"address=http://127.0.0.1:{port}", "token=practice-token"]
        added = hub.run("channel", "add", "guest_book", "Practice", "--set", settings[0], "--set", settings[1])
        assert "Connected Practice (@us) as channel 1." in added.stdout, added.stderr
        wrong = hub.run("channel", "add", "guest_book", "Wrong", "--set", settings[0], "--set", "token=another")
        assert wrong.returncode == 3
        network.stdin.write("Is that normal?\n")
        network.stdin.flush()
        wait_until(lambda: pulled(hub) == 1, "what was typed")
        network.stdin.close()
        assert network.wait(180) == 0


def pulled(hub: Installation) -> int:
    return int(json.loads(hub.run("pull", "Practice", "--json").stdout)[0]["new"])


def test_what_is_made_names_the_contract_it_is_written_for(made: Path) -> None:
    written = (made / "src" / "hubbub_guest_book" / "connector.py").read_text(encoding="utf-8")
    assert f"    api_version = {API_VERSION}\n" in written, "one that is inherited fits every Hubbub"


def test_what_is_made_is_typed(made: Path, installed: Path) -> None:
    said = tool(
        made,
        *(sys.executable, "-m", "mypy", "--strict", "--cache-dir", ROOT / ".mypy_cache", "src", "tests"),
        path=[installed, ROOT],
    )
    assert "no issues" in said
    assert (installed / "hubbub_guest_book" / "py.typed").exists()


def test_what_is_made_is_tidy(made: Path) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    tool(made, ruff, "check", "--no-cache", "--select", "E,F,I,B,UP,SIM,RUF100,DTZ")
    tool(made, ruff, "format", "--no-cache", "--check")


def test_nothing_in_it_is_left_to_fill_in(made: Path) -> None:
    made_by_others = {"__pycache__", ".hypothesis", ".pytest_cache", ".mypy_cache"}
    files = [path for path in made.rglob("*") if path.is_file() and not made_by_others & set(path.parts)]
    texts = {path: path.read_text() for path in files}
    assert {"LICENSE", "README.md", ".gitignore", "pyproject.toml"} <= {path.name for path in texts}
    assert not [path for path, text in texts.items() if re.search(r"\$\w|\$\{|\bTO" + r"DO\b|<your|\[year\]", text)]


def test_the_next_three_commands_are_said_ready_to_paste(tmp_path: Path) -> None:
    folder = tmp_path / "with a space"
    commands = [line.strip() for line in run("guest-book", str(folder)).output.splitlines() if line.startswith("  ")]
    assert commands == [
        f"cd '{folder}'",
        f"{sys.executable} -m pip install -e '.[test]'",
        f"{sys.executable} -m pytest",
    ]


def test_without_a_folder_it_is_made_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("Notes").exit_code == 0
    assert (tmp_path / "hubbub-notes" / "src" / "hubbub_notes" / "connector.py").exists()


@pytest.mark.parametrize(
    ("name", "distribution", "kind", "title", "label"),
    [
        ("guestbook", "hubbub-guestbook", "guestbook", "Guestbook", "Guestbook"),
        ("Guest Book", "hubbub-guest-book", "guest_book", "GuestBook", "Guest Book"),
        ("hubbub-my_net.2", "hubbub-my-net-2", "my_net_2", "MyNet2", "My net 2"),
        ("hub-class", "hubbub-class", "class", "Class", "Class"),
        ("x1", "hubbub-x1", "x1", "X1", "X1"),
    ],
)
def test_a_name_is_read_in_every_form_it_is_needed_in(
    name: str, distribution: str, kind: str, title: str, label: str
) -> None:
    names = names_of(name)
    assert (names.distribution, names.kind, names.title, names.label) == (distribution, kind, title, label)
    assert names.module == f"hubbub_{kind}"
    assert names.module.isidentifier()


def test_what_was_made_of_the_name_is_said(tmp_path: Path) -> None:
    ran = run("Guest Book", str(tmp_path / "new"))
    assert "the package hubbub-guest-book with the connector guest_book in" in ran.output
    assert (tmp_path / "new" / "src" / "hubbub_guest_book").is_dir()


@pytest.mark.parametrize("name", ["", "x", "1st", "-x", "x-", "a--b", "naïve", "a/b", "../x", "a" * 32, "a\nb", "x;y"])
def test_a_name_no_package_can_have_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        names_of(name)
    assert run("--", name, str(tmp_path / "new")).exit_code == 2
    assert not (tmp_path / "new").exists()


def test_a_kind_that_is_taken_is_refused(tmp_path: Path) -> None:
    ran = run("WordPress", str(tmp_path / "new"))
    assert ran.exit_code == 2
    assert "There is a kind wordpress already, from hubbub" in ran.output
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    ran = run("guestbook", str(tmp_path))
    assert ran.exit_code == 2
    assert "is there already" in ran.output
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = run("guestbook", str(tmp_path / "file" / "below"))
    assert ran.exit_code == 2
    assert "cannot be made" in ran.output
