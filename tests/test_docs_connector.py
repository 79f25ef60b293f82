"""docs/write-a-connector.md against what `hub new-connector` makes (tests/cli/test_new_connector.py runs that)."""

from __future__ import annotations

import dataclasses
import inspect
import re
import shlex

import click
import pytest

import hub
from hub import errors
from hub.cli import main
from hub.commands.new_connector import names_of, rendered
from hub.connector import Connector, Features
from hub.errors import ConnectorError
from hub.testing.contract import FakeNetwork
from tests.house import ROOT

PAGE = (ROOT / "docs" / "write-a-connector.md").read_text(encoding="utf-8")
MADE = dict(rendered(names_of("guest-book")))


def test_the_listing_is_the_connector_that_is_made() -> None:
    (listing,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert listing == MADE["src/hubbub_guest_book/connector.py"]


def test_every_file_that_is_explained_is_made_and_every_module_that_is_made_is_explained() -> None:
    named = set(re.findall(r"^\| `([\w/.]+\.\w+)` \|", PAGE, re.MULTILINE))
    assert named <= set(MADE)
    assert {path for path, text in MADE.items() if path.endswith(".py") and text} <= named


@pytest.mark.parametrize("path", ["src/hubbub_guest_book/connector.py", "src/hubbub_guest_book/refusals.py"])
def test_what_is_made_imports_the_public_names_and_no_others(path: str) -> None:
    imported = re.findall(r"^ *from (hub[\w.]*) import (\(.*?\)|[^\n]*)", MADE[path], re.MULTILINE | re.DOTALL)
    assert imported
    for module, names in imported:
        assert module in ("hub", "hub.errors")
        known = hub.__all__ if module == "hub" else vars(errors)
        assert set(re.findall(r"\w+", names)) <= set(known)


def test_every_public_name_is_there() -> None:
    assert [name for name in hub.__all__ if not getattr(hub, name, None)] == []
    with pytest.raises(AttributeError):
        hub.no_such_name  # noqa: B018


def test_every_error_a_connector_may_raise_says_what_it_does() -> None:
    table = PAGE.partition("### Errors are instructions")[2].partition("\n## ")[0]
    rows = " ".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE))
    named = set(re.findall(r"`(\w+)", rows))
    raised = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, ConnectorError)}
    # The door raises AddressRefused; ConnectorError is only their root.
    assert named == raised - {"ConnectorError", "AddressRefused"}


def test_every_feature_is_explained_in_the_order_it_is_declared_in() -> None:
    table = PAGE.partition("### What else a connector can do")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [field.name for field in dataclasses.fields(Features)]


def test_every_method_named_exists() -> None:
    named = set(re.findall(r"`(\w+)\(", PAGE.partition("```python")[0] + PAGE.rpartition("```\n\n**The class")[2]))
    methods = {name for name, _ in inspect.getmembers(Connector, callable)}
    assert {"check", "pull", "send", "reconcile", "receive", "listen"} <= named & methods


def test_every_word_of_the_fake_network_is_named() -> None:
    words = {name for name, what in vars(FakeNetwork).items() if inspect.isfunction(what)}
    words |= {name for name in FakeNetwork.__annotations__ if name != "page_size"}
    assert words <= set(re.findall(r"`(\w+)(?: = False)?`", PAGE))


def commands() -> list[list[str]]:
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)).replace("\\\n", " ")
    parts = [shlex.split(part) for line in blocks.splitlines() for part in line.split("&&")]
    plain = [[word for word in part if not re.match(r"HUB_\w+=", word)] for part in parts]
    return [part[1:] for part in plain if part and part[0] == "hub"]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_to_type_exists_with_its_options(words: list[str]) -> None:
    command: click.Command = main
    for word in words:
        if isinstance(command, click.Group):
            command = command.commands[word]
    known = {option for param in command.params for option in param.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_the_commands_to_type_are_the_way_from_nothing_to_a_channel() -> None:
    assert [words[0] for words in commands()] == ["new-connector", "up", "channel"]
