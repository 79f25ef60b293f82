"""Distributions installed into a folder of their own, as pip does it, without asking the network."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def install(*sources: Path, into: Path) -> None:
    """Install the distributions in `sources`; their folders are left as they are. Raises AssertionError."""
    with tempfile.TemporaryDirectory() as scratch:
        copies = [shutil.copytree(source, Path(scratch) / str(number)) for number, source in enumerate(sources)]
        options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "-q"]
        command = [sys.executable, "-m", "pip", "install", *options, "--target", into, *copies]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=400)
        assert ran.returncode == 0, ran.stdout + ran.stderr
