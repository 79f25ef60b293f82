"""The object that holds what everything shares, and the one place that builds it."""

from __future__ import annotations

import contextlib
import os
import random
import secrets as system_secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hub.errors import DatabaseUnusable, Invalid, KeyLost, StorageFull
from hub.kernel.clock import Clock, system_clock
from hub.kernel.crash import Reach, crash_at, pass_by
from hub.kernel.database import Database, Session, open_database
from hub.kernel.migrate import migrate, pending_steps
from hub.kernel.plugins import Plugins, load_plugins
from hub.kernel.secrets import Secrets, make_key, read_keys

if TYPE_CHECKING:
    from hub.kernel.config import Config
    from hub.kernel.http import Door

_FACT = "SELECT value FROM installation WHERE name = :name"
_SET_FACT = """
    INSERT INTO installation (name, value) VALUES (:name, :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""


def new_token() -> str:
    """An unguessable name: 256 bits, safe in an address."""
    return system_secrets.token_urlsafe(32)


@dataclass(slots=True, kw_only=True)
class Hub:
    """One installation, open. `chance` returns 0 to 1 and spreads retries; `token` makes unguessable names;
    `reach` is told the crash points that are passed."""

    config: Config
    database: Database
    secrets: Secrets
    plugins: Plugins
    door: Door
    clock: Clock = system_clock
    chance: Callable[[], float] = field(default=random.random)
    token: Callable[[], str] = field(default=new_token)
    reach: Reach = pass_by

    def close(self) -> None:
        self.database.close()


def prepare(config: Config) -> list[str]:
    """Create what is missing in the data folder and bring the schema up to date; returns the migrations applied.

    Raises StorageFull (read-only folder), DatabaseUnusable (damaged, newer, unreachable), KeyLost (the database holds
    secrets but its key is gone), Invalid("demo") when a demo folder and another would be mixed.
    """
    try:
        # What customers wrote is in it: nobody else on this machine looks into a folder that we made.
        config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        config.media.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_database_file(config)
    except OSError as error:
        raise StorageFull("read_only", str(error)) from error
    database = open_database(config)
    try:
        applied = migrate(database)
        with database.transaction() as session:
            _settle_key(session, config)
            _settle_demo(session, config)
    finally:
        database.close()
    return applied


def _make_database_file(config: Config) -> None:
    """Whoever may look into the folder reads no database made here: SQLite gives the files beside it its mode."""
    if not config.database_url:
        # Not opened where it is there: closing it would drop the locks that this process has on it.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(config.database_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def open_hub(config: Config, *, clock: Clock = system_clock, plugins: Plugins | None = None) -> Hub:
    """Open a prepared installation.

    Raises DatabaseUnusable (not_prepared, or newer than this code), KeyLost and what the engine raises.
    """
    from hub.kernel.http import Door

    database = open_database(config)
    try:
        if pending_steps(database):
            raise DatabaseUnusable("not_prepared")
        with database.reading() as session:
            expected = _expected_key(session)
        secrets = read_keys(config.key_file)
        if expected not in secrets.key_ids:
            raise KeyLost(str(config.key_file))
    except BaseException:
        database.close()
        raise
    return Hub(
        config=config,
        database=database,
        secrets=secrets,
        plugins=load_plugins() if plugins is None else plugins,
        door=Door(allow=config.allow_hosts),
        clock=clock,
        reach=crash_at(os.environ),
    )


def fact(session: Session, name: str) -> str | None:
    """One fact about this installation, such as the name of its key."""
    row = session.one(_FACT, name=name)
    return None if row is None else str(row["value"])


def set_fact(session: Session, name: str, value: str) -> None:
    """Write one fact down, in place of what it was."""
    session.run(_SET_FACT, name=name, value=value)


def note_address(hub: Hub) -> None:
    """Keep by which address people reach the pages, for commands in another terminal."""
    with hub.database.transaction() as session:
        set_fact(session, "address", hub.config.base_url)


def use_noted_address(hub: Hub) -> None:
    """Make links with the address `hub up` had last, where one is known."""
    with hub.database.reading() as session:
        noted = fact(session, "address")
    if noted is not None:
        hub.config = replace(hub.config, base_url=noted)


def _expected_key(session: Session) -> str:
    expected = fact(session, "key_id")
    if expected is None:
        raise DatabaseUnusable("not_prepared")
    return expected


def _settle_key(session: Session, config: Config) -> None:
    expected = fact(session, "key_id")
    if expected is None:
        make_key(config.key_file)
        session.run(_SET_FACT, name="key_id", value=read_keys(config.key_file).key_id)
    elif expected not in read_keys(config.key_file).key_ids:
        raise KeyLost(str(config.key_file))


def _settle_demo(session: Session, config: Config) -> None:
    """A demo is for good or not at all: neither a demo folder nor a real one ever becomes the other."""
    kind = "demo" if config.demo else "real"
    known = fact(session, "kind")
    if known is None:
        session.run(_SET_FACT, name="kind", value=kind)
    elif known != kind:
        raise Invalid("demo", "demo_folder" if known == "demo" else "real_folder", folder=str(config.data))
