"""What the demo asks of the sandbox network, which is a plugin's and is reached through the registry like one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Protocol

from hub.connector import Attachment, Visibility
from hub.kernel.clock import Clock
from hub.kernel.hub import Hub


class Speaker(Protocol):
    def says(
        self,
        text: str,
        *,
        to: str | None = None,
        parent: str | None = None,
        visibility: Visibility = Visibility.PUBLIC,
        warning: str = "",
        attachments: tuple[Attachment, ...] = (),
        id: str | None = None,
    ) -> str: ...


class Stage(Protocol):
    """The network, as much of it as the demo plays on."""

    def person(self, name: str) -> Speaker: ...
    def utterance(self, id: str) -> Any: ...
    def edits(self, id: str, text: str) -> None: ...
    def deletes(self, id: str) -> None: ...
    def closes(self, thread: str) -> None: ...
    def fails(self, *, next_sends: Iterable[str] = (), next_looks: Iterable[str] = ()) -> None: ...
    def script(self, gate: Literal["send", "pull", "look"]) -> tuple[str, ...]: ...
    def history(self, weeks: float = 3, *, loose_ends: bool = True) -> None: ...
    def hush(self, quiet: bool = True) -> None: ...
    def pictures(self) -> dict[str, bytes]: ...
    def close(self) -> None: ...


def open_stage(hub: Hub, clock: Clock) -> Stage:
    """The sandbox network of this installation. Raises Absent when its plugin is not loaded."""
    hub.plugins.connector("sandbox")
    stage: Stage = hub.plugins.modules[hub.plugins.plugin_of("sandbox")].open_network(hub.config.data, clock)
    return stage
