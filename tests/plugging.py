"""Plugins for tests, installed as real ones are: a distribution on the path with an entry point, found by child
processes too."""

from __future__ import annotations

import os
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from hub.kernel.plugins import GROUP


class PluginFolder:
    """A folder on the import path of this process and of those it starts."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])))
        self._monkeypatch = monkeypatch
        self._names: list[str] = []

    def install(self, name: str, source: str, *, kind: str = "") -> None:
        """Install a plugin; `kind` takes the place of KIND in its source."""
        module = f"plugged_{name}"
        (self.folder / f"{module}.py").write_text(source.replace("KIND", kind or name))
        info = self.folder / f"{module}-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {module}\n")
        self._monkeypatch.delitem(sys.modules, module, raising=False)
        self._names.append(name)

    def points(self) -> list[EntryPoint]:
        """The entry points of what was installed here, without the product's own."""
        return [point for point in entry_points(group=GROUP) if point.name in self._names]
