"""docs/operations.md says every setting and every command, docs/storage.md every table, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import click
import pytest

from hub.cli import main
from hub.commands.exits import Exit
from hub.kernel.migrate import steps
from tests.house import ROOT, sources

VARIABLE = re.compile(r"\bHUB_[A-Z][A-Z_]*[A-Z]\b")
FOR_TESTS = {"HUB_ROUNDS", "HUB_BACKLOG"}
"""Settings that only tests read."""


@cache
def operations() -> str:
    return (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@cache
def settings() -> frozenset[str]:
    return frozenset(name for source in sources() if source.is_product for name in VARIABLE.findall(source.text))


@cache
def tables() -> frozenset[str]:
    return frozenset(re.findall(r"^CREATE TABLE (\w+)", "\n".join(step.sql for step in steps()), re.M))


@cache
def documented_tables() -> frozenset[str]:
    page = (ROOT / "docs" / "storage.md").read_text(encoding="utf-8")
    chapter = page.partition("\n## The tables\n")[2].partition("\n## ")[0]
    return frozenset(re.findall(r"^\| `(\w+)` \| \S", chapter, re.M))


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(commands(main, "hub"))


def test_every_setting_is_documented() -> None:
    assert "HUB_DATA" in settings()
    assert settings() <= set(VARIABLE.findall(operations()))


def test_every_documented_setting_exists() -> None:
    assert set(VARIABLE.findall(operations())) <= settings() | FOR_TESTS


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_is_documented(path: str) -> None:
    assert f"| `{path}` |" in operations()


def test_every_documented_command_exists() -> None:
    assert set(re.findall(r"^\| `(hub [a-z -]+)` \|", operations(), re.M)) == set(COMMANDS)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_option_says_what_it_is_for(path: str) -> None:
    command = COMMANDS[path]
    assert command.help
    assert all(option.help or option.hidden for option in command.params if isinstance(option, click.Option))


@pytest.mark.parametrize("code", Exit)
def test_every_exit_code_is_documented(code: Exit) -> None:
    assert re.search(rf"^\| {code.value} \|", operations(), re.M)


def test_every_table_is_documented() -> None:
    assert {"installation", "messages"} <= tables()
    assert tables() <= documented_tables()


def test_every_documented_table_exists() -> None:
    assert documented_tables() <= tables()
