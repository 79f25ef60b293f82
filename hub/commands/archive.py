"""Taking an installation out and bringing it back: hub backup, restore, export, import."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.commands.installation import config, must_exist
from hub.commands.output import json_option, print_json

if TYPE_CHECKING:
    from hub.archive.model import Manifest


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
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
    click.echo(
        _(
            "Backed up into %(file)s and verified: %(rows)s rows, %(media)s files.",
            file=file,
            rows=sum(manifest.rows.values()),
            media=manifest.media,
        )
    )
    click.echo(_("The key that opens its secrets is not in it: %(key)s.", key=settings.key_file))
    click.echo(_("Keep a copy of the key in another place. Without it every channel has to be connected again."))


def _facts(manifest: Manifest) -> dict[str, Any]:
    from hub.kernel.clock import from_micros

    return {
        "made_at": from_micros(manifest.made_at),
        "engine": manifest.engine,
        "steps": manifest.steps,
        "key_id": manifest.key_id,
        "rows": manifest.rows,
        "media": manifest.media,
        "media_bytes": manifest.media_bytes,
    }
