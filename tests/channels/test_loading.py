"""A broken plugin is listed with its reason and costs only itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.kernel.plugins import Found, Plugins, load_plugins
from tests.channels.conftest import UNRULY
from tests.plugging import PluginFolder

BROKEN = {
    "cannot be imported": ("raise ImportError('libfoo is missing')", "libfoo is missing"),
    "leaves while it is imported": ("import sys; sys.exit(3)", "SystemExit"),
    "does not parse": ("def (", "SyntaxError"),
    "misspells a hook": (
        "from hub import hookimpl\n@hookimpl\ndef register_conectors(register): pass",
        "register_conectors",
    ),
    "misspells an argument": (
        "from hub import hookimpl\n@hookimpl\ndef register_connectors(registrar): pass",
        "registrar",
    ),
    "speaks another contract": (UNRULY.replace('label = "Unruly"', 'label = "Unruly"\n    api_version = 99'), "99"),
    "brings no connector class": (
        "from hub import hookimpl\n@hookimpl\ndef register_connectors(register): register(int)",
        "not a Connector class",
    ),
    "has no name for its kind": (UNRULY.replace('kind = "KIND"', 'kind = "Not A Word"'), "lower-case word"),
    "promises what it has not": (UNRULY.replace("Features(send=True)", "Features(reconcile=True)"), "reconcile"),
    "promises to listen": (UNRULY.replace("Features(send=True)", "Features(listens=True)"), "has no listen()"),
    "promises a sign-in": (UNRULY.replace("Features(send=True)", "Features(signs_in=True)"), "has no begin_sign_in()"),
    "raises in its hook": (
        "from hub import hookimpl\n@hookimpl\ndef register_connectors(register): 1 / 0",
        "ZeroDivisionError",
    ),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PluginFolder:
    plugins = PluginFolder(tmp_path / "plugins", monkeypatch)
    plugins.install("zebra", UNRULY)
    return plugins


@pytest.mark.parametrize("trouble", BROKEN)
def test_a_broken_plugin_is_listed_with_its_reason_and_the_rest_works(folder: PluginFolder, trouble: str) -> None:
    source, reason = BROKEN[trouble]
    folder.install("broken", source)
    plugins = load_plugins(folder.points())
    broken = found(plugins, "broken")
    assert reason in broken.problem
    assert (broken.distribution, broken.version, broken.kinds) == ("plugged_broken", "1.0", ())
    assert found(plugins, "zebra").problem == ""
    assert list(plugins.connectors) == ["zebra"]


def test_of_two_plugins_that_bring_one_kind_the_second_is_refused(folder: PluginFolder) -> None:
    folder.install("another", UNRULY, kind="zebra")
    plugins = load_plugins(folder.points())
    assert found(plugins, "another").problem == ""
    assert "brought by another plugin" in found(plugins, "zebra").problem
    assert plugins.plugin_of("zebra") == "another"


def test_bundled_plugins_load_without_a_problem() -> None:
    assert [each for each in load_plugins().found if each.problem] == []


def found(plugins: Plugins, name: str) -> Found:
    return next(each for each in plugins.found if each.name == name)
