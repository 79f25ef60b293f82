"""What browsers report about our Content Security Policy: a violation is a bug of ours or an attack: it is logged."""

from __future__ import annotations

import json
import threading
import time

import structlog
from flask import Blueprint, Response, request

from hub.kernel.plaintext import one_line
from hub.web.access import formless, public

_LARGEST = 8_000
_EVERY_SECONDS = 1.0

log = structlog.get_logger("hub.web")
blueprint = Blueprint("reports", __name__)
_turn = threading.Lock()
_last = [float("-inf")]


@blueprint.post("/csp-report")
@public
@formless
def csp() -> Response:
    body = request.get_data(cache=False) if (request.content_length or 0) <= _LARGEST else b""
    # Everybody may send these: one line a second is enough to see a bug, and too little to fill a disk.
    with _turn:
        due = time.monotonic() - _last[0] >= _EVERY_SECONDS
        if due:
            _last[0] = time.monotonic()
    if due:
        log.warning("csp_violation", **_facts(body))
    return Response(status=204)


def _facts(body: bytes) -> dict[str, str]:
    try:
        report = json.loads(body)["csp-report"]
        return {name: one_line(str(report.get(name, "")), 200) for name in ("effective-directive", "blocked-uri")}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
