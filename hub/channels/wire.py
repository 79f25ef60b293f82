"""What goes over the pipe between Hubbub and a plugin's process: validated in both directions, nothing executable."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from hub import errors
from hub.channels.model import Remembered
from hub.connector import Accepted, Action, Check, Delivery, Instant, Outgoing, Page, Plan, Receipt, SignIn
from hub.errors import ConnectorError, HubError, PluginFault
from hub.events import Event
from hub.kernel.clock import uptime_ns

ARGUMENTS: dict[str, Any] = {
    "check": tuple[()],
    "pull": tuple[str | None, tuple[Delivery, ...]],
    "receive": tuple[Delivery],
    "plan": tuple[Outgoing, str],
    "send": tuple[Plan, int, Receipt | None],
    "reconcile": tuple[Plan, int, datetime],
    "act": tuple[Action],
    "begin_sign_in": tuple[str],
    "finish_sign_in": tuple[str, dict[str, str]],
    "listen": tuple[()],
    "stop_listening": tuple[int],
    "observe": tuple[str, bytes],
}

RESULTS: dict[str, Any] = {
    "check": Check,
    "pull": Page,
    "receive": Accepted,
    "plan": Plan,
    "send": Receipt,
    "reconcile": Receipt | None,
    "act": None,
    "begin_sign_in": SignIn,
    "finish_sign_in": dict[str, str],
    "listen": None,
    "stop_listening": None,
    "observe": None,
}

_LONGEST_DETAIL = 500
_LOWEST, _HIGHEST = -(2**63), 2**64 - 1
"""The integers that MessagePack has."""

_DEEPEST_MENDED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The first frame a plugin's process gets: which plugin it is for, and what its connectors are given."""

    plugin: str
    data: str
    allow_hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call. `deadline` in nanoseconds of hub.kernel.clock.uptime_ns: after it the call must not begin."""

    id: int
    method: str
    deadline: int
    kind: str = ""
    channel_id: int = 0
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    memory: Remembered = field(default_factory=Remembered)
    arguments: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error on its way over the pipe."""

    code: str
    reason: str = ""
    detail: str = ""
    retry_at: Instant | None = None
    field: str | None = None
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a request: an encoded result, or an encoded Problem.

    Both stay encoded until the one who asked reads them, so that nothing a plugin returns can hurt another call.
    memory: what the connector remembers now, when that is newer than what came with the request.
    wake: no answer yet: there is news, and the call goes on.
    """

    id: int
    result: bytes = field(default=b"", repr=False)
    problem: bytes = b""
    memory: Remembered | None = None
    wake: bool = False


_BY_CODE: dict[str, type[ConnectorError]] = {
    cls.code: cls
    for cls in vars(errors).values()
    if isinstance(cls, type) and issubclass(cls, ConnectorError) and cls is not errors.AlreadySent
}


def stamped(request: Request, number: int, arguments: tuple[Any, ...], seconds: float) -> Request:
    """Complete a request: its number, its arguments, and a deadline unless it has one."""
    deadline = request.deadline or deadline_in(seconds)
    return dataclasses.replace(request, id=number, deadline=deadline, arguments=encode(arguments))


def deadline_in(seconds: float) -> int:
    """The deadline of a call that may begin within so many seconds from now."""
    return uptime_ns() + int(seconds * 1_000_000_000)


def encode_event(event: Event) -> bytes:
    return msgspec.json.encode(dataclasses.asdict(event))


def encode(value: object) -> bytes:
    """Pack a value; what a network's JSON may hold and a pipe may not (lone surrogates, numbers beyond 64 bits) is
    mended, not refused."""
    try:
        return msgspec.msgpack.encode(value)
    except (UnicodeEncodeError, OverflowError):
        return msgspec.msgpack.encode(_mended(msgspec.to_builtins(value, builtin_types=(datetime, bytes))))


def _mended(value: Any, levels: int = _DEEPEST_MENDED) -> Any:
    """What lies deeper than so many levels is left out: nothing of ours does."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, int) and not _LOWEST <= value <= _HIGHEST:
        return str(value)
    if isinstance(value, dict):
        return {_mended(name): _mended(item, levels - 1) for name, item in value.items()} if levels else {}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_mended(item, levels - 1) for item in value] if levels else []
    return value


def decode_arguments(request: Request) -> tuple[Any, ...]:
    decoded: tuple[Any, ...] = msgspec.msgpack.decode(request.arguments, type=ARGUMENTS[request.method])
    return decoded


def read_answer(method: str, answer: Answer) -> Any:
    """Return the typed result. Raises what the connector raised, or PluginFault when it returned something else."""
    try:
        if not answer.problem:
            return msgspec.msgpack.decode(answer.result, type=RESULTS[method])
        problem = msgspec.msgpack.decode(answer.problem, type=Problem)
    except msgspec.MsgspecError as error:
        raise PluginFault(f"{method} returned a wrong value: {error}", reason="wrong_type") from error
    raise to_error(problem)


def to_problem(error: BaseException) -> Problem:
    """Fold an error for the pipe; what is not a ConnectorError is a fault of the plugin."""
    if isinstance(error, errors.AlreadySent):
        return Problem(code=error.code, receipt=error.receipt)
    if isinstance(error, ConnectorError):
        return Problem(
            code=error.code,
            reason=_told(error.reason),
            detail=_told(error.detail),
            retry_at=error.retry_at,
            field=error.field,
        )
    reason = str(error.params.get("reason", "")) if isinstance(error, PluginFault) else type(error).__name__
    return Problem(code=PluginFault.code, reason=reason, detail=_told(error))


def _told(words: object) -> str:
    try:
        return str(words)[:_LONGEST_DETAIL]
    except Exception as error:  # a plugin's own __str__ may be as broken as the rest of it
        return f"{type(words).__name__} that cannot be told ({type(error).__name__})"


def to_error(problem: Problem) -> HubError:
    """Unfold what `to_problem` folded."""
    if problem.receipt is not None:
        return errors.AlreadySent(problem.receipt)
    cls = _BY_CODE.get(problem.code)
    if cls is None:
        return PluginFault(problem.detail, reason=problem.reason)
    return cls(problem.reason, detail=problem.detail, retry_at=problem.retry_at, field=problem.field)
