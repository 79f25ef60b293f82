"""A request's query and body as checked structs: what was not asked for is refused by name (OWASP ASVS 5.0, 15.3.3)."""

from __future__ import annotations

import json
import re
import typing
from enum import Enum
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request

from hub.api.operation import Upload
from hub.api.problem import Refusal
from hub.errors import Invalid

Kind = TypeVar("Kind", bound=Struct)

_PLACE = re.compile(r" - at `(key in )?\$(.*)`$")
_NAMED = re.compile(r"Object (contains unknown|missing required) field `(.*)`", re.DOTALL)

_SAYS: tuple[tuple[str, str], ...] = (
    (r"Expected `str` of length >= 1$", "empty"),
    (r"Expected `str` of length <= ", "too_long"),
    (r"Expected `(array|object)` of length", "wrong_number"),
    (r"Expected `(int|float)` [<>]=? |Integer value out of range", "out_of_range"),
    (r"Invalid enum value", "not_a_choice"),
    (r"Invalid RFC3339|Expected `datetime` with a timezone", "not_an_instant"),
    (r"Expected `str` matching regex", "wrong_form"),
)
"""How msgspec words what is wrong, and our word for it; whatever else it says is a wrong type."""


def read_query(kind: type[Kind], given: MultiDict[str, str]) -> Kind:
    """The parameters of an address. Raises Invalid naming the one at fault."""
    names = {field.encode_name for field in msgspec.structs.fields(kind)}
    for name in given:
        if name not in names:
            raise Invalid(name[:100], "unknown_parameter")
        if len(given.getlist(name)) > 1:
            raise Invalid(name, "repeated_parameter")
    try:
        return msgspec.convert(dict(given), type=kind, strict=False)
    except ValidationError as error:
        raise _invalid(error, kind) from error


def read_body(kind: type[Kind], content_type: str, body: bytes) -> Kind:
    """The JSON of a body. Raises Refusal where it is none, Invalid naming the member at fault."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "unsupported_media_type", expected="application/json")
    try:
        read = msgspec.json.decode(body, type=kind)
        # Of two members with one name msgspec takes the last; others who read the same body might take the first.
        json.loads(body, object_pairs_hook=_once_each)
    except ValidationError as error:
        raise _invalid(error, kind) from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Refusal(400, "malformed") from error
    return read


def read_upload(kind: type[Kind], sent: Request) -> tuple[Kind, Upload]:
    """The fields of a form (RFC 7578) and its one file. Raises Refusal where it is none, Invalid naming the field."""
    if sent.mimetype != "multipart/form-data":
        raise Refusal(415, "unsupported_media_type", expected="multipart/form-data")
    form, files = sent.form, sent.files
    names = {field.encode_name for field in msgspec.structs.fields(kind)}
    for name in (*form, *files):
        if name not in names | {"file"}:
            raise Invalid(name[:100], "unknown_member")
        if len(form.getlist(name)) + len(files.getlist(name)) > 1:
            raise Invalid(name, "repeated_member")
    if "file" not in files:
        raise Invalid("file", "missing")
    try:
        fields = msgspec.convert(dict(form), type=kind)
    except ValidationError as error:
        raise _invalid(error, kind) from error
    with files["file"].stream as stream:
        return fields, Upload(name=files["file"].filename or "", data=stream.read())


def _once_each(members: list[tuple[str, Any]]) -> None:
    """Raises Invalid naming the member that came twice (RFC 7493, 2.3)."""
    seen: set[str] = set()
    for name, _ in members:
        if name in seen:
            raise Invalid(name[:100], "repeated_member")
        seen.add(name)


def _invalid(error: ValidationError, kind: type[Struct]) -> Invalid:
    said = str(error)
    place = _PLACE.search(said)
    path = place[2].lstrip(".").replace("[...]", "")[:100] if place else ""
    named = _NAMED.match(said)
    if named:
        field = f"{path}.{named[2]}".lstrip(".")[:100]
        return Invalid(field, "unknown_member" if named[1].startswith("contains") else "missing")
    reason = next((reason for pattern, reason in _SAYS if re.match(pattern, _PLACE.sub("", said))), "wrong_type")
    return Invalid(path, reason, choices=_choices(kind, path)) if reason == "not_a_choice" else Invalid(path, reason)


def _choices(kind: type[Struct], member: str) -> str:
    """The words a member takes, line by line; empty where it takes other things."""
    types = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    annotation = types.get(member)
    enums = [one for one in typing.get_args(annotation) or (annotation,) if isinstance(one, type(Enum))]
    return "\n".join(str(choice.value) for enum in enums for choice in enum)
