"""A newcomer's ten minutes with the webhook plugin: `hub up`, the command and the shell lines of its README."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.app.running import Installation
from tests.house import ROOT
from tests.processes import wait_until

README = (ROOT / "plugins" / "webhook" / "README.md").read_text(encoding="utf-8")
LINES = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)[0]

pytestmark = pytest.mark.timeout(600)


def shell(address: str, secret: str) -> str:
    """What the lines of the README print, with these in their places."""
    lines = LINES.replace("http://127.0.0.1:8080/hooks/YOUR-CHANNEL", address).replace("whsec_YOUR-SECRET", secret)
    assert lines != LINES
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", lines], capture_output=True, text=True, timeout=300)
    return done.stdout + done.stderr


def delivered(address: str, secret: str) -> str:
    """The same, tried again while it is put off: on a busy machine the plugin's process may be long in starting."""
    said = [shell(address, secret)]

    def is_taken() -> bool:
        if "not_now" in said[-1]:
            said.append(shell(address, secret))
        return "not_now" not in said[-1]

    wait_until(is_taken, "an answer")
    return said[-1]


def test_the_lines_of_the_readme_bring_a_message_into_the_inbox(tmp_path: Path, engine_url: str) -> None:
    installation = Installation(tmp_path / "data", database_url=engine_url)
    with installation.running():
        added = installation.run("channel", "add", "webhook", "Shop", "--json")
        assert added.returncode == 0, added.stderr
        told = json.loads(added.stdout)
        address, secret = told["address"], told["generated"]["secret"]
        assert json.loads(delivered(address, secret)) == {"status": "kept"}
        assert json.loads(delivered(address, secret)) == {"status": "known"}
        assert "wrong_signature" in delivered(address, "whsec_" + "A" * 32)
        wait_until(lambda: _found(installation) == 1, "the message in the inbox")


def _found(installation: Installation) -> int:
    """How often the channel says that it found something."""
    listed = json.loads(installation.run("channel", "list", "--json").stdout)
    return len([each for each in listed if each["found_at"]])


def test_the_secret_and_the_address_are_said_when_it_is_connected(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "data")
    installation.run("init")
    said = installation.run("channel", "add", "webhook", "Shop").stdout
    assert re.search(r"/hooks/[\w-]{43}\b", said)
    assert re.search(r"secret, shown this once: whsec_\S{44}", said)
    own = installation.run("channel", "add", "webhook", "Other", "--set", "secret=whsec_" + "B" * 43 + "=")
    assert "shown this once" not in own.stdout
