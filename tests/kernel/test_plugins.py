"""One broken plugin harms nobody: it is listed with its reason, and the others work."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from hub.errors import Absent
from hub.kernel.plugins import Plugins, load_plugins

GOOD = """
from dataclasses import dataclass
from hub.connector import Author, Check, Connector, Features, Page
from hub.hookspecs import hookimpl

SENDS = Features(send=True)

@dataclass(frozen=True)
class Settings:
    pass

class Good(Connector):
    kind = "{kind}"
    label = "Good"
    Settings = Settings
    def check(self):
        return Check(account=Author(id="us"))
    def pull(self, cursor):
        return Page(cursor="1")

@hookimpl
def register_connectors(register):
    register(Good)
"""

FINE = GOOD.format(kind="fine")

# What is broken, and a word of the reason an operator is given.
BROKEN = {
    "does not import": ("import nothing_of_that_name", "ModuleNotFoundError"),
    "is no Python": ("def (", "SyntaxError"),
    "leaves while loading": ("raise SystemExit(3)", "SystemExit"),
    "does not import what it needs": ("\n\nimport nothing_of_that_name", ".py, line 3)"),
    "misspells a hook": (FINE.replace("register_connectors", "register_conectors"), "is it register_connectors?"),
    "invents a hook": (FINE.replace("register_connectors", "on_monday"), "no hook on_monday: see docs/hooks.md"),
    "takes another argument": (FINE.replace("(register)", "(all)"), "takes (register), not (all)"),
    "forgets the mark": (FINE.replace("@hookimpl", ""), "register_connectors is not marked with @hookimpl"),
    "pulls nothing": (FINE.replace("def pull", "def pul"), "fine has no pull()"),
    "fails while registering": (FINE.replace("register(Good)", "1 / 0"), "ZeroDivisionError: division by zero (pl"),
    "names no module": (None, "ModuleNotFoundError: No module named"),
    "registers something else": (FINE.replace("register(Good)", "register(dict)"), "not a Connector"),
    "speaks another contract": (FINE.replace('label = "Good"', 'label = "Good"\n    api_version = 99'), "contract 99"),
    "has no usable kind": (GOOD.format(kind="No Kind!"), "(a-z, 0-9, _), not 'No Kind!'"),
    "claims to send": (FINE.replace("Settings = Settings", "Settings = Settings\n    features = SENDS"), "no send()"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def point(folder: Path, name: str, code: str) -> EntryPoint:
    module = f"plugin_{folder.name}_{name}".replace("-", "_")
    (folder / f"{module}.py").write_text(code)
    sys.modules.pop(module, None)
    return EntryPoint(name=name, value=module, group="hubbub")


def problems(plugins: Plugins) -> dict[str, str]:
    return {found.name: found.problem for found in plugins.found}


@pytest.mark.parametrize(("code", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_a_plugin_that_is_broken_is_listed_with_its_reason_and_the_next_one_works(
    folder: Path, code: str | None, reason: str
) -> None:
    bad = point(folder, "bad", code) if code else EntryPoint(name="bad", value="nowhere_at_all", group="hubbub")
    plugins = load_plugins([bad, point(folder, "good", GOOD.format(kind="good"))])
    assert reason in problems(plugins)["bad"]
    assert problems(plugins)["good"] == ""
    assert list(plugins.connectors) == ["good"]


def test_a_hook_may_take_less_and_more_of_its_own(folder: Path) -> None:
    own = "@hookimpl\ndef reply_settled(*all, kept=()):\n    pass\n"
    plugins = load_plugins([point(folder, "lax", FINE.replace("(register)", "(register, *, seen=0)") + own)])
    assert problems(plugins)["lax"] == ""
    assert list(plugins.connectors) == ["fine"]


def test_the_second_of_two_plugins_for_one_kind_is_refused(folder: Path) -> None:
    points = [point(folder, name, GOOD.format(kind="same")) for name in ("one", "two")]
    plugins = load_plugins(reversed(points))
    assert problems(plugins)["one"] == ""
    assert "another plugin already: one" in problems(plugins)["two"]
    assert plugins.plugin_of("same") == "one"


def test_nobody_takes_the_kind_of_a_bundled_plugin_whatever_its_name(folder: Path) -> None:
    bundled = EntryPoint(name="feed", value="hub_plugins.feed", group="hubbub")
    plugins = load_plugins([point(folder, "a_first_name", GOOD.format(kind="feed")), bundled])
    assert plugins.plugin_of("feed") == "feed"
    assert "another plugin already: feed" in problems(plugins)["a_first_name"]


def test_a_kind_that_nobody_brings_is_absent() -> None:
    with pytest.raises(Absent):
        Plugins().connector("nothing")
    with pytest.raises(Absent):
        Plugins().plugin_of("nothing")
