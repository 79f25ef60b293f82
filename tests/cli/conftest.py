"""The command line on a fresh installation on each engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli import main

Run = Callable[..., Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Types `hub` commands; `json` types one with --json and reads what it says."""

    folder: Path
    environ: dict[str, str]

    def __call__(self, *arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(main, arguments, input=typed, env=self.environ, prog_name="hub")

    def json(self, *arguments: str, typed: str = "") -> Any:
        return json.loads(self(*arguments, "--json", typed=typed).stdout)


@pytest.fixture
def empty(tmp_path: Path, empty_engine_url: str) -> Terminal:
    """Where no installation is yet."""
    environ = {"HUB_DATA": str(tmp_path / "data"), "HUB_DATABASE_URL": empty_engine_url, "LANG": "C"}
    return Terminal(folder=tmp_path / "data", environ=environ)


@pytest.fixture
def hub(empty: Terminal) -> Iterator[Terminal]:
    made = empty("init")
    assert made.exit_code == 0, made.output
    yield empty
