"""Health for whoever watches the node: live means this process answers, ready means that work gets done here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from flask import Blueprint, Response, current_app, jsonify

from hub.errors import HubError
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.kernel.migrate import applied_steps, steps
from hub.web import store
from hub.web.access import public

SILENT_MS = 20_000
"""A worker that did not beat for this long counts as gone; its claims are free as well."""

_KEPT_SECONDS = 1.0

log = structlog.get_logger("hub.web")
blueprint = Blueprint("health", __name__, url_prefix="/health")


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Each check passed or not. A channel's trouble is not the node's and stays out of it."""

    database: bool
    migrations: bool
    worker: bool

    @property
    def is_ready(self) -> bool:
        return self.database and self.migrations and self.worker


class Probe:
    """Checks at most once a second, however often it is asked, because everybody may ask and a check writes."""

    def __init__(self, check: Callable[[], Readiness], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._check = check
        self._monotonic = monotonic
        self._turn = threading.Lock()
        self._known: tuple[float, Readiness] | None = None

    def __call__(self) -> Readiness:
        with self._turn:
            now = self._monotonic()
            if self._known is None or now - self._known[0] >= _KEPT_SECONDS:
                self._known = (now, self._check())
            return self._known[1]


def check(hub: Hub) -> Readiness:
    """Write to the database, and look for a living worker and for missing migrations."""
    try:
        with hub.database.transaction() as session:
            store.write_probe(session, session.moment())
            worker = is_worker_alive(session)
        migrations = set(applied_steps(hub.database)) == {step.name for step in steps()}
    except HubError as error:
        log.warning("not_ready", code=error.code, reason=error.params.get("reason"))
        return Readiness(database=False, migrations=False, worker=False)
    return Readiness(database=True, migrations=migrations, worker=worker)


def is_worker_alive(session: Session) -> bool:
    moment = session.moment()
    beat = store.last_beat(session, moment.epoch)
    return beat is not None and moment.ms - beat < SILENT_MS


@blueprint.get("/live")
@public
def live() -> Response:
    return jsonify(live=True)


@blueprint.get("/ready")
@public
def ready() -> Response:
    probe: Probe = current_app.extensions["hub.probe"]
    found = probe()
    response = jsonify(ready=found.is_ready, database=found.database, migrations=found.migrations, worker=found.worker)
    response.status_code = 200 if found.is_ready else 503
    return response
