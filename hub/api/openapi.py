"""The API's own description (OpenAPI 3.1), made from the operations and the structs they are checked against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hub.api.once import KEY
from hub.api.operation import Operation
from hub.api.problem import MEDIA_TYPE, Problem

_REFERENCE = "#/components/schemas/{name}"
_ID = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
_SAID = {
    400: "The request could not be read.",
    401: "No token, or one that does not work.",
    403: "The token lacks the scope this needs.",
    404: "There is no such thing, or it belongs to a team the token's agent is not in.",
    409: "It changed meanwhile, or the same request is under way.",
    410: "What happened after this position is no longer kept, or it is from before a restore.",
    413: "The body is too large.",
    415: "The body is not of the kind that is read here.",
    422: "Something in the request cannot be taken as it is; `errors` names the field.",
    429: "Too many wrong tokens from this address; Retry-After says when to go on.",
    502: "The network could not be reached, or refused.",
    503: "The installation cannot work at the moment; Retry-After says when to ask again.",
}
_DONE = {200: "Done.", 201: "Made.", 202: "Accepted: it happens by itself from here on."}


def document(operations: Sequence[Operation]) -> bytes:
    """The whole description as JSON."""
    structs: list[type[Struct]] = [Problem]
    for each in operations:
        structs += [each.answer] if each.body is None or each.upload else [each.body, each.answer]
    schemas = msgspec.json.schema_components(structs, ref_template=_REFERENCE)[1]
    paths: dict[str, dict[str, Any]] = {"/openapi.json": {"get": _SELF}}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    return msgspec.json.encode({**_HEAD, "paths": paths, "components": {"schemas": schemas, **_SECURITY}})


_HEAD: Mapping[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Hubbub",
        "version": "1",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        "description": "The shared inbox for programs. Errors are problem details (RFC 9457); instants are RFC 3339 "
        "in UTC; lists go on at `next`; what is not known is refused by its name.",
    },
    "servers": [{"url": "/api/v1"}],
}
_SECURITY = {
    "securitySchemes": {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "`hub token create --user EMAIL --scope …` prints one. Each operation names its scope.",
        }
    }
}
_ETAG = {"ETag": {"description": "Names what is answered.", "schema": {"type": "string"}}}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The ETag of what you have: 304 where it is still the same.",
}
_SAME = {"description": "It is what you have.", "headers": _ETAG}
_SELF = {
    "operationId": "openapi",
    "summary": "Read this description",
    "security": [],
    "parameters": [_IF_NONE_MATCH],
    "responses": {
        "200": {
            "description": "This.",
            "headers": _ETAG,
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        "304": _SAME,
    },
}


def _operation(each: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": each.name,
        "summary": each.summary,
        "tags": [each.path.split("/")[1]],
        "security": [{"token": [each.scope.value]}],
        "parameters": [*_ids(each), *_query(each), *_key(each), *([_IF_NONE_MATCH] if each.method == "GET" else [])],
        "responses": _responses(each),
    }
    if each.description:
        found["description"] = each.description
    if each.body is not None:
        found["requestBody"] = {"required": True, "content": _content(each, each.body)}
    return found


def _content(each: Operation, body: type[Struct]) -> dict[str, Any]:
    if not each.upload:
        return {"application/json": {"schema": _reference(body)}}
    fields = msgspec.json.schema_components([body], ref_template=_REFERENCE)[1][body.__name__]
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    schema = {**fields, "properties": {"file": file, **fields["properties"]}, "required": ["file"]}
    return {"multipart/form-data": {"schema": schema}}


def _ids(each: Operation) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": _ID} for name in each.ids]


def _query(each: Operation) -> list[dict[str, Any]]:
    if each.query is None:
        return []
    declared = msgspec.json.schema_components([each.query], ref_template=_REFERENCE)[1]
    return [_parameter(name, schema, declared) for name, schema in declared[each.query.__name__]["properties"].items()]


def _parameter(name: str, schema: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    """One parameter of an address, with what it refers to put in its place."""
    plain = dict(declared[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema)
    said = plain.pop("description", "")
    return {"name": name, "in": "query", "required": False, "schema": plain, **({"description": said} if said else {})}


def _key(each: Operation) -> list[dict[str, Any]]:
    if not each.once:
        return []
    said = "Names this request: sent again under the same key it is done once and answered alike. Kept for a day."
    schema = {"type": "string", "pattern": KEY}
    return [{"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema, "description": said}]


def _responses(each: Operation) -> dict[str, Any]:
    done: dict[str, Any] = {
        "description": _DONE[each.status],
        "content": {"application/json": {"schema": _reference(each.answer)}},
    }
    if each.location:
        done["headers"] = {"Location": {"description": "Where it is found.", "schema": {"type": "string"}}}
    if each.method == "GET":
        done["headers"] = _ETAG
        same = {"304": _SAME}
    else:
        same = {}
    return {str(each.status): done, **same, **{str(status): _refusal(status) for status in _refusals(each)}}


def _refusals(each: Operation) -> list[int]:
    found = {401, 403, 404, 422, 429, 503, *each.refusals}
    if each.body is not None or each.once:
        found |= {400}
    if each.body is not None or each.upload:
        found |= {413, 415}
    if each.once:
        found |= {409}
    return sorted(found)


def _refusal(status: int) -> dict[str, Any]:
    return {"description": _SAID[status], "content": {MEDIA_TYPE: {"schema": _reference(Problem)}}}


def _reference(struct: type[Struct]) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(name=struct.__name__)}
