"""A plugin that listens as its settings tell it to; KIND is replaced where it is installed."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from pathlib import Path

from hub import Author, Check, Connector, Features, Page, hookimpl, setting
from hub.errors import NotFound


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    does: str = setting("What it does", default="listens")
    bell: str = setting("A file that is news when it is there", default="")


class Attentive(Connector):
    kind = "KIND"
    label = "Attentive"
    Settings = Settings
    features = Features(listens=True)

    def check(self) -> Check:
        return Check(account=Author(id="us", is_us=True))

    def pull(self, cursor: str | None) -> Page:
        while self.settings.does == "hangs":
            time.sleep(60)
        return Page(cursor="0")

    def listen(self, wake: Callable[[], None], stop: threading.Event) -> None:
        if self.settings.does == "refuses":
            raise NotFound("no_stream")
        if self.settings.does == "storms":
            for _ in range(10_000):
                wake()
        while not stop.wait(0.02):
            if self.settings.bell and Path(self.settings.bell).exists():
                Path(self.settings.bell).unlink()
                wake()


@hookimpl
def register_connectors(register: Callable[[type[Connector]], None]) -> None:
    register(Attentive)
