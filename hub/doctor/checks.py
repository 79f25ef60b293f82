"""Everything the doctor looks at, from the folder up; what cannot be looked at is a finding, too."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from hub.archive.backup import BACKED_UP
from hub.channels.model import Channel, ChannelState
from hub.channels.store import all_channels
from hub.doctor import machine, store
from hub.doctor.model import Finding, Level, Part
from hub.engine.store import alive
from hub.errors import DatabaseUnusable, HubError
from hub.kernel.clock import Clock, from_micros
from hub.kernel.config import Config
from hub.kernel.database import Database, Session, open_database
from hub.kernel.hub import fact
from hub.kernel.migrate import applied_steps, steps
from hub.kernel.plugins import Plugins
from hub.kernel.texts import describe
from hub.kernel.texts import gettext as _

_PROBES = 7
_SLOW_COMMIT_MS = 50.0
_BACKUP_EVERY = timedelta(hours=24)


def examine(config: Config, plugins: Plugins, clock: Clock) -> Iterator[Finding]:
    """Look at one part after the other. Writes a probe row; asks no network."""
    yield from machine.folder(config)
    yield from machine.plugins(plugins)
    try:
        with contextlib.closing(_existing(config)) as database:
            yield from _examine_database(config, database, clock)
    except HubError as error:
        yield _failed(Part.DATABASE, error)


def _examine_database(config: Config, database: Database, clock: Clock) -> Iterator[Finding]:
    with database.reading() as session:
        yield from _integrity(session)
    yield from _migrations(database)
    yield from _commits(database, clock)
    questions: list[tuple[Part, Callable[[Session], Iterator[Finding]]]] = [
        (Part.KEY, lambda session: machine.key(config, session)),
        (Part.CLOCK, lambda session: machine.clock(session, clock())),
        (Part.WORKER, _worker),
        (Part.CHANNELS, _channels),
        (Part.BACKUP, lambda session: _backup(session, clock())),
    ]
    for part, ask in questions:
        try:
            with database.reading() as session:
                yield from ask(session)
        except HubError as error:
            yield _failed(part, error)


def _existing(config: Config) -> Database:
    if not config.database_url and not config.database_file.exists():
        raise DatabaseUnusable("not_prepared", str(config.database_file))
    return open_database(config)


def _integrity(session: Session) -> Iterator[Finding]:
    found = store.damage(session)
    if found:
        raise DatabaseUnusable("damaged", "; ".join(found))
    engine, version, has_wal = session.dialect.name, store.version(session), store.has_wal(session)
    yield Finding(
        part=Part.DATABASE,
        level=Level.OK if has_wal else Level.WARNING,
        text=_("%(engine)s %(version)s, undamaged", engine=engine, version=version),
        advice=""
        if has_wal
        else _("This SQLite has a bug that WAL would meet, so it runs without and slower: pip install pysqlite3."),
        facts={"engine": engine, "version": version, "wal": has_wal and engine == "sqlite"},
    )


def _migrations(database: Database) -> Iterator[Finding]:
    applied, known = set(applied_steps(database)), {step.name for step in steps()}
    if not applied:
        raise DatabaseUnusable("not_prepared")
    if applied - known:
        raise DatabaseUnusable("newer", ", ".join(sorted(applied - known)))
    missing = sorted(known - applied)
    yield Finding(
        part=Part.DATABASE,
        level=Level.BROKEN if missing else Level.OK,
        text=_("%(count)s migrations are missing", count=len(missing)) if missing else _("All migrations are applied"),
        advice=_("Run hub migrate, or hub up, which does it.") if missing else "",
        facts={"missing_migrations": len(missing)},
    )


def _commits(database: Database, clock: Clock) -> Iterator[Finding]:
    costs = []
    for _each in range(_PROBES):
        began = time.perf_counter()
        with database.transaction() as session:
            store.write_probe(session, clock())
        costs.append((time.perf_counter() - began) * 1000)
    median = round(statistics.median(costs), 2)
    yield Finding(
        part=Part.DATABASE,
        level=Level.WARNING if median > _SLOW_COMMIT_MS else Level.OK,
        text=_("A durable commit takes %(ms)s ms", ms=median),
        advice=_("This disk is slow at fsync; move HUB_DATA to an SSD.") if median > _SLOW_COMMIT_MS else "",
        facts={"commit_ms": median},
    )


def _worker(session: Session) -> Iterator[Finding]:
    workers = [each for each in alive(session) if each.role == "worker"]
    yield Finding(
        part=Part.WORKER,
        level=Level.OK if workers else Level.BROKEN,
        text=_("%(count)s at work", count=len(workers)) if workers else _("No worker is running"),
        advice="" if workers else _("Start it with hub up, or hub work beside hub serve; its log says why it ended."),
        facts={"workers": len(workers)},
    )


def _channels(session: Session) -> Iterator[Finding]:
    channels = all_channels(session)
    for channel in channels:
        yield _channel(channel)
    if not channels:
        yield Finding(part=Part.CHANNELS, text=_("No channel is connected yet"))


def _channel(channel: Channel) -> Finding:
    needs_a_person = channel.needs_a_person
    waits = channel.state is ChannelState.PAUSED or channel.trouble is not None
    trouble = channel.trouble.code if channel.trouble else ""
    return Finding(
        part=Part.CHANNELS,
        level=Level.BROKEN if needs_a_person else Level.WARNING if waits else Level.OK,
        text=f"{channel.name} ({channel.kind}): {channel.state.value}" + (f", {trouble}" if trouble else ""),
        advice=_advice(channel, needs_a_person=needs_a_person),
        facts={"channel_id": channel.id, "state": channel.state.value, "failures": channel.failures},
    )


def _advice(channel: Channel, *, needs_a_person: bool) -> str:
    if channel.state is ChannelState.SIGNED_OUT:
        return _("Open the channel's page and sign it in again; hub channel check %(id)s tests it.", id=channel.id)
    if needs_a_person:
        return _(
            "Open the channel's page and enter its settings again; hub channel check %(id)s tests it.", id=channel.id
        )
    if channel.state is ChannelState.PAUSED:
        return _("hub channel resume %(id)s lets it go on.", id=channel.id)
    if channel.trouble is not None:
        return _("It is tried again by itself; hub channel check %(id)s tests it now.", id=channel.id)
    return ""


def _backup(session: Session, now: datetime) -> Iterator[Finding]:
    """How old the last verified backup is; a demo needs none."""
    if fact(session, "kind") == "demo":
        return
    written = fact(session, BACKED_UP)
    if not written:
        yield Finding(part=Part.BACKUP, level=Level.WARNING, text=_("There is no backup yet"), advice=_how_to_back_up())
        return
    made_at = from_micros(int(written))
    hours = round((now - made_at).total_seconds() / 3600, 1)
    is_old = now - made_at > _BACKUP_EVERY
    yield Finding(
        part=Part.BACKUP,
        level=Level.WARNING if is_old else Level.OK,
        text=_("The last verified one is of %(at)s UTC", at=f"{made_at:%Y-%m-%d %H:%M}"),
        advice=_how_to_back_up() if is_old else "",
        facts={"backup_hours": hours},
    )


def _how_to_back_up() -> str:
    return _("Have hub backup FILE run every night, with a new FILE each time on another disk; it verifies it.")


def _failed(part: Part, error: HubError) -> Finding:
    wording = describe(error)
    return Finding(
        part=part, level=Level.BROKEN, text=wording.title, advice=wording.advice, facts={"error": error.code}
    )
