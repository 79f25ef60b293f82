"""docs/api.md: its commands are typed into a shell, against a hub that runs, and are answered as the page says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hub.api import problem
from hub.api.routes import OPERATIONS
from hub.people import agents
from hub.people.model import OPERATOR, Role, TokenScope
from tests.api.client import Programs
from tests.api.serving import PATIENCE_SECONDS, served
from tests.house import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(sh|json)\n(.*?)```", PAGE, re.DOTALL)
_MARK = "--- answered ---"
_ASK_VERSION = """VERSION=$(curl -sS "$HUB/conversations/1/messages?limit=1" -H "Authorization: Bearer $TOKEN" \\
    | sed -E 's/.*"version":"([^"]*)".*/\\1/')"""

AS_IT_IS_HERE = {
    "CONVERSATION=17": "CONVERSATION=1",
    "OUTBOX_ITEM=9": "OUTBOX_ITEM=1",
    "outbox/10/cancel": "outbox/2/cancel",
    "VERSION=1.40": _ASK_VERSION,
}
"""Numbers that a reader takes from the answers before."""


def script(address: str) -> str:
    typed = "".join(f"{text}\necho; echo '{_MARK}'\n" for kind, text in BLOCKS if kind == "sh")
    for written, here in {**AS_IT_IS_HERE, "http://127.0.0.1:8080": address}.items():
        assert written in typed, written
        typed = typed.replace(written, here)
    return f"set -euo pipefail\n{typed}"


def answers(address: str, data: Path) -> list[str]:
    """What each block of commands prints."""
    environ = {**os.environ, "HUB_DATA": str(data), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    typed = subprocess.run(
        ["bash", "-c", script(address)],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_SECONDS,
    )
    assert typed.returncode == 0, typed.stdout + typed.stderr
    return typed.stdout.split(_MARK)[:-1]


def shown() -> list[tuple[int, Any]]:
    """The answers the page shows, with the number of the commands they follow."""
    commands = -1
    found = []
    for kind, text in BLOCKS:
        commands += kind == "sh"
        if kind == "json":
            found.append((commands, json.loads(text)))
    return found


def assert_like(told: Any, real: Any, place: str = "") -> None:
    """Every member that is shown is there, and of the same kind."""
    if isinstance(told, dict):
        assert isinstance(real, dict), place
        for name, value in told.items():
            assert name in real, f"{place}.{name}"
            assert_like(value, real[name], f"{place}.{name}")
    elif isinstance(told, list):
        assert isinstance(real, list), place
        for each in told:
            assert_like(each, real[0], f"{place}[]")
    else:
        assert type(told) is type(real), place


def lead(programs: Programs) -> None:
    """Ana looks after channels, too."""
    found = agents.find_by_email(programs.hub, OPERATOR, "ana@brightwater.example")
    agents.change_role(programs.hub, OPERATOR, found.id, Role.ADMIN)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is missing: install Debian's curl")
def test_every_example_works_as_it_is_written(on_sqlite: Programs) -> None:
    on_sqlite.fake.says("is the red light normal after ten weeks?")
    on_sqlite.desk.pulls()
    lead(on_sqlite)
    with served(on_sqlite.hub, on_sqlite.desk.connectors) as address:
        printed = answers(address, on_sqlite.hub.config.data)
    assert len(shown()) >= 4
    for number, told in shown():
        assert_like(told, json.loads(printed[number]))


def test_the_page_names_every_operation_scope_and_code() -> None:
    for operation in OPERATIONS:
        last = operation.path.rstrip("/").rpartition("/")[2]
        word = operation.path.split("/")[1] if last.startswith("{") else last
        assert word in PAGE, operation.path
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == set(TokenScope)
    missing = [code for code in problem._WORDS if f"`{code}`" not in PAGE]
    assert not missing
