"""`pytest --hub-connector` in a pytest of its own, and that it stays out of the way of everybody else's tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import ROOT

BYSTANDER = """
import sys

def test_nothing_of_the_hub_is_loaded_but_the_plugin_itself():
    loaded = {name for name in sys.modules if name.partition(".")[0] in ("hub", "msgspec", "hub_plugins")}
    assert loaded == {"hub", "hub.testing", "hub.testing.pytest_plugin"}
"""

TWO_KITS = """
from hub_plugins.feed.connector import FeedConnector
from hub_plugins.sandbox.connector import SandboxConnector
from hub.testing.contract import ConnectorContract

class TestFeed(ConnectorContract):
    connector_class = FeedConnector
    test_importing_it_touches_nothing = None

class TestSandbox(ConnectorContract):
    connector_class = SandboxConnector

def test_something_else():
    assert False
"""


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pytest with Hubbub's plugin alone, which starts sooner."""
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "hub.testing.pytest_plugin", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=400)


def test_who_only_has_hubbub_installed_notices_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_bystander.py").write_text(BYSTANDER)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=400)
    assert ran.returncode == 0, ran.stdout
    assert "Quality" not in ran.stdout


def test_a_connector_whose_network_nobody_imitated_is_checked_as_far_as_that_goes(tmp_path: Path) -> None:
    ran = run_pytest(tmp_path, "--hub-connector=hub_plugins.feed.connector:FeedConnector")
    assert ran.returncode == 0, ran.stdout
    assert "Feed (TestFeedConnector): below bronze" in ran.stdout
    assert "test_a_burst_of_three_pages_loses_nothing was skipped" in ran.stdout
    assert "Not checked: it needs a FakeNetwork: write a ConnectorContract with one" in ran.stdout


def test_of_a_connector_with_a_kit_here_only_that_kit_runs(tmp_path: Path) -> None:
    (tmp_path / "test_both.py").write_text(TWO_KITS)
    ran = run_pytest(tmp_path, "-v", "--hub-connector=hub_plugins.feed.connector:FeedConnector")
    assert "test_both.py::TestFeed::test_the_class_keeps_the_contract PASSED" in ran.stdout
    assert "TestSandbox" not in ran.stdout
    assert "test_something_else" not in ran.stdout
    assert "test_importing_it_touches_nothing was not run" in ran.stdout, "what is taken out does not go unnoticed"


UNFINISHED = """
from hub import Check, Connector
from hub.testing.contract import ConnectorContract

class Unfinished(Connector):
    kind = "unfinished"
    def check(self) -> Check:
        raise NotImplementedError
    def pull(self, cursor):
        raise NotImplementedError

class TestUnfinished(ConnectorContract):
    connector_class = Unfinished
"""


def test_a_class_that_does_not_keep_the_contract_yet_is_told_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "test_unfinished.py").write_text(UNFINISHED)
    chosen = run_pytest(tmp_path, "--hub-connector=test_unfinished:Unfinished")
    assert chosen.returncode == pytest.ExitCode.USAGE_ERROR
    assert "unfinished has no label" in chosen.stderr
    whole = run_pytest(tmp_path)
    assert whole.returncode == pytest.ExitCode.TESTS_FAILED
    assert "No label (TestUnfinished): below bronze" in whole.stdout


def test_several_workers_print_the_table_that_one_process_prints(tmp_path: Path) -> None:
    (tmp_path / "test_unfinished.py").write_text(UNFINISHED)
    one, two = run_pytest(tmp_path), run_pytest(tmp_path, "-p", "xdist.plugin", "-n", "2", "--dist", "loadfile")
    assert two.returncode == pytest.ExitCode.TESTS_FAILED, two.stdout + two.stderr
    assert table_of(one) == table_of(two)
    assert table_of(one)[0] == "No label (TestUnfinished): below bronze"


def table_of(ran: subprocess.CompletedProcess[str]) -> list[str]:
    lines = ran.stdout.partition("= Quality of connectors (docs/quality.md) =")[2].splitlines()[1:]
    return [line for line in lines if not line.startswith("=")]


def test_a_kit_by_name_brings_its_own_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    kit = "tests.plugins.test_sandbox:TestSandboxKeepsTheContract"
    ran = run_pytest(tmp_path, f"--hub-connector={kit}", f"--rootdir={ROOT}", "-k", "first_pull_is or storm")
    assert ran.returncode == 0, ran.stdout
    assert " 2 passed" in ran.stdout
    assert "Quality" not in ran.stdout, "a part of the kit gets no table"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("no_such_package:Thing", "No module named 'no_such_package'"),
        ("hub_plugins.feed.connector", "it is PACKAGE.MODULE:CLASS, the class behind a colon"),
        ("hub_plugins.feed.connector:NoSuchClass", "NoSuchClass"),
        ("hub_plugins.feed.connector:FeedSettings", "neither a Connector nor a ConnectorContract"),
    ],
)
def test_a_connector_that_cannot_be_found_is_said_in_one_line(tmp_path: Path, spec: str, said: str) -> None:
    ran = run_pytest(tmp_path, f"--hub-connector={spec}")
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
