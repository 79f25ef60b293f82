"""docs/hooks.md against the code: every hook, its arguments, its event's fields, and examples that work."""

from __future__ import annotations

import ast
import contextlib
import re
import threading
from dataclasses import fields
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hub.channels.children import ChildConnectors
from hub.engine.observe import tell
from hub.events import KINDS, Event, MessageReceived, ReplySettled
from hub.kernel import log
from hub.kernel.config import read_config
from hub.kernel.hub import open_hub, prepare
from hub.kernel.plugins import load_plugins
from tests.house import ROOT
from tests.plugging import PluginFolder

PAGE = (ROOT / "docs" / "hooks.md").read_text()
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}


def functions(source: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


HOOKS = functions((ROOT / "hub" / "hookspecs.py").read_text())


def example(hook: str) -> str:
    return re.findall(r"```python\n(.*?)```", SECTIONS[hook], re.DOTALL)[0]


def signature(function: ast.FunctionDef) -> str:
    return f"({ast.unparse(function.args)}) -> {ast.unparse(function.returns) if function.returns else ''}"


def test_every_hook_has_a_section_and_every_section_a_hook() -> None:
    assert list(SECTIONS) == list(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_an_example_has_the_hooks_own_arguments(hook: str) -> None:
    assert signature(functions(example(hook))[hook]) == signature(HOOKS[hook])


@pytest.mark.parametrize("hook", [hook for hook in HOOKS if hook in KINDS])
def test_every_field_of_an_event_is_described(hook: str) -> None:
    described = re.findall(r"^\| `(\w+)` \|", SECTIONS[hook], re.MULTILINE)
    assert sorted(described) == sorted(field.name for field in fields(KINDS[hook]))


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_test_of_its_own(hook: str) -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert re.search(rf"def test_hook_{hook}\b", tests)


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PluginFolder:
    return PluginFolder(tmp_path / "plugins", monkeypatch)


def test_hook_register_connectors(plugins: PluginFolder) -> None:
    plugins.install("guestbook", example("register_connectors"))
    loaded = load_plugins(plugins.points())
    assert loaded.found[0].problem == ""
    assert loaded.connector("guestbook").label == "Guestbook"


def test_hook_register_commands(plugins: PluginFolder) -> None:
    plugins.install("greeter", example("register_commands"))
    cli = click.Group("hub")
    load_plugins(plugins.points()).add_commands(cli)
    assert CliRunner().invoke(cli, ["greet"]).output == "hello\n"


def test_hook_message_received(tmp_path: Path, plugins: PluginFolder) -> None:
    plugins.install("hears_messages", example("message_received"))
    old = MessageReceived(message_id=8, direction="in", history=True)
    assert told(tmp_path, plugins, "hears_messages", MessageReceived(message_id=7, direction="in"), old) == "in 7\n"


def test_hook_reply_settled(tmp_path: Path, plugins: PluginFolder) -> None:
    plugins.install("hears_replies", example("reply_settled"))
    assert told(tmp_path, plugins, "hears_replies", ReplySettled(outbox_id=3, state="unknown")) == "unknown 3\n"


def told(tmp_path: Path, plugins: PluginFolder, plugin: str, *events: Event) -> str:
    """What a plugin, in its own process, wrote down of these events."""
    config = read_config({}, data=tmp_path / "data")
    prepare(config)
    loaded = load_plugins(plugins.points())
    with (
        contextlib.closing(open_hub(config, plugins=loaded)) as hub,
        contextlib.closing(ChildConnectors(hub)) as children,
    ):
        tell(hub, children, plugin, threading.Event())
        with hub.database.transaction() as session:
            for event in events:
                log.append(session, event, at=hub.clock())
        assert tell(hub, children, plugin, threading.Event()) == len(events)
    return (plugins.folder / f"plugged_{plugin}.tally").read_text()
