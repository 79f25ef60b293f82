"""What `--set KEY=VALUE` holds, with its errors said at the option somebody typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.errors import HubError


def check_settings(kind: str, declared: type[Any], values: Mapping[str, str]) -> dict[str, str]:
    """The settings of a channel, complete. Raises Invalid naming the option at fault."""
    from hub.channels.settings import fields_of, read_form
    from hub.errors import Invalid

    labels = {field.name: field.label for field in fields_of(declared)}
    try:
        return read_form(declared, values)
    except Invalid as error:
        if error.reason == "unknown_field":
            raise Invalid(_option(error.field), "unknown_setting", kind=kind, known=", ".join(labels)) from None
        if error.reason == "missing":
            raise Invalid(_option(error.field), "setting_missing", label=labels[error.field]) from None
        raise Invalid(_option(error.field), error.reason, **_others(error.params)) from None


def raise_at_option(error: HubError) -> None:
    """Raise what a connection test found wrong with the input at the option it was typed at; return for all else."""
    from hub.errors import Invalid, Misconfigured

    if isinstance(error, Invalid):
        error.field = {"name": "NAME"}.get(error.field, error.field)
        raise error
    if isinstance(error, Misconfigured):
        error.field = _option(error.field) if error.field else None
        raise error


def _option(name: str) -> str:
    return f"--set {name}" if name else "--set"


def _others(params: Mapping[str, str | int | float | None]) -> dict[str, str | int | float | None]:
    return {name: value for name, value in params.items() if name not in ("field", "reason")}
