"""One request from beginning to end: who asks, what for, once or again, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from flask import Response, request

from hub.api.bearer import authenticate
from hub.api.decode import read_body, read_query, read_upload
from hub.api.etag import conditional
from hub.api.once import Reply, fingerprint, once, read_key
from hub.api.operation import Call, Operation, Upload
from hub.channels.connectors import Connectors
from hub.errors import Invalid
from hub.kernel.hub import Hub
from hub.kernel.images import MAX_BYTES
from hub.people.model import Bearer

BASE = "/api/v1"
LARGEST_UPLOAD = MAX_BYTES + 64 * 1024
"""The largest picture, and what a form puts around it."""


def perform(hub: Hub, connectors: Connectors, operation: Operation, ids: Mapping[str, int]) -> Response:
    """Check a request against its operation and answer it. Raises Refusal and what the operation raises."""
    bearer = authenticate(hub, operation.scope)
    key = read_key(request.headers.get("Idempotency-Key")) if operation.once else ""
    given: dict[str, Any] = dict(ids)
    if operation.query is not None:
        given["query"] = read_query(operation.query, request.args)
    elif request.args:
        raise Invalid(next(iter(request.args))[:100], "unknown_parameter")
    given |= _read(operation)
    client_key = f"api:{bearer.token.id}:{key}" if key else f"api:{hub.token()}"
    call = Call(hub=hub, connectors=connectors, bearer=bearer, client_key=client_key)

    def work() -> Reply:
        answer = operation.run(call, **given)
        location = BASE + operation.location.format_map(_Members(answer)) if operation.location else ""
        return Reply(status=operation.status, location=location, body=msgspec.json.encode(answer))

    if operation.method == "GET":
        return conditional(_respond(work()))
    if not key:
        return _respond(work())
    return _respond(once(hub, bearer.token.id, _name(key, bearer), _mark(operation, given), work))


def _name(key: str, bearer: Bearer) -> str:
    """A key under the rights it was used with: with others the request is judged anew, and what it did is found."""
    rights = f"{bearer.agent.role.value} {sorted(bearer.agent.team_ids)}"
    return fingerprint(key, rights)


def _read(operation: Operation) -> dict[str, Any]:
    """The body, as the operation takes it."""
    if operation.body is None:
        return {}
    if not operation.upload:
        return {"body": read_body(operation.body, request.content_type or "", request.get_data())}
    request.max_content_length = LARGEST_UPLOAD
    body, file = read_upload(operation.body, request)
    return {"body": body, "file": file}


def _mark(operation: Operation, given: Mapping[str, Any]) -> str:
    said = msgspec.json.encode(given.get("body"))
    file: Upload | None = given.get("file")
    return fingerprint(operation.method, request.path, said, file.data if file else b"")


def _respond(reply: Reply) -> Response:
    response = Response(reply.body, status=reply.status, content_type="application/json")
    if reply.location:
        response.headers["Location"] = reply.location
    if reply.repeated:
        response.headers["Idempotent-Replayed"] = "true"
    return response


class _Members(dict[str, Any]):
    """The members of an answer, for the address it is found at."""

    def __init__(self, answer: Any) -> None:
        super().__init__({name: getattr(answer, name) for name in answer.__struct_fields__})
