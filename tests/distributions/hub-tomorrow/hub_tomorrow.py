"""A plugin built for a contract that does not exist yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub import Author, Check, Connector, Page, hookimpl


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    pass


class Tomorrow(Connector):
    kind = "tomorrow"
    label = "Tomorrow's network"
    Settings = Nothing
    api_version = 999

    def check(self) -> Check:
        return Check(account=Author(id="us", is_us=True))

    def pull(self, cursor: str | None) -> Page:
        return Page(cursor="{}")


@hookimpl
def register_connectors(register: Callable[[type[Connector]], None]) -> None:
    register(Tomorrow)
