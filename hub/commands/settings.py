"""What `--set KEY=VALUE` holds, with its errors said at the option somebody typed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any


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


@contextlib.contextmanager
def settings_named() -> Iterator[None]:
    """Say at which option the network, or the plugin, found a setting wrong."""
    from hub.errors import Misconfigured

    try:
        yield
    except Misconfigured as error:
        error.field = _option(error.field) if error.field else None
        raise


def _option(name: str) -> str:
    return f"--set {name}" if name else "--set"


def _others(params: Mapping[str, str | int | float | None]) -> dict[str, str | int | float | None]:
    return {name: value for name, value in params.items() if name not in ("field", "reason")}
