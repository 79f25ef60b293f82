"""A plugin's process ends with the process it works for, however that ends and whatever the plugin is doing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.kernel.config import read_config
from hub.kernel.hub import prepare
from tests.channels.conftest import UNRULY
from tests.house import ROOT
from tests.plugging import PluginFolder
from tests.processes import is_running, wait_until

pytestmark = pytest.mark.kills

PARENT = """
import sys, threading
from pathlib import Path
from hub.channels.children import ChildConnectors
from hub.channels.model import Account
from hub.kernel.config import read_config
from hub.kernel.hub import open_hub

hub = open_hub(read_config({}, data=Path(sys.argv[1])))
connectors = ChildConnectors(hub)
account = Account(kind="unruly", channel_id=1, settings={"does": sys.argv[2], "gate": sys.argv[3]})
asking = threading.Thread(target=connectors.pull, args=(account, None), daemon=True)
asking.start()
while not connectors.pids():
    pass
print(connectors.pids()["unruly"], flush=True)
sys.stdin.read()
"""


SLOW_IN_A_CHILD = """
import pathlib, sys, time
if sys.argv[0].endswith("child.py"):
    (pathlib.Path(__file__).parent.parent / "gate.begun").touch()
    time.sleep(3600)
"""


@pytest.mark.parametrize("does", ["works", "never_returns", "waits", "holds_the_interpreter"])
def test_it_ends_when_the_parent_is_killed(does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins = PluginFolder(tmp_path / "plugins", monkeypatch)
    plugins.install("unruly", UNRULY)
    assert_ends_with_parent(does, tmp_path)


def test_it_ends_when_the_parent_is_killed_while_the_plugin_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins = PluginFolder(tmp_path / "plugins", monkeypatch)
    plugins.install("unruly", UNRULY.replace("import dataclasses\n", f"import dataclasses\n{SLOW_IN_A_CHILD}", 1))
    assert_ends_with_parent("is imported", tmp_path)


def assert_ends_with_parent(does: str, tmp_path: Path) -> None:
    prepare(read_config({}, data=tmp_path / "data"))
    command = [sys.executable, "-c", PARENT, str(tmp_path / "data"), does, str(tmp_path / "gate")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        if does in ("waits", "is imported", "holds_the_interpreter"):
            wait_until(lambda: has_begun(does, pid, tmp_path), "the call")
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_running(pid), "the end of the plugin's process")


def has_begun(does: str, pid: int, tmp_path: Path) -> bool:
    if does != "holds_the_interpreter":
        return (tmp_path / "gate.begun").exists()
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11]
    return int(ticks) > 300  # three seconds of computing: more than starting takes
