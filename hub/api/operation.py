"""One operation of the API: its address, who may use it, and what it takes and gives, read from its function.

The route table, the checking of requests and the OpenAPI document are all made from this, so they cannot differ.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from hub.channels.connectors import Connectors
from hub.kernel.hub import Hub
from hub.people.model import Actor, Bearer, TokenScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request on somebody's behalf. `client_key` names it: repeated under the same one, it is done once."""

    hub: Hub
    connectors: Connectors
    bearer: Bearer
    client_key: str

    @property
    def actor(self) -> Actor:
        return self.bearer.actor

    @property
    def agent_id(self) -> int:
        return self.bearer.agent.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that came with a request."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`query` and `body` are the structs a request is checked against, `answer` the one it is answered with.

    path: with the ids in braces, without /api/v1. location: the Location header, filled in from the answer.
    once: takes an Idempotency-Key. upload: takes a form instead of JSON: `body`'s members and a
    `file`.
    """

    method: str
    path: str
    scope: TokenScope
    run: Callable[..., Any]
    query: type[Struct] | None
    body: type[Struct] | None
    answer: type[Struct]
    status: int = 200
    location: str = ""
    once: bool = False
    upload: bool = False
    refusals: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        return self.run.__name__

    @property
    def summary(self) -> str:
        return self._doc[0]

    @property
    def description(self) -> str:
        return "\n".join(self._doc[1:]).strip()

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    @property
    def _doc(self) -> list[str]:
        return inspect.cleandoc(self.run.__doc__ or "").split("\n")


def operation(
    method: str,
    path: str,
    *,
    scope: TokenScope,
    status: int = 200,
    location: str = "",
    once: bool = False,
    upload: bool = False,
    refusals: tuple[int, ...] = (),
) -> Callable[[Callable[..., Any]], Operation]:
    """Make an operation of a function: its parameters `query` and `body` and its result say what it takes and gives.

    refusals: the further statuses it answers with, beside those every operation of its kind has.
    """

    def make(run: Callable[..., Any]) -> Operation:
        hints = typing.get_type_hints(run)
        return Operation(
            method=method,
            path=path,
            scope=scope,
            run=run,
            query=hints.get("query"),
            body=hints.get("body"),
            answer=hints["return"],
            status=status,
            location=location,
            once=once,
            upload=upload,
            refusals=refusals,
        )

    return make
