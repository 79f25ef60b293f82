"""A connector's Settings class as a form: its fields, their validation, what is secret. The one reading of it."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from hub.errors import Invalid, Misconfigured

_LONGEST = 2000
_WITHOUT_SCHEME = re.compile(r"(?:@?[^\s/@:?#\\]+@)?((?:[^\s/@:?#\\.]+\.)+[^\s/@:?#\\.]+(?::\d+)?(?:/\S*)?)")
"""A site's name with what may follow it; what stands before an @ is somebody's name there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One input of the form, as `hub.connector.setting` declares it."""

    name: str
    label: str
    help: str
    kind: str
    secret: bool
    required: bool
    default: str
    choices: Mapping[str, str]
    group: str = ""
    generate: Callable[[bytes], str] | None = None


def fields_of(settings: type[Any]) -> list[Field]:
    """The inputs a person fills in to connect a channel, in the order of declaration."""
    return list(_fields(settings))  # type: ignore[arg-type]  # a class is hashable


@cache
def _fields(settings: Any) -> tuple[Field, ...]:
    return tuple(map(_field, dataclasses.fields(settings)))


def _field(field: dataclasses.Field[Any]) -> Field:
    required = field.default is dataclasses.MISSING
    return Field(
        name=field.name,
        label=field.metadata.get("label", field.name),
        help=field.metadata.get("help", ""),
        kind=field.metadata.get("kind", "text"),
        secret=field.metadata.get("secret", False),
        required=required,
        default="" if required or field.default is None else str(field.default),
        choices=field.metadata.get("choices", {}),
        group=field.metadata.get("group", ""),
        generate=field.metadata.get("generate"),
    )


def generated(fields: Iterable[Field], token: Callable[[], str]) -> dict[str, str]:
    """Fresh values for the fields that are not for people to think up, each of an unguessable token."""
    return {field.name: field.generate(hashlib.sha256(token().encode()).digest()) for field in fields if field.generate}


def read_form(settings: type[Any], values: Mapping[str, str], *, secrets_follow: bool = False) -> dict[str, str]:
    """Check what a person filled in and return it complete. Raises Invalid naming the field.

    secrets_follow: secrets are won by signing in, so that none has to be there yet.
    """
    fields = fields_of(settings)
    unknown = sorted(set(values) - {field.name for field in fields})
    if unknown:
        raise Invalid(unknown[0], "unknown_field")
    complete = {
        field.name: _checked(field, values.get(field.name, "").strip(), is_needed=not (field.secret and secrets_follow))
        for field in fields
    }
    build(settings, complete)
    return complete


def _checked(field: Field, value: str, *, is_needed: bool = True) -> str:
    if not value:
        if field.required and is_needed:
            raise Invalid(field.name, "missing", label=field.label)
        return field.default
    if len(value) > _LONGEST:
        raise Invalid(field.name, "too_long", limit=_LONGEST)
    if field.kind == "url":
        value = completed(value)
        if (_origin(value) or ("",))[0] not in ("http", "https"):
            raise Invalid(field.name, "not_an_address")
    if field.kind in ("number", "channel") and not value.isdecimal():
        raise Invalid(field.name, "not_a_number")
    if field.kind == "choice" and value not in field.choices:
        raise Invalid(field.name, "not_a_choice", choices="\n".join(field.choices))
    return value


def completed(address: str) -> str:
    """An address with the `https://` that people leave out: of a site, of a page, of a full handle the server's."""
    found = _WITHOUT_SCHEME.fullmatch(address.strip())
    return f"https://{found[1]}" if found else address


def build(settings: type[Any], values: Mapping[str, str]) -> Any:
    """Make the Settings object a connector gets. Raises Invalid with the field when the class refuses a value."""
    hints = typing.get_type_hints(settings)
    known = {field.name for field in dataclasses.fields(settings)}
    try:
        return settings(**{name: _typed(hints[name], value) for name, value in values.items() if name in known})
    except Misconfigured as error:
        raise Invalid(error.field or "", error.reason) from error
    except (TypeError, ValueError) as error:
        raise Invalid("", "wrong_settings") from error


def _typed(hint: Any, value: str) -> Any:
    wanted = set(typing.get_args(hint)) or {hint}
    if type(None) in wanted and value == "":
        return None
    if int in wanted:
        return int(value)
    return float(value) if float in wanted else value


def leads_elsewhere(before: str, after: str) -> bool:
    """Whether another server is meant than before, or the same one without encryption. One that was or is empty leads
    nowhere."""
    if not before.strip() or not after.strip():
        return False
    old, new = _origin(before), _origin(after)
    is_upgraded = old and new and (old[0], new[0], new[2]) == ("http", "https", None)
    return old[1] != new[1] if old and new and is_upgraded else old != new


def _origin(address: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port, the port None where it is not said; None for what is no address."""
    try:
        parts = urlsplit(completed(address).strip())
        return (parts.scheme, parts.hostname, parts.port) if parts.hostname else None
    except ValueError:
        return None


def split(settings: type[Any], values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Part a complete form into what may be shown and what is sealed."""
    secret = {field.name for field in fields_of(settings) if field.secret}
    shown = {name: value for name, value in values.items() if name not in secret}
    return shown, {name: value for name, value in values.items() if name in secret}
