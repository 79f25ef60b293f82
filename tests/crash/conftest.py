"""The plugins of these tests: a network that notices what is sent twice, and a listener."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugging import PluginFolder

LISTENER = '''
"""A plugin that writes down what it hears, beside itself."""
from pathlib import Path
from hub import hookimpl

HEARD = Path(__file__).with_suffix(".heard")

@hookimpl
def message_received(event):
    with HEARD.open("a") as heard:
        heard.write(f"{event.message_id}\\n")
'''


@pytest.fixture(autouse=True)
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PluginFolder:
    folder = PluginFolder(tmp_path / "plugins", monkeypatch)
    folder.install("forgetful", Path(__file__).with_name("forgetful.py").read_text())
    folder.install("listener", LISTENER)
    return folder
