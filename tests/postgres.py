"""A throw-away PostgreSQL for the session, and fresh databases on it."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests.processes import NotInstalled, end_group, free_port, passable_folder, start_program, wait_until

# Nothing here survives the session, so nothing needs to reach the disk.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    # Its transactions would put off, at any moment, what the hub may read of its log, and hold up copies of databases.
    "autovacuum": "off",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
}


class PostgresServer:
    """Makes and drops databases on one server; `url` is that of its maintenance database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._names = (f"testdb_{os.getpid()}_{number}" for number in itertools.count(1))

    def create(self, template: str = "template1") -> str:
        """A new database, empty or a copy of `template` (a name); returns its URL."""
        name = next(self._names)
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, template)
        return self.url_of(name)

    def drop(self, url: str) -> None:
        """Take a database away, whoever is still connected."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name_of(url))

    def disconnect(self, url: str) -> None:
        """Drop every connection to a database, as a restart of the server does."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [self.name_of(url)]
            )

    def url_of(self, name: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    @staticmethod
    def name_of(url: str) -> str:
        return urlsplit(url).path.lstrip("/")

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


class OwnServer(PostgresServer):
    """A server of ours in a folder, which can be stopped and started again."""

    def __init__(self, programs: Path, folder: Path, settings: Mapping[str, str]) -> None:
        port = free_port()
        super().__init__(f"postgresql://test@127.0.0.1:{port}/postgres")
        options = [f"--{name}={value}" for name, value in {**SETTINGS, **settings, "port": str(port)}.items()]
        self._command = [*_as_unprivileged(), programs / "postgres", "-D", folder / "data", *options]
        self._folder = folder
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._running = start_program(self._command, log=self._folder / "log", folder=self._folder)
        wait_until(lambda: _answers(self.url), "PostgreSQL", alive=self._running)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT drops every connection and shuts down; SIGQUIT leaves everything as a crash would."""
        running, self._running = self._running, None
        if running is not None:
            end_group(running, how)


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """The server HUB_TEST_POSTGRES names, else one started from the system's programs; raises NotInstalled."""
    given = os.environ.get("HUB_TEST_POSTGRES")
    if given:
        yield PostgresServer(given)
        return
    with own_postgres() as server:
        yield server


@contextlib.contextmanager
def own_postgres(**settings: str) -> Iterator[OwnServer]:
    """A server started from the system's programs; raises NotInstalled."""
    programs = _programs()
    with passable_folder("hubbub-postgres-") as folder:
        _init(programs, folder)
        server = OwnServer(programs, folder, settings)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    raise NotInstalled("PostgreSQL is missing: install Debian's postgresql, or name a server in HUB_TEST_POSTGRES")


def _init(programs: Path, folder: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    options = ["-U", "test", "--auth=trust", "-E", "UTF8", "--no-locale", "--no-sync"]
    subprocess.run(
        [*_as_unprivileged(), programs / "initdb", "-D", folder / "data", *options],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def _as_unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] if os.geteuid() == 0 else []


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
