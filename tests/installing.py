"""Distributions installed into a folder of their own, as pip does it, without asking the network."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def install(source: Path, target: Path) -> None:
    """Install the distribution in `source`; its folder is left as it is. Raises AssertionError with what pip said."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = shutil.copytree(source, Path(scratch) / "source")
        options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "-q"]
        command = [sys.executable, "-m", "pip", "install", *options, "--target", target, copy]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=110)
        assert ran.returncode == 0, ran.stdout + ran.stderr
