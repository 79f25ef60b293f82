"""The key that protects the secrets: hub key rotate."""

from __future__ import annotations

import click

from hub.commands.installation import config, must_exist
from hub.commands.output import json_option, print_json


@click.group()
def key() -> None:
    """Change the key that protects passwords and tokens of channels."""


@key.command()
@json_option
def rotate(as_json: bool) -> None:
    """Seal every secret under a new key, while Hubbub goes on working; run it again when it was interrupted."""
    import contextlib
    import time

    from hub.kernel.hub import open_hub
    from hub.kernel.texts import gettext as _
    from hub.keys.rotate import old_keys
    from hub.keys.rotate import rotate as change

    settings = config()
    must_exist(settings)
    with contextlib.closing(open_hub(settings)) as hub:
        steps = list(change(settings, hub.database, wait=time.sleep))
    resealed, unreadable = sum(each.resealed for each in steps), max(each.unreadable for each in steps)
    kept = [str(each) for each in old_keys(settings)]
    if as_json:
        print_json({"key": str(settings.key_file), "resealed": resealed, "unreadable": unreadable, "old_keys": kept})
        return
    click.echo(_("%(count)s secrets are sealed with the new key in %(file)s.", count=resealed, file=settings.key_file))
    if unreadable:
        click.echo(_("%(count)s could not be opened with any key: connect their channels again.", count=unreadable))
    click.echo(_("Backups from before need the old key, kept as %(files)s.", files=", ".join(kept)))
    click.echo(_("Copy the new key to where you keep the key, and delete the old one with the last such backup."))
