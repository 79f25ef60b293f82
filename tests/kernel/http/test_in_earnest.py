from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def namespace() -> list[str]:
    """The command that gives a program a network of its own; skips where this system has none."""
    command = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]
    if not (shutil.which("unshare") and shutil.which("ip")):
        pytest.skip("needs unshare and ip")
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system gives no network namespaces")
    return command


def test_with_nothing_exchanged_a_public_address_is_fetched_and_the_inside_is_not() -> None:
    command = [*namespace(), sys.executable, "-m", "tests.kernel.http.public_address"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert run.stdout.splitlines() == [
        "fetched",
        "redirect refused",
        "first answer fetched",
        "second answer refused",
        "redirect to it refused",
        "session refused",
        "canary alone",
    ], run.stderr
