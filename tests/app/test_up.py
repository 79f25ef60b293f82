"""`hub up`: web and worker live and end together, whatever dies first."""

from __future__ import annotations

import contextlib
import signal
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.kernel.config import read_config
from hub.kernel.hub import open_hub
from hub.kernel.origin import origin_of
from hub.people import agents, sessions
from hub.people.model import OPERATOR, Role
from hub.web.security import session_cookie
from tests.app.running import Installation
from tests.processes import is_running, wait_until


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "data").running() as installation:
        yield installation


def test_one_command_makes_everything_and_prints_where_to_go(up: Installation) -> None:
    assert f"Hubbub is at http://127.0.0.1:{up.port}" in up.said
    assert up.said.count(f"http://127.0.0.1:{up.port}/link/") == 1
    assert (up.folder / "key").stat().st_mode & 0o777 == 0o600
    assert {"hub.db", "key", "media"} <= {each.name for each in up.folder.iterdir()}


def test_the_link_it_prints_lets_the_first_admin_in(up: Installation) -> None:
    link = next(line.split()[-1] for line in up.said.splitlines() if "/link/" in line)
    assert up.get(link.removeprefix(f"http://127.0.0.1:{up.port}"))[0] == 200


def test_a_command_in_another_terminal_makes_links_to_where_the_pages_are(up: Installation) -> None:
    added = up.run("user", "add", "bo@example.com", "--name", "Bo")
    assert f"http://127.0.0.1:{up.port}/link/" in added.stdout


def test_once_somebody_has_a_password_no_link_is_printed(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "data")
    with contextlib.closing(_hub_of(installation)) as hub:
        agents.add(hub, OPERATOR, email="ann@example.com", name="Ann", role=Role.ADMIN, password="correct horse tea")
    with installation.running():
        assert "/link/" not in installation.said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_all_it_started_although_a_page_is_open(up: Installation, number: signal.Signals) -> None:
    children = [up.pid_of("web"), up.pid_of("worker"), up.supervisor]
    page = _open_stream(up)
    up.tell(up.supervisor, number)
    assert _read_to_the_end(page)
    wait_until(lambda: not any(map(is_running, children)), "the end of every process")
    assert not up.logged("killed")
    assert not up.logged("died")


def test_a_second_start_goes_on_where_the_first_was(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "data")
    with installation.running():
        key = (installation.folder / "key").read_bytes()
    with installation.running():
        assert (installation.folder / "key").read_bytes() == key


@pytest.mark.kills
@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_child_that_is_killed_is_started_again(up: Installation, name: str) -> None:
    first, other = up.pid_of(name), {"web": "worker", "worker": "web"}[name]
    untouched = up.pid_of(other)
    up.tell(first, signal.SIGKILL)
    wait_until(lambda: up.pid_of(name) != first, f"a new {name}")
    wait_until(up.is_ready, "hub up")
    assert up.pid_of(other) == untouched


@pytest.mark.kills
def test_whoever_asks_while_the_web_process_is_new_waits_and_is_answered(up: Installation) -> None:
    up.tell(up.pid_of("web"), signal.SIGKILL)
    assert up.get("/health/live")[0] == 200


@pytest.mark.kills
def test_no_child_outlives_a_supervisor_that_is_killed(up: Installation) -> None:
    children = [up.pid_of("web"), up.pid_of("worker")]
    up.tell(up.supervisor, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, children)), "the end of both children")


def test_a_port_in_use_is_said_before_anything_is_touched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        installation = Installation(tmp_path / "data")
        ended = installation.run("up", "--port", str(taken.getsockname()[1]))
    assert ended.returncode == 2
    assert "taken by another program" in ended.stderr
    assert not installation.folder.exists()


@pytest.mark.parametrize("command", [["up", "--port", "0"], ["serve", "--port", "0"], ["work"]])
def test_a_second_one_on_the_same_folder_is_refused_while_the_first_runs(up: Installation, command: list[str]) -> None:
    ended = up.run(*command)
    assert ended.returncode == 2
    assert "Another Hubbub runs on" in ended.stderr
    assert str(up.supervisor) in ended.stderr
    assert up.is_ready()


@pytest.mark.kills
def test_a_supervisor_that_is_killed_leaves_the_folder_to_the_next_once_its_children_have_ended(
    tmp_path: Path,
) -> None:
    installation = Installation(tmp_path / "data")
    with installation.running():
        children = [installation.pid_of("web"), installation.pid_of("worker")]
        installation.tell(installation.supervisor, signal.SIGKILL)
        wait_until(lambda: not any(map(is_running, children)), "the end of both children")
    with installation.running():
        assert installation.is_ready()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = Installation(tmp_path / "file" / "data").run("up", "--port", "0")
    assert ended.returncode == 4
    assert "cannot be written to" in ended.stderr


def _forget_key(folder: Path) -> None:
    (folder / "key").unlink()


def _other_key(folder: Path) -> None:
    (folder / "key").write_text("9" * 43 + "=\n")


def _newer(folder: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / "hub.db")) as connection, connection:
        connection.execute("INSERT INTO _sqlite_migrations VALUES (99, 'hub', '9999_later', '')")


def _garbage(folder: Path) -> None:
    (folder / "hub.db").write_bytes(b"no database at all, but long enough to be looked at" * 100)


def _overwritten_pages(folder: Path) -> None:
    with (folder / "hub.db").open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 40960)


def _one_page_that_no_start_reads(folder: Path) -> None:
    with (folder / "hub.db").open("r+b") as file:
        file.seek(-4096, 2)
        file.write(b"\xff" * 4096)


def _cut_off(folder: Path) -> None:
    with (folder / "hub.db").open("r+b") as file:
        file.truncate((folder / "hub.db").stat().st_size // 2)


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (_forget_key, "The key that protects passwords"),
        (_other_key, "The key that protects passwords"),
        (_newer, "made by a newer Hubbub"),
        (_garbage, "The database is damaged"),
        (_overwritten_pages, "The database is damaged"),
        (_one_page_that_no_start_reads, "The database is damaged"),
        (_cut_off, "The database is damaged"),
    ],
)
def test_an_installation_that_is_out_of_order_is_left_as_it_is_and_says_why(
    tmp_path: Path, break_it: object, said: str
) -> None:
    assert callable(break_it)
    installation = Installation(tmp_path / "data")
    _hub_of(installation).close()
    break_it(installation.folder)
    before = (installation.folder / "hub.db").read_bytes()
    ended = installation.run("up", "--port", "0")
    assert ended.returncode == 4
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert (installation.folder / "hub.db").read_bytes() == before


def test_a_locked_database_is_said(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "data")
    _hub_of(installation).close()
    with contextlib.closing(sqlite3.connect(installation.folder / "hub.db")) as holder:
        holder.execute("PRAGMA locking_mode=EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        ended = installation.run("up", "--port", "0")
    assert ended.returncode == 4
    assert "Another program holds the database" in ended.stderr


def _hub_of(installation: Installation):  # type: ignore[no-untyped-def]
    made = installation.run("init")
    assert made.returncode == 0, made.stderr
    return open_hub(read_config(installation.environ))


def _open_stream(up: Installation) -> socket.socket:
    config = read_config({**up.environ, "HUB_BASE_URL": f"http://127.0.0.1:{up.port}"})
    with contextlib.closing(open_hub(config)) as hub:
        agent = agents.add(hub, OPERATOR, email="bo@example.com", name="Bo", role=Role.ADMIN)
        with hub.database.transaction() as session:
            token = sessions.start(session, hub, agent.id, user_agent="test")
    page = socket.create_connection(("127.0.0.1", up.port), timeout=120)
    cookie = f"{session_cookie(origin_of(config))}={token}"
    page.sendall(f"GET /live HTTP/1.1\r\nhost: 127.0.0.1:{up.port}\r\ncookie: {cookie}\r\n\r\n".encode())
    received = b""
    while b"\nid: " not in received:
        received += page.recv(4096)
    assert received.startswith(b"HTTP/1.1 200")
    return page


def _read_to_the_end(page: socket.socket) -> bool:
    with page:
        while page.recv(4096):
            pass
    return True
