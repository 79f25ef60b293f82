"""Taking an installation out and bringing it back: hub backup, restore, export, import."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.commands.installation import config, must_exist
from hub.commands.output import json_option, print_json

if TYPE_CHECKING:
    from hub.archive.model import Manifest, Restored, Wanted
    from hub.kernel.config import Config

file_argument = click.argument("file", type=click.Path(path_type=Path))
into_option = click.option(
    "--into", type=click.Path(path_type=Path), metavar="FOLDER", help="The data folder; HUB_DATA when left out."
)
keep_tokens_option = click.option("--keep-tokens", is_flag=True, help="API tokens stay valid.")


@click.command()
@file_argument
@json_option
def backup(file: Path, as_json: bool) -> None:
    """Write everything into one new FILE, while Hubbub goes on working, and verify it. The key is not in it."""
    from hub.archive.backup import back_up
    from hub.kernel.clock import system_clock
    from hub.kernel.database import open_database
    from hub.kernel.texts import gettext as _

    settings = config()
    must_exist(settings)
    with contextlib.closing(open_database(settings)) as database:
        manifest = back_up(settings, database, file, now=system_clock())
    if as_json:
        print_json({"file": str(file), **_facts(manifest)})
        return
    counted = {"rows": sum(manifest.rows.values()), "media": manifest.media}
    click.echo(_("Backed up into %(file)s and verified: %(rows)s rows, %(media)s files.", file=file, **counted))
    say_where_the_key_is(settings)


@click.command()
@file_argument
@into_option
@click.option("--replace", is_flag=True, help="Put it in the place of the installation that is there.")
@keep_tokens_option
@click.option("--without-key", is_flag=True, help="Its key is lost for good: sign every channel in again afterwards.")
@json_option
def restore(file: Path, into: Path | None, replace: bool, keep_tokens: bool, without_key: bool, as_json: bool) -> None:
    """Bring a backup in. What was not sent yet waits for a person, since it may have gone out after the backup."""
    from hub.archive.model import Wanted
    from hub.archive.restore import restore as bring_back
    from hub.kernel.clock import system_clock

    settings = _settings_of(into)
    wanted = Wanted(replace=replace, keep_tokens=keep_tokens, without_key=without_key)
    say_what_came(settings, bring_back(settings, file, wanted, now=system_clock()), wanted, as_json)


@click.command()
@file_argument
@json_option
def export(file: Path, as_json: bool) -> None:
    """Write everything to FILE: one SQLite file where it ends in .db, else a new folder of JSON lines."""
    from hub.archive.transfer import export as write_out
    from hub.kernel.clock import system_clock
    from hub.kernel.database import open_database
    from hub.kernel.texts import gettext as _

    settings = config()
    must_exist(settings)
    with contextlib.closing(open_database(settings)) as database:
        manifest = write_out(settings, database, file, now=system_clock())
    if as_json:
        print_json({"file": str(file), **_facts(manifest)})
        return
    counted = {"rows": sum(manifest.rows.values()), "media": manifest.media}
    click.echo(_("Exported to %(file)s: %(rows)s rows, %(media)s files.", file=file, **counted))
    say_where_the_key_is(settings)


@click.command(name="import")
@file_argument
@into_option
@click.option(
    "--moved",
    is_flag=True,
    help="The old installation has ended for good: its unfinished replies, sign-ins and API tokens go on here.",
)
@keep_tokens_option
@json_option
def import_(file: Path, into: Path | None, moved: bool, keep_tokens: bool, as_json: bool) -> None:
    """Bring an export into an empty installation, on either engine, wholly or not at all."""
    from hub.archive.model import Wanted
    from hub.archive.transfer import bring_in
    from hub.kernel.clock import system_clock

    settings = _settings_of(into)
    wanted = Wanted(moved=moved, keep_tokens=keep_tokens)
    say_what_came(settings, bring_in(settings, file, wanted, now=system_clock()), wanted, as_json)


def say_where_the_key_is(settings: Config) -> None:
    """What is taken out holds sealed secrets, and never the key to them."""
    from hub.kernel.texts import gettext as _

    click.echo(_("The key that opens its secrets is not in it: %(key)s.", key=settings.key_file))
    click.echo(_("Keep a copy of the key in another place. Without it every channel has to be connected again."))


def say_what_came(settings: Config, restored: Restored, wanted: Wanted, as_json: bool) -> None:
    """What is there now, and what waits for somebody."""
    from hub.kernel.clock import from_micros
    from hub.kernel.texts import gettext as _
    from hub.kernel.texts import ngettext

    if as_json:
        counted = {"held": restored.held, "sessions": restored.sessions, "tokens": restored.tokens}
        print_json({**_facts(restored.manifest), **counted, "kept": restored.kept})
        return
    made_at = f"{from_micros(restored.manifest.made_at):%Y-%m-%d %H:%M:%S} UTC"
    click.echo(_("%(folder)s is as it was at %(made_at)s.", folder=settings.data, made_at=made_at))
    if restored.kept:
        click.echo(_("What was there before is kept as %(file)s.", file=restored.kept))
    if wanted.moved:
        click.echo(_("Unfinished replies go on, sign-ins and API tokens stay valid."))
        return
    click.echo(
        ngettext(
            "%(num)d reply that was not sent then is held back: somebody decides under Outbox, Held back.",
            "%(num)d replies that were not sent then are held back: somebody decides under Outbox, Held back.",
            restored.held,
        )
    )
    click.echo(_("Everybody has to sign in again; one-time links no longer work."))
    if wanted.without_key:
        click.echo(_("The secrets are forgotten: sign each channel in again on its page."))
    if restored.tokens:
        click.echo(ngettext("%(num)d API token was revoked.", "%(num)d API tokens were revoked.", restored.tokens))


def _settings_of(into: Path | None) -> Config:
    """The settings, with another data folder where one was named."""
    if into is None:
        return config()
    from hub.kernel.config import read_config

    return read_config(os.environ, data=into)


def _facts(manifest: Manifest) -> dict[str, Any]:
    from hub.kernel.clock import from_micros

    return {**dataclasses.asdict(manifest), "made_at": from_micros(manifest.made_at)}
