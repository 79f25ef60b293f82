"""The harness itself: what the other tests lean on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from tests import scratch
from tests.postgres import PostgresServer
from tests.processes import end_group, group_exists, start_program, wait_until

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]


def test_each_test_gets_its_own_empty_postgresql_database(postgres_server: PostgresServer) -> None:
    first, second = postgres_server.create(), postgres_server.create()
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE here (id BIGINT)")
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT to_regclass('here')").fetchone() == (None,)
    for url in (first, second):
        postgres_server.drop(url)


def test_a_database_can_be_dropped_while_somebody_is_connected(postgres_server: PostgresServer) -> None:
    url = postgres_server.create()
    with pytest.raises(psycopg.OperationalError), psycopg.connect(url) as connection:
        postgres_server.drop(url)
        connection.execute("SELECT 1")


def test_tests_that_start_the_same_servers_stay_together_and_go_first(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("api/test_a", "api/test_b", "crash/test_c", "faults/test_d", "peers/test_e"):
        file = pytester.path / "tests" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("def test_runs(): pass\ndef test_runs_too(): pass\n")
    result = pytester.runpytest_subprocess("-p", "tests.sharing", "-n", "2", "-v")
    ran = re.findall(r"^\[(gw\d)\].* PASSED (.*)::", result.stdout.str(), re.MULTILINE)
    by_process = {name: [file for process, file in ran if process == name] for name in ("gw0", "gw1")}
    assert {tuple(files[:2]) for files in by_process.values()} == {
        ("tests/faults/test_d.py",) * 2,
        ("tests/crash/test_c.py",) * 2,
    }
    assert any({"tests/faults/test_d.py", "tests/peers/test_e.py"} <= set(files) for files in by_process.values())
    assert len(ran) == 10
    assert all(len({process for process, file in ran if file == each}) == 1 for _, each in ran)


def test_engine_url_names_an_engine(engine_url: str) -> None:
    assert engine_url == "" or engine_url.startswith("postgresql://")


def test_scratch_folders_go_only_where_programs_run_and_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "ROOM", 0)
    assert scratch.is_fit(tmp_path)
    assert not scratch.is_fit(tmp_path / "missing")
    monkeypatch.setattr(scratch, "ROOM", 1 << 60)
    assert not scratch.is_fit(tmp_path), "there is no such room"
    monkeypatch.setattr(scratch, "ROOM", 0)
    there = os.statvfs(tmp_path)
    closed = SimpleNamespace(f_flag=there.f_flag | os.ST_NOEXEC, f_bavail=there.f_bavail, f_frsize=there.f_frsize)
    monkeypatch.setattr(os, "statvfs", lambda _: closed)
    assert not scratch.is_fit(tmp_path), "no program runs from there"


SKIPPING = """
    import pytest

    def test_runs(): pass

    @pytest.mark.skip(reason="no such program")
    def test_skips(): pass
"""


@pytest.mark.parametrize("processes", ["0", "2"])
@pytest.mark.parametrize(("ci", "exit_code"), [("true", 1), ("", 0)])
def test_a_skipped_test_fails_the_session_on_ci_only(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str, exit_code: int, processes: str
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile(SKIPPING)
    result = pytester.runpytest_subprocess("-p", "tests.skips", "-n", processes)
    assert result.ret == exit_code
    assert ("no such program" in result.stdout.str().partition("Skipped on CI")[2]) is (ci == "true")


def test_an_expected_failure_is_no_skipped_test(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile("import pytest\n@pytest.mark.xfail\ndef test_known(): assert False")
    assert pytester.runpytest_subprocess("-p", "tests.skips").ret == 0


def test_a_program_ends_when_the_session_that_started_it_is_killed(tmp_path: Path) -> None:
    session = subprocess.Popen(
        [sys.executable, "-c", STARTS_AND_HANGS, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert session.stdout is not None
    group = int(session.stdout.readline())
    session.kill()
    session.communicate()
    wait_until(lambda: not group_exists(group), "the end of the program")


STARTS_AND_HANGS = """
import signal, sys
from pathlib import Path
from tests.processes import start_program

print(start_program(["sleep", "1000"], log=Path(sys.argv[1], "log")).pid, flush=True)
signal.pause()
"""


def test_ending_a_program_ends_what_it_started(tmp_path: Path) -> None:
    shell = start_program(["sh", "-c", "sleep 1000 & sleep 1000"], log=tmp_path / "log")
    end_group(shell)
    assert not group_exists(shell.pid)


def test_a_program_that_dies_while_starting_is_told_at_once(tmp_path: Path) -> None:
    program = start_program(["false"], log=tmp_path / "log")
    with pytest.raises(RuntimeError, match="ended"):
        wait_until(lambda: False, "the program", alive=program)
    end_group(program)
