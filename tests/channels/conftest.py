"""Real plugins in real child processes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from hub.channels.children import ChildConnectors
from hub.channels.connectors import SECONDS
from hub.channels.model import Account
from hub.kernel.config import read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.kernel.plugins import load_plugins
from tests.plugging import PluginFolder

UNRULY = Path(__file__).with_name("unruly.py").read_text()


@pytest.fixture
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PluginFolder:
    """Two plugins: `unruly`, which does what its settings say, and `calm`, which is the same and only ever works."""
    folder = PluginFolder(tmp_path / "plugins", monkeypatch)
    folder.install("unruly", UNRULY)
    folder.install("calm", UNRULY)
    return folder


@pytest.fixture
def opened(tmp_path: Path, plugged: PluginFolder) -> Iterator[Hub]:
    config = read_config({}, data=tmp_path / "data")
    prepare(config)
    with contextlib.closing(open_hub(config, plugins=load_plugins(plugged.points()))) as hub:
        yield hub


@pytest.fixture
def children(opened: Hub) -> Iterator[Callable[..., ChildConnectors]]:
    """Makes ChildConnectors: `children(seconds={"pull": 1})` for shorter deadlines."""
    with contextlib.ExitStack() as running:

        def start(*, seconds: Mapping[str, float] | None = None, **options: object) -> ChildConnectors:
            made = ChildConnectors(opened, seconds={**SECONDS, **(seconds or {})}, **options)  # type: ignore[arg-type]
            return running.enter_context(contextlib.closing(made))

        yield start


def unruly(does: str = "works", *, channel_id: int = 1, gate: Path | str = "", password: str = "") -> Account:
    settings = {"does": does, "gate": str(gate), "password": password}
    return Account(kind="unruly", channel_id=channel_id, settings=settings)


def calm(channel_id: int = 100) -> Account:
    return Account(kind="calm", channel_id=channel_id, settings={})
