"""Starting: hub up, init, migrate, serve, work."""

from __future__ import annotations

import socket
from collections.abc import Mapping

import click

from hub.commands.installation import config, config_at, demo_option, host_option, must_exist, port_option
from hub.commands.output import json_option, print_json

_EVERY_ADDRESS = ("0.0.0.0", "::")
supervised_option = click.option("--supervised", is_flag=True, hidden=True)


@click.command()
@host_option
@port_option
@demo_option
def up(host: str, port: int, demo: bool) -> None:
    """Start everything: prepare the data folder, then run web and worker until Ctrl-C."""
    from hub import app
    from hub.kernel.texts import gettext as _

    listening = app.listen(host, port)
    settings = config_at(host, listening.getsockname()[1], demo=demo)

    def say(address: str, links: Mapping[str, str]) -> None:
        click.echo(_("Hubbub is at %(address)s", address=address))
        if host in _EVERY_ADDRESS and "127.0.0.1" in address:
            click.echo(_("Other machines are let in once HUB_BASE_URL says by which address they come."))
        for name, link in links.items():
            if name:
                click.echo(_("Come in as %(name)s (works once, within 72 hours): %(link)s", name=name, link=link))
            else:
                click.echo(_("Sign in for the first time (works once, within 24 hours): %(link)s", link=link))
        click.echo(_("Ctrl-C stops it."))

    with listening:
        app.up(settings, listening, say=say)


@click.command()
@demo_option
@json_option
def init(demo: bool, as_json: bool) -> None:
    """Create the data folder, the key and the tables; does nothing where they are."""
    from hub.demo.folder import refuse_foreign
    from hub.kernel.hub import prepare
    from hub.kernel.texts import gettext as _

    settings = config(demo=demo)
    if demo:
        refuse_foreign(settings)
    applied = prepare(settings)
    if as_json:
        print_json({"data": str(settings.data), "migrations": applied})
    else:
        click.echo(_("Ready in %(folder)s.", folder=settings.data))


@click.command()
@demo_option
@json_option
def migrate(demo: bool, as_json: bool) -> None:
    """Bring the tables of an installation up to date; a copy is taken before."""
    from hub.kernel.hub import prepare
    from hub.kernel.texts import gettext as _

    settings = config(demo=demo)
    must_exist(settings)
    applied = prepare(settings)
    if as_json:
        print_json({"migrations": applied})
    else:
        click.echo("\n".join(applied) or _("Nothing to do."))


@click.command()
@host_option
@port_option
@demo_option
@supervised_option
@click.option("--fd", type=int, hidden=True)
def serve(host: str, port: int, demo: bool, supervised: bool, fd: int | None) -> None:
    """Run the web process only."""
    from hub import app

    listening = app.listen(host, port) if fd is None else socket.socket(fileno=fd)
    app.serve(config_at(host, listening.getsockname()[1], demo=demo), listening, supervised=supervised)


@click.command()
@demo_option
@supervised_option
def work(demo: bool, supervised: bool) -> None:
    """Run the worker only: pulls, sends, everything that happens by itself."""
    from hub import app

    app.work(config(demo=demo), supervised=supervised)
