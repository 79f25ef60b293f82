"""Connected accounts and blogs: hub channel add, list, check, pause, resume, remove."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from hub.commands.exits import Exit
from hub.commands.installation import chosen_channels, find_channel, find_teams, opened, opened_with_connectors
from hub.commands.output import json_option, print_error, print_json, print_table, print_warnings
from hub.commands.settings import check_settings, raise_at_option

if TYPE_CHECKING:
    from datetime import datetime

    from hub.channels.connectors import Connectors
    from hub.channels.model import Channel
    from hub.connector import Check
    from hub.errors import HubError
    from hub.kernel.hub import Hub


@click.group()
def channel() -> None:
    """Connect accounts and blogs, and see how they do."""


@channel.command()
@click.argument("kind")
@click.argument("name")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="One setting; VALUE - is read from stdin.")
@click.option("--team", help="The team that answers; the first one when left out.")
@click.option(
    "--sign-in", is_flag=True, help="Sign in on the network's own page and bring its code, in place of a token."
)
@json_option
@click.pass_context
def add(
    ctx: click.Context,
    kind: str,
    name: str,
    settings: tuple[str, ...],
    team: str | None,
    sign_in: bool,
    as_json: bool,
) -> None:
    """Test a connection and save it. Secrets that are left out are asked for."""
    from hub.channels.connect import add_channel
    from hub.channels.settings import fields_of, generated
    from hub.commands.exits import exit_for
    from hub.errors import ConnectorError, Invalid, PluginFault
    from hub.kernel.texts import gettext as _
    from hub.people import teams
    from hub.people.model import OPERATOR

    with opened_with_connectors() as (hub, connectors):
        declared = hub.plugins.connector(kind).Settings
        given = _values(settings)
        made = {name: value for name, value in generated(fields_of(declared), hub.token).items() if name not in given}
        team_id = find_teams(hub, (team,))[0] if team else teams.first(hub, OPERATOR).id
        try:
            if sign_in:
                given = _signed_in(hub, connectors, kind, given)
            values = check_settings(kind, declared, _complete(declared, {**made, **given}))
            added = add_channel(hub, connectors, kind=kind, name=name, team_id=team_id, values=values)
        except (ConnectorError, PluginFault, Invalid) as error:
            raise_at_option(error)
            # What is tried again by itself is a channel that exists; this one is none yet.
            print_error(error, advice=_nothing_saved(error))
            ctx.exit(exit_for(error))
        address = _address(hub, added.id)
    if as_json:
        print_json({**_facts(added), "address": address, "generated": made})
    else:
        account = added.account.handle or added.title or added.kind
        click.echo(
            _("Connected %(name)s (%(account)s) as channel %(id)s.", name=added.name, account=account, id=added.id)
        )
        if address:
            click.echo(_("Post to it at %(address)s", address=address))
        for name, value in made.items():
            click.echo(_("%(name)s, shown this once: %(value)s", name=name, value=value))
        print_warnings(added.warnings)


@channel.command(name="list")
@json_option
def list_channels(as_json: bool) -> None:
    """Show every channel with its health."""
    from hub.channels.store import all_channels

    with opened() as hub, hub.database.reading() as session:
        channels = all_channels(session)
    if as_json:
        print_json([_facts(each) for each in channels])
        return
    titles = ("id", "kind", "name", "account", "state", "last pull", "next pull", "trouble")
    print_table(
        titles,
        [
            (
                each.id,
                each.kind,
                each.name,
                each.account.handle,
                each.state,
                each.pulled_at,
                _next_pull(each),
                each.trouble.code if each.trouble else "",
            )
            for each in channels
        ],
    )


@channel.command()
@click.argument("wanted", metavar="[CHANNEL]", required=False)
@json_option
@click.pass_context
def check(ctx: click.Context, wanted: str | None, as_json: bool) -> None:
    """Test one connection, or all that are not paused."""
    from hub.channels.connect import check_channel
    from hub.commands.exits import exit_for
    from hub.errors import HubError
    from hub.kernel.texts import gettext as _

    worst, results = Exit.OK, []
    with opened_with_connectors() as (hub, connectors):
        for each in chosen_channels(hub, wanted):
            try:
                found = check_channel(hub, connectors, each.id)
            except HubError as error:
                worst = exit_for(error)
                results.append({"id": each.id, "name": each.name, "ok": False, "error": error.code, **error.params})
                if not as_json:
                    click.echo(f"{each.name}:", err=True)
                    print_error(error)
            else:
                results.append({"id": each.id, "name": each.name, "ok": True, **_found(found)})
                if not as_json:
                    account = found.account.handle or found.title
                    works = _("%(name)s: works as %(account)s") if account else _("%(name)s: works")
                    click.echo(works % {"name": each.name, "account": account})
                    print_warnings(found.warnings)
    if as_json:
        print_json(results)
    ctx.exit(worst)


@channel.command()
@click.argument("wanted", metavar="CHANNEL")
def pause(wanted: str) -> None:
    """Stop pulling and sending; replies wait."""
    from hub.channels.connect import pause_channel
    from hub.kernel.texts import gettext as _

    with opened() as hub:
        found = find_channel(hub, wanted)
        pause_channel(hub, found.id)
    click.echo(_("%(name)s is paused.", name=found.name))


@channel.command()
@click.argument("wanted", metavar="CHANNEL")
def resume(wanted: str) -> None:
    """Go on where it was paused."""
    from hub.channels.connect import resume_channel
    from hub.kernel.texts import gettext as _

    with opened() as hub:
        found = find_channel(hub, wanted)
        resume_channel(hub, found.id)
    click.echo(_("%(name)s goes on.", name=found.name))


@channel.command()
@click.argument("wanted", metavar="CHANNEL")
def read_again(wanted: str) -> None:
    """Read again what could not be read, once the cause is mended."""
    from hub.channels.webhook.again import read_again as read_letters_again
    from hub.kernel.texts import gettext as _
    from hub.kernel.texts import ngettext

    with opened() as hub:
        found = find_channel(hub, wanted)
        number = read_letters_again(hub, found.id, by=None)
    if number:
        click.echo(ngettext("%(num)d delivery is read again.", "%(num)d deliveries are read again.", number))
    else:
        click.echo(_("There was nothing left to read again."))


@channel.command()
@click.argument("wanted", metavar="CHANNEL")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(wanted: str, yes: bool) -> None:
    """Disconnect for good and forget the secrets; conversations stay."""
    from hub.channels.connect import remove_channel
    from hub.kernel.texts import gettext as _

    with opened() as hub:
        found = find_channel(hub, wanted)
        if not yes:
            click.confirm(_("Disconnect %(name)s for good?", name=found.name), abort=True)
        remove_channel(hub, found.id)
    click.echo(_("%(name)s is removed.", name=found.name))


def _nothing_saved(error: HubError) -> str:
    from hub.errors import PluginFault
    from hub.kernel.texts import gettext as _

    if isinstance(error, PluginFault):
        return _("Nothing was saved. Tell whoever made the plugin; the log says more.")
    return _("Nothing was saved. Check what you entered and try again.")


def _address(hub: Hub, channel_id: int) -> str:
    """Where other systems post to a channel, as people reach the pages."""
    from hub.channels.webhook.address import address_of

    with hub.database.reading() as session:
        return address_of(hub, session, channel_id)


def _signed_in(hub: Hub, connectors: Connectors, kind: str, given: dict[str, str]) -> dict[str, str]:
    """The settings, with what a person wins by signing in on the network's page in a browser of theirs."""
    from hub.channels.sign_in import journey
    from hub.channels.sign_in.journey import OUT_OF_BAND, Form
    from hub.errors import Invalid
    from hub.kernel.texts import gettext as _

    if not hub.plugins.connector(kind).features.signs_in:
        raise Invalid("--sign-in", "not_offered", kind=kind)
    url, left = journey.begin(hub, connectors, Form(kind=kind, values=given), redirect_uri=OUT_OF_BAND)
    click.echo(_("Open this page, sign in there, and bring the code it shows:"), err=True)
    click.echo(url, err=True)
    code = click.prompt(_("Code"), hide_input=sys.stdin.isatty(), err=True)
    return journey.finish(hub, connectors, left, {"code": code.strip()})


def _values(settings: tuple[str, ...]) -> dict[str, str]:
    values = {}
    for each in settings:
        key, equals, value = each.partition("=")
        if not equals:
            raise click.BadParameter(f"{each!r} is not KEY=VALUE", param_hint="--set")
        values[key] = sys.stdin.readline().rstrip("\n") if value == "-" else value
    return values


def _complete(declared: type[Any], values: dict[str, str]) -> dict[str, str]:
    """Ask for secrets that are missing, so that they need not stand in the history of a shell."""
    from hub.channels.settings import fields_of

    missing = [field for field in fields_of(declared) if field.secret and field.required and field.name not in values]
    if not missing or not sys.stdin.isatty():
        return values
    return {**values, **{field.name: click.prompt(field.label, hide_input=True) for field in missing}}


def _next_pull(found: Channel) -> datetime:
    """When it is its turn and the network lets us, whichever is later."""
    return max(found.next_pull_at, found.quiet_until or found.next_pull_at)


def _facts(found: Channel) -> dict[str, Any]:
    return {
        "id": found.id,
        "kind": found.kind,
        "name": found.name,
        "team_id": found.team_id,
        "account": found.account.handle,
        "title": found.title,
        "state": found.state,
        "can_send": found.can_send,
        "pulled_at": found.pulled_at,
        "found_at": found.found_at,
        "next_pull_at": _next_pull(found),
        "trouble": found.trouble,
    }


def _found(found: Check) -> dict[str, Any]:
    return {
        "account": found.account.handle,
        "title": found.title,
        "can_send": found.can_send,
        "warnings": list(found.warnings),
    }
