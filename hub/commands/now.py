"""Doing at once what the worker does by itself: hub pull, send."""

from __future__ import annotations

from typing import Any

import click

from hub.commands.exits import Exit, exit_for
from hub.commands.installation import chosen_channels, opened_with_connectors
from hub.commands.output import json_option, print_error, print_json


@click.command()
@click.argument("wanted", metavar="[CHANNEL]", required=False)
@json_option
@click.pass_context
def pull(ctx: click.Context, wanted: str | None, as_json: bool) -> None:
    """Fetch what is new on one channel, or on all that are not paused."""
    from hub.engine.beat import Worker
    from hub.errors import HubError
    from hub.inbox.pull import pull_now
    from hub.kernel.texts import gettext as _

    worst, results = Exit.OK, list[dict[str, Any]]()
    with opened_with_connectors() as (hub, connectors), Worker(hub, "pull") as worker:
        for each in chosen_channels(hub, wanted):
            try:
                pulled = pull_now(hub, connectors, worker.id, each.id)
            except HubError as error:
                worst = exit_for(error)
                results.append({"id": each.id, "name": each.name, "error": error.code, **error.params})
                click.echo(f"{each.name}:", err=True)
                print_error(error)
            else:
                results.append({"id": each.id, "name": each.name, "new": pulled.new, "changed": pulled.changed})
                if not as_json:
                    counted = {"name": each.name, "new": pulled.new, "changed": pulled.changed}
                    click.echo(_("%(name)s: %(new)s new, %(changed)s changed", **counted))
    if as_json:
        print_json(results)
    ctx.exit(worst)


@click.command()
@json_option
def send(as_json: bool) -> None:
    """Send every reply that is due now."""
    from hub.engine.beat import Worker
    from hub.kernel.texts import gettext as _
    from hub.outbox.send import send_due

    with opened_with_connectors() as (hub, connectors), Worker(hub, "send") as worker:
        tried = send_due(hub, connectors, worker.id)
    if as_json:
        print_json({"tried": tried})
    else:
        click.echo(_("%(tried)s tried; hub doctor and the outbox page show what became of them", tried=tried))
