"""The parts of an installation that lie on the machine: folder, disk, key, plugins, clock."""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hub.doctor import store
from hub.doctor.model import Finding, Level, Part
from hub.errors import KeyLost
from hub.kernel.config import Config
from hub.kernel.database import Session
from hub.kernel.hub import fact
from hub.kernel.secrets import read_keys
from hub.kernel.texts import gettext as _

if TYPE_CHECKING:
    from hub.kernel.plugins import Plugins

_LITTLE = 1024**3
_TOO_LITTLE = 100 * 1024**2
_CLOCK_SLACK = timedelta(seconds=5)


def folder(config: Config) -> Iterator[Finding]:
    """The data folder: there, writable, with room."""
    try:
        with tempfile.TemporaryFile(dir=config.media):
            pass
    except OSError as error:
        yield Finding(
            part=Part.FOLDER,
            level=Level.BROKEN,
            text=_("Nothing can be written to %(folder)s: %(why)s", folder=config.media, why=error.strerror),
            advice=_("Let the user who runs Hubbub write there, or set HUB_DATA to a folder where that is so."),
        )
        return
    free = shutil.disk_usage(config.data).free
    yield Finding(
        part=Part.FOLDER,
        level=Level.BROKEN if free < _TOO_LITTLE else Level.WARNING if free < _LITTLE else Level.OK,
        text=_("%(folder)s has %(free)s MB free", folder=config.data, free=free // 1024**2),
        advice=_("Make room on this disk: without it nothing can be received or sent.") if free < _LITTLE else "",
        facts={"free_bytes": free},
    )


def key(config: Config, session: Session) -> Iterator[Finding]:
    """The key that opens the secrets of channels. Raises KeyLost when it does not fit."""
    secrets = read_keys(config.key_file)
    if fact(session, "key_id") not in secrets.key_ids:
        raise KeyLost(str(config.key_file))
    if len(secrets.key_ids) > 1:
        yield Finding(
            part=Part.KEY,
            level=Level.WARNING,
            text=_("%(file)s holds an old key as well", file=config.key_file),
            advice=_("A rotation was not finished: run hub key rotate, which finishes it."),
        )
    mode = stat.S_IMODE(config.key_file.stat().st_mode)
    is_open = bool(mode & 0o077)
    yield Finding(
        part=Part.KEY,
        level=Level.WARNING if is_open else Level.OK,
        text=_("%(file)s fits (mode %(mode)s)", file=config.key_file, mode=f"{mode:04o}"),
        advice=_("Others can read it: chmod 600 %(file)s", file=config.key_file) if is_open else "",
        facts={"key_id": secrets.key_id, "mode": f"{mode:04o}"},
    )


def plugins(loaded: Plugins) -> Iterator[Finding]:
    """Every installed plugin that could not be loaded, or that all were."""
    broken = [found for found in loaded.found if found.problem]
    for found in broken:
        yield Finding(
            part=Part.PLUGINS,
            level=Level.BROKEN,
            text=_("%(name)s is not loaded: %(problem)s", name=found.name, problem=found.problem),
            advice=_("Update or uninstall %(distribution)s.", distribution=found.distribution),
            facts={"plugin": found.name},
        )
    if not broken:
        yield Finding(part=Part.PLUGINS, text=_("%(count)s loaded", count=len(loaded.found)))


def clock(session: Session, now: datetime) -> Iterator[Finding]:
    """Whether the wall clock agrees with the database's, with the steady clock, and with what is written already."""
    theirs = store.database_time(session)
    if theirs is not None and abs(theirs - now) > _CLOCK_SLACK:
        yield _wrong_clock(_("This machine and the database differ by %(seconds)s s", seconds=_seconds(theirs - now)))
        return
    moment = session.moment()
    beat = store.last_beat(session, moment.epoch)
    if beat is not None:
        jump = (now - beat[1]) - timedelta(milliseconds=moment.ms - beat[0])
        if abs(jump) > _CLOCK_SLACK:
            yield _wrong_clock(_("The clock was set by %(seconds)s s within seconds", seconds=_seconds(jump)))
            return
    newest = store.newest_event_at(session)
    if newest is not None and newest - now > _CLOCK_SLACK:
        yield _wrong_clock(_("What happened last is %(seconds)s s in the future", seconds=_seconds(newest - now)))
        return
    yield Finding(part=Part.CLOCK, text=_("%(now)s UTC", now=now.strftime("%Y-%m-%d %H:%M:%S")))


def _wrong_clock(text: str) -> Finding:
    advice = _("Keep the clocks of all machines right with NTP (timedatectl set-ntp true).")
    return Finding(part=Part.CLOCK, level=Level.WARNING, text=text, advice=advice)


def _seconds(difference: timedelta) -> int:
    return round(difference.total_seconds())
