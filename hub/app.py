"""Puts the parts together: the web process, the worker, and both under a supervisor."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from hub.demo.folder import refuse_foreign
from hub.errors import DatabaseUnusable, Invalid
from hub.kernel.config import Config
from hub.kernel.hub import Hub, note_address, open_hub, prepare
from hub.kernel.lock import folder_lock
from hub.kernel.logs import configure_logs
from hub.supervisor import Program, end_with_parent, supervise

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from hub.channels.connectors import Connectors
    from hub.web.asgi import AsgiApp
    from hub.web.listening import Listeners
    from hub.web.upload_places import Uploader

_BACKLOG = 1024
_QUICKLY_CHECKED_BYTES = 256 * 1024**2


def build_pages(hub: Hub, connectors: Connectors, *, open_streams: Callable[[], int] = lambda: 0) -> WSGIApplication:
    """The pages, and below /api the API, as one WSGI app: two apps, so that neither takes what lets people into the
    other, a session or a token. `open_streams` is asked for the metrics."""
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    from hub.api import MOUNTED_AT, create_api
    from hub.web import create_app
    from hub.web.metrics import measure

    pages, api = create_app(hub, connectors), create_api(hub, connectors)
    meters = pages.extensions["hub.meters"]
    meters.open_streams = open_streams
    measure(api, meters)
    return DispatcherMiddleware(pages, {MOUNTED_AT: api})


def build_web(hub: Hub, connectors: Connectors) -> AsgiApp:
    """The pages, the API, the webhooks and the live stream of an open hub as one ASGI app."""
    from hub.channels.webhook.intake import take_in
    from hub.inbox.event_rights import event_rights
    from hub.web.body_places import BodyPlaces
    from hub.web.hooks import Hooks
    from hub.web.listening import Listeners
    from hub.web.live import LiveHub
    from hub.web.server import streams_this_process_can_hold, web_app

    listeners = Listeners(hub)
    live = LiveHub(
        hub.database,
        authenticate=listeners.authenticate,
        rights=event_rights,
        most_streams=streams_this_process_can_hold(),
    )
    hooks = Hooks(
        lambda hook, headers, body: take_in(hub, connectors, hook, headers=headers, body=body),
        trusted_proxies=hub.config.trusted_proxies,
    )
    pages = build_pages(hub, connectors, open_streams=lambda: live.open_streams)
    places = BodyPlaces(_anybody(hub, listeners), trusted_proxies=hub.config.trusted_proxies)
    uploader = _uploader(hub, listeners)
    return web_app(pages, live, is_ours=listeners.is_ours, uploader=uploader, hooks=hooks, places=places)


def _uploader(hub: Hub, listeners: Listeners) -> Uploader:
    """Tells by the head of a request who sends it, where they may send pictures: by session, or below /api by token."""
    from hub.api import MOUNTED_AT
    from hub.api import bearer as api
    from hub.people.authorize import Action, may

    def uploader(path: str, headers: list[tuple[bytes, bytes]]) -> int | None:
        if path.startswith(f"{MOUNTED_AT}/"):
            return api.uploader(hub, dict(headers).get(b"authorization", b"").decode("latin-1"))
        actor = listeners.authenticate(headers)
        return actor.agent_id if actor is not None and may(actor, Action.REPLY) else None

    return uploader


def _anybody(hub: Hub, listeners: Listeners) -> Uploader:
    """Tells by the head of a request whose it is, whatever they may do."""
    from hub.api import MOUNTED_AT
    from hub.api import bearer as api

    def anybody(path: str, headers: list[tuple[bytes, bytes]]) -> int | None:
        if path.startswith(f"{MOUNTED_AT}/"):
            return api.agent_of(hub, dict(headers).get(b"authorization", b"").decode("latin-1"))
        actor = listeners.authenticate(headers)
        return None if actor is None else actor.agent_id

    return anybody


def serve(config: Config, listening: socket.socket, *, supervised: bool = False) -> None:
    """Run the web process until SIGTERM. Raises what `open_hub` raises, and as `folder_lock` does."""
    from hub.web.server import run_server

    configure_logs()
    if supervised:
        end_with_parent()
    with _beside_others(config, supervised=supervised), _opened(config) as (hub, connectors):
        run_server(build_web(hub, connectors), [listening])


def work(config: Config, *, supervised: bool = False) -> None:
    """Run the worker until SIGTERM; a second one ends it at once. Raises as `serve` does."""
    from hub.engine.engine import Engine

    configure_logs()
    if supervised:
        end_with_parent()
    stop = threading.Event()

    def end(number: int, frame: object) -> None:
        if stop.is_set():
            os._exit(1)  # what is claimed is free again when our beat is missed; what is sent is written down
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with _beside_others(config, supervised=supervised), _opened(config) as (hub, connectors):
        Engine(hub, connectors).run(stop)


def up(config: Config, listening: socket.socket, *, say: Callable[[str, Mapping[str, str]], None]) -> NoReturn:
    """Prepare the installation, then be the supervisor of web and worker until Ctrl-C; the exit code is its own.

    say: called once with the address and with one-time sign-in links by whose they are: the first admin's, who has no
    name yet, or in the demo those of the parts that nobody has taken yet.
    Raises what `prepare` raises, and Invalid("HUB_DATA", "in_use") when the folder is another's.
    """
    configure_logs()
    if config.demo:
        refuse_foreign(config)
    # Nodes that share a PostgreSQL may share the folder as well; one SQLite file wants one installation.
    with folder_lock(config, alone=not config.database_url) as lock:
        prepare(config)
        _refuse_damage(config)
        say(config.base_url, _links(config))
        supervise(_programs(config, listening, lock), listening=listening, environ={**os.environ, **_environ(config)})


def _programs(config: Config, listening: socket.socket, lock: int) -> Sequence[Program]:
    """Both hold the lock: it is free only when the last of them and the supervisor have ended."""
    serving = _command("serve", config, "--fd", str(listening.fileno()))
    web = Program(name="web", command=serving, files=(listening.fileno(), lock))
    return [web, Program(name="worker", command=_command("work", config), files=(lock,))]


def listen(host: str, port: int) -> socket.socket:
    """Open the address to serve at. Raises Invalid naming `host` or `port`."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (socket.gaierror, UnicodeError, OverflowError) as error:
        raise Invalid("host", "unknown_host", host=host) from error
    except OSError as error:
        field, reason = _REFUSED.get(error.errno or 0, ("host", "unknown_host"))
        raise Invalid(field, reason, host=host, port=port) from error


_REFUSED = {
    errno.EADDRINUSE: ("port", "port_in_use"),
    errno.EACCES: ("port", "port_not_allowed"),
    errno.EADDRNOTAVAIL: ("host", "unknown_host"),
}


def _beside_others(config: Config, *, supervised: bool) -> contextlib.AbstractContextManager[object]:
    """Hold the folder together with others; who is supervised was given the lock of the supervisor."""
    return contextlib.nullcontext() if supervised else folder_lock(config, alone=False)


@contextlib.contextmanager
def _opened(config: Config) -> Iterator[tuple[Hub, Connectors]]:
    from hub.channels.children import ChildConnectors

    with contextlib.closing(open_hub(config)) as hub, contextlib.closing(ChildConnectors(hub)) as connectors:
        yield hub, connectors


def _refuse_damage(config: Config) -> None:
    """Look a small file over before anything is written to it; a large one takes too long, `hub doctor` does it."""
    from hub.doctor.store import damage
    from hub.kernel.database import open_database

    if config.database_url or config.database_file.stat().st_size > _QUICKLY_CHECKED_BYTES:
        return
    with contextlib.closing(open_database(config)) as database, database.reading() as session:
        found = damage(session)
    if found:
        raise DatabaseUnusable("damaged", "; ".join(found))


def _links(config: Config) -> Mapping[str, str]:
    """Links for those who cannot sign in yet; from now on commands, too, make theirs with this address."""
    from hub.demo.company import invitations
    from hub.demo.tell import tell
    from hub.people import links

    if config.demo:
        tell(config)
    with contextlib.closing(open_hub(config)) as hub:
        note_address(hub)
        if config.demo:
            return invitations(hub)
        link = links.first_admin(hub)
    return {} if link is None else {"": link}


def _command(name: str, config: Config, *options: str) -> Sequence[str]:
    demo = ["--demo"] if config.demo else []
    return [sys.executable, "-m", "hub", name, "--supervised", *demo, *options]


def _environ(config: Config) -> dict[str, str]:
    """What the children must know as we do, though it came from the command line."""
    return {
        "HUB_DATA": str(config.data.absolute()),
        "HUB_KEY_FILE": str(config.key_file.absolute()),
        "HUB_BASE_URL": config.base_url,
    }
