"""The pages a newcomer reads: their links lead somewhere, and what they tell one to type exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from PIL import Image

from hub.cli import main
from tests.house import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "plugins").glob("*/README.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)|(?:src|srcset)=\"([^\"]+)\"")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_between_our_pages_is_dead(page: Path) -> None:
    links = [first or second for first, second in LINK.findall(page.read_text(encoding="utf-8"))]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_readme_shows_the_inbox_in_light_and_dark() -> None:
    shown = re.findall(r"(?:src|srcset)=\"([^\"]+)\"", README)
    assert sorted(shown) == ["docs/inbox-dark.png", "docs/inbox.png"]
    for picture in shown:
        with Image.open(ROOT / picture) as opened:
            assert opened.size == (1440, 900)


def commands() -> list[list[str]]:
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL))
    parts = [part for line in blocks.splitlines() for part in line.split("&&")]
    return [shlex.split(part)[1:] for part in parts if part.strip().startswith(".venv/bin/hub ")]


def test_readme_starts_with_one_command_for_the_demo() -> None:
    assert commands()[0] == ["up", "--demo"]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_in_the_readme_exists_with_its_options(words: list[str]) -> None:
    command: click.Command = main
    for word in words:
        if isinstance(command, click.Group):
            command = command.commands[word]
    known = {option for param in command.params for option in param.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_every_setting_in_the_readme_is_described_in_operations() -> None:
    described = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in described for name in re.findall(r"^\| `(HUB_\w+)`", README, re.MULTILINE))
